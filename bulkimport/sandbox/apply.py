"""Applying a payload to a dataset: all of it or nothing, once.

The whole job is one transaction of the dataset's database, which also holds the record that the job was applied. The
result file is complete before that transaction is, so a job that is recorded always has its result.

Where the description of the service is silent, the sandbox answers like this:
* an item error's entry is `{"_status": "error", "_action": ..., <identifier>, "errors": [{name, code, message}]}`;
* `_action` in an entry is what was done (`create`, `update`, ...), not what was asked (`createOrUpdate`);
* an item that would not change is `skipped`; so is every `noop`;
* `create` of an item that exists, `update`, `replace` and `delete` of one that does not are validation failures;
* an item that failed its validation still counts as being in the payload: `implicitDelete` leaves it alone;
* duplicate identifiers fail the job even where validation failures are skipped.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from bulkimport.sandbox import dataset
from bulkimport.sandbox.dataset import Description
from bulkimport.sandbox.items import DeniedError, ItemError, Reader
from bulkimport.sandbox.matching import Existing, Matcher
from bulkimport.sandbox.payload import PayloadError, Row, batches
from bulkimport.sandbox.private import open_private
from bulkimport.sandbox.values import dump

Policy = Literal["skip", "fail"]
_BATCH = 500
_ERRORS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ImportParameters:
    """The query parameters of an import; all names as in the API description, in our spelling."""

    implicit_delete: bool = False
    auto_id: bool = False
    id_key: str | None = None
    merge_key: str | None = None
    date_format: str = "YYYY-MM-DD"
    on_property_access_denied: Policy = "fail"
    on_item_access_denied: Policy = "fail"
    on_action_validation_failure: Policy = "fail"
    noop_token: str | None = None
    clear_token: str | None = None


@dataclass(frozen=True, slots=True)
class ImportTask:
    """One import to be done; `sides` are the database files of the datasets that links join (None: it is missing)."""

    job_id: str
    database: str
    payload: str
    target_type: str
    result: str
    parameters: ImportParameters
    sides: tuple[str | None, str | None] | None = None
    fail: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job ended: `errors` is empty exactly if it completed."""

    items: int = 0
    errors: tuple[dict[str, Any], ...] = ()


class JobFailedError(Exception):
    """The whole job fails; nothing of it is applied."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = tuple(errors[:_ERRORS_SHOWN])


def error(name: str, message: str, **more: Any) -> dict[str, Any]:
    """One error as tickets and results show it."""
    return {"name": name, "code": "900000", "message": message, **more}


def internal_error(message: str) -> JobOutcome:
    """The end of a job that the sandbox itself could not do."""
    return JobOutcome(0, (error("InternalError", message, code="900001"),))


def apply_import(task: ImportTask) -> JobOutcome:
    """Does one import, or finds that it was done before this process began; blocking, and long."""
    with ExitStack() as stack:
        db = stack.enter_context(closing(dataset.connect(Path(task.database))))
        db.execute("PRAGMA cache_size=-8000")
        db.execute("CREATE TEMP TABLE named (key TEXT PRIMARY KEY) WITHOUT ROWID")
        db.execute("CREATE TEMP TABLE seen (seq INTEGER PRIMARY KEY)")
        db.execute("BEGIN IMMEDIATE")
        done = db.execute("SELECT outcome FROM applied WHERE job = ?", (task.job_id,)).fetchone()
        if done is not None:
            db.execute("ROLLBACK")
            items, errors = json.loads(done[0])
            return JobOutcome(items, tuple(errors))
        part = Path(f"{task.result}.part")
        try:
            with open_private(part) as result:
                outcome = JobOutcome(_Import(task, db, result, stack).run())
            part.replace(task.result)
        except (JobFailedError, PayloadError, DeniedError) as failure:
            db.execute("ROLLBACK")
            part.unlink(missing_ok=True)
            outcome = JobOutcome(0, _errors_of(failure))
            db.execute("BEGIN IMMEDIATE")
        record = (task.job_id, json.dumps([outcome.items, outcome.errors]))
        db.execute("INSERT INTO applied VALUES (?, ?)", record)
        db.execute("COMMIT")
        return outcome


def _errors_of(failure: JobFailedError | PayloadError | DeniedError) -> tuple[dict[str, Any], ...]:
    if isinstance(failure, JobFailedError):
        return failure.errors
    name = "PropertyAccessDenied" if isinstance(failure, DeniedError) else "PayloadUnreadable"
    return (error(name, str(failure)),)


@dataclass(slots=True)
class _Changes:
    """What one batch does to the table, and its entries of the result."""

    inserts: list[tuple[int, str, str | None, str]] = field(default_factory=list)
    updates: list[tuple[str | None, str, int]] = field(default_factory=list)
    deletes: list[tuple[int]] = field(default_factory=list)
    seen: list[tuple[int]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)


class _Import:
    """One pass over one payload inside one open transaction."""

    def __init__(self, task: ImportTask, db: sqlite3.Connection, result: IO[bytes], stack: ExitStack) -> None:
        self._task, self._db, self._result = task, db, result
        self._parameters = task.parameters
        self._info: Description = dataset.describe(db)
        self._reader = Reader(self._info, task.parameters, task.sides, task.reject, stack)
        self._matcher = Matcher(db, self._info, task.parameters)
        self._next_seq = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM items").fetchone()[0]
        self._separator = b"["
        self._changed = False

    def run(self) -> int:
        """The number of the payload's items. Raises JobFailedError or PayloadError, with the transaction still open."""
        if self._task.fail:
            raise JobFailedError([error("JobFailed", message) for message in self._task.fail])
        self._matcher.prepare()
        items = 0
        # Only where items are found by their auto id can no item of a batch see what another one did.
        size = _BATCH if self._matcher.by_auto_id else 1
        for rows in batches(Path(self._task.payload), self._task.target_type, size):
            self._batch(rows)
            items += len(rows)
        if self._parameters.implicit_delete:
            self._delete_the_rest()
        self._result.write(b"[]" if self._separator == b"[" else b"]")
        self._save_properties()
        if self._changed:
            self._db.execute("UPDATE description SET cache_key = ?", (dataset.fresh_cache_key(),))
        return items

    def _batch(self, rows: list[Row]) -> None:
        changes = _Changes()
        self._reader.look_up_sides(rows)
        keyed = [(self._reader.key(row), row) for row in rows]
        self._claim([key for key, _ in keyed if key])
        existing = self._matcher.find([key for key, _ in keyed if key])
        ids = iter(dataset.new_ids(len(rows)))
        for key, row in keyed:
            self._item(changes, key, row, existing.get(key, ()), ids)
        if changes.failures and self._parameters.on_action_validation_failure == "fail":
            raise JobFailedError(changes.failures)
        self._write(changes)

    def _claim(self, keys: list[str]) -> None:
        """Notes the identifiers of a batch; one that was there already makes the upload unusable."""
        before = self._db.total_changes
        self._db.executemany("INSERT OR IGNORE INTO named VALUES (?)", ((key,) for key in keys))
        if self._db.total_changes - before == len(keys):
            return
        twice = sorted({key for key in keys if keys.count(key) > 1}) or ["(in different parts of the payload)"]
        raise JobFailedError([error("DuplicateIdentifier", f"the payload names an item twice: {key}") for key in twice])

    def _item(self, changes: _Changes, key: str, row: Row, matches: tuple[Existing, ...], ids: Iterator[str]) -> None:
        changes.seen.extend((item.seq,) for item in matches)
        try:
            action = self._reader.action(row, bool(matches))
            if not key:
                raise ItemError("IdentifierBlank", f"the item has no value for {self._reader.key_name}")
            if action != "noop" and any(item.auto in self._info.locked for item in matches):
                self._denied(f"the item {key} may not be changed")
            values = None if action in ("delete", "noop") else self._reader.values(key, row)
            if values is not None and not matches:
                self._create(changes, action, next(ids), values)
            elif not matches:
                changes.entries.append(self._entry("skipped", action, None, self._reader.identifying(row)))
            for item in matches:
                self._change(changes, action, item, values)
        except ItemError as failure:
            entry = error(failure.name, failure.message, **failure.more)
            identity = self._reader.identifying(row)
            if failure.name != "ItemAccessDenied":
                changes.failures.append({**entry, "item": identity})
            asked = row.get("_action")
            changes.entries.append({"_status": "error", "_action": asked, **identity, "errors": [entry]})

    def _denied(self, message: str) -> None:
        if self._parameters.on_item_access_denied == "fail":
            raise JobFailedError([error("ItemAccessDenied", message)])
        raise ItemError("ItemAccessDenied", message)

    def _create(self, changes: _Changes, action: str, item_id: str, values: dict[str, Any]) -> None:
        item_id = str(values.pop("_id", item_id))
        body = {name: value for name, value in values.items() if value is not None}
        auto = self._reader.complete(body)
        self._matcher.ensure_free(auto, None)
        seq = self._next_seq
        self._next_seq += 1
        changes.inserts.append((seq, item_id, auto, dump(body).decode()))
        changes.seen.append((seq,))
        changes.entries.append(self._entry("success", action, item_id, body))

    def _change(self, changes: _Changes, action: str, item: Existing, values: dict[str, Any] | None) -> None:
        old: dict[str, Any] = json.loads(item.body)
        if action == "delete":
            changes.deletes.append((item.seq,))
            changes.entries.append(self._entry("success", action, item.id, old))
            return
        if values is None:
            changes.entries.append(self._entry("skipped", action, item.id, old))
            return
        body = self._reader.merge(old, values, replace=action == "replace")
        auto = self._reader.complete(body)
        if body == old:
            changes.entries.append(self._entry("skipped", action, item.id, body))
            return
        if auto != item.auto:
            self._matcher.ensure_free(auto, item.seq)
        changes.updates.append((auto, dump(body).decode(), item.seq))
        changes.entries.append(self._entry("success", action, item.id, body))

    def _entry(self, status: str, action: str, item_id: str | None, body: dict[str, Any]) -> dict[str, Any]:
        entry: dict[str, Any] = {"_status": status}
        if item_id is not None:
            entry["_id"] = item_id
        entry["_action"] = action
        if self._info.auto_id is not None and self._info.auto_id in body:
            entry[self._info.auto_id] = body[self._info.auto_id]
        return entry

    def _write(self, changes: _Changes) -> None:
        self._db.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", changes.inserts)
        self._db.executemany("UPDATE items SET auto = ?, body = ? WHERE seq = ?", changes.updates)
        self._db.executemany("DELETE FROM items WHERE seq = ?", changes.deletes)
        self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?)", changes.seen)
        self._changed |= bool(changes.inserts or changes.updates or changes.deletes)
        self._report(changes.entries)

    def _report(self, entries: list[dict[str, Any]]) -> None:
        if entries:
            self._result.write(self._separator + dump(entries)[1:-1])
            self._separator = b",\n"

    def _delete_the_rest(self) -> None:
        rest = "FROM items WHERE seq NOT IN (SELECT seq FROM seen)"
        cursor = self._db.execute(f"SELECT id, auto, body {rest} ORDER BY seq")
        while rows := cursor.fetchmany(_BATCH):
            entries = []
            for item_id, auto, body in rows:
                entry = self._entry("implicitDelete", "delete", item_id, json.loads(body))
                if auto in self._info.locked:
                    if self._parameters.on_item_access_denied == "fail":
                        self._denied(f"the item {auto} may not be deleted")
                    self._db.execute("INSERT INTO seen SELECT seq FROM items WHERE id = ?", (item_id,))
                    entry["_status"] = "error"
                    entry["errors"] = [error("ItemAccessDenied", f"the item {auto} may not be deleted")]
                entries.append(entry)
            self._report(entries)
        before = self._db.total_changes
        self._db.execute(f"DELETE {rest}")
        self._changed |= self._db.total_changes != before

    def _save_properties(self) -> None:
        if self._reader.learnt:
            dataset.add_properties(self._db, self._reader.learnt)
            self._changed = True
