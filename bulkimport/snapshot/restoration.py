"""From backups to the payload that undoes the imports before which they were made.

Of the imports to undo, the first one that touched an item decides what it was before all of them. Only items that are
not so already are sent: what was deleted or changed comes back, what was created goes, everything else stays as it is.

An import finds items by their keys. So what has no key cannot come back, nor can several items that share one be told
apart; the payload's warnings say so.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson

from bulkimport.diff import ComparisonRules, has_blank_part, readable
from bulkimport.errors import StateError
from bulkimport.json_stream import JsonObject, blocks_in
from bulkimport.model import Changes, Payload
from bulkimport.snapshot.backup import Backup, backup_to, read_backup
from bulkimport.snapshot.partition import PIECE, Partitions, partitions_for
from bulkimport.snapshot.rows import Built, RowBatch, Written
from bulkimport.wording import counted

EXAMPLES = 20
_BLOCK = 1_000
_PACKED = 10
"""What a packed backup unpacks to, about."""


@dataclass(frozen=True, slots=True)
class Undo:
    """The files of one import's backup; None where it had nothing of that kind."""

    backup: str | None
    created: str | None

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(path for path in (self.backup, self.created) if path is not None)


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """`undo` is in the order of the imports, the oldest first; `items_path` what Orgvue holds now.

    `computed` are properties that Orgvue computes itself and does not take. The restore's own backup goes to
    `backup_path` and `created_path`.
    """

    undo: tuple[Undo, ...]
    items_path: str
    comparison: ComparisonRules
    computed: frozenset[str]
    payload_path: str
    scratch: str
    backup_path: str
    created_path: str
    piece: int = PIECE


@dataclass(frozen=True, slots=True)
class Restoration:
    """`held` counts the items that Orgvue has now."""

    payload: Payload
    held: int
    changes: Changes


@dataclass(slots=True)
class _Writer:
    """A JSON array, row by row."""

    file: Any
    rows: int = 0
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, row: Mapping[str, Any]) -> None:
        self._put((b"," if self.rows else b"[") + orjson.dumps(row))
        self.rows += 1

    def close(self) -> None:
        self._put(b"]" if self.rows else b"[]")

    def _put(self, data: bytes) -> None:
        self.file.write(data)
        self.digest.update(data)
        self.size += len(data)


@dataclass(slots=True)
class _Undoing:
    request: RestoreRequest
    writer: _Writer
    backup: Backup
    births: Backup
    held: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    keyless: int = 0
    shared: int = 0
    deleted_examples: list[str] = field(default_factory=list)
    columns: dict[str, None] = field(default_factory=dict)

    def join(self, held: Iterable[RowBatch], wanted: Iterable[RowBatch]) -> None:
        before = self._before(wanted)
        done: set[str] = set()
        for identity, item in _identified(held):
            self.held += 1
            if identity not in before:
                self.unchanged += 1
                self.shared += identity in done
                continue
            done.add(identity)
            self._bring_back(identity, item, before.pop(identity))
        for gone in before.values():
            if gone is not None:
                self.created += 1
                self.births.keep(self.request.comparison.key_of(gone))
                self._send(self._values(gone))

    def _before(self, wanted: Iterable[RowBatch]) -> dict[str, JsonObject | None]:
        """What each item was before the first import that touched it."""
        found: dict[str, JsonObject | None] = {}
        imports: dict[str, int] = {}
        for identity, entry in _identified(wanted):
            if has_blank_part(identity):
                self.keyless += entry["item"] is not None
            elif identity not in found:
                found[identity], imports[identity] = entry["item"], entry["import"]
            else:
                self.shared += imports[identity] == entry["import"]
        return found

    def _bring_back(self, identity: str, now: JsonObject, before: JsonObject | None) -> None:
        if before is None:
            self.deleted += 1
            if len(self.deleted_examples) < EXAMPLES:
                self.deleted_examples.append(readable(identity))
            self.backup.keep(now)
            self.writer.add({"_action": "delete"} | {name: now.get(name) for name in self.request.comparison.key})
            return
        gone = {name: None for name in self._values(now) if name not in before}
        values = self._values(before) | gone
        if self.request.comparison.is_same(values, now):
            self.unchanged += 1
            return
        self.updated += 1
        self.backup.keep(now)
        self._send(values)

    def _values(self, item: JsonObject) -> JsonObject:
        """The properties; `_id` and the like are Orgvue's own."""
        key, computed = self.request.comparison.key, self.request.computed
        return {
            name: value
            for name, value in item.items()
            if (not name.startswith("_") or name in key) and name not in computed
        }

    def _send(self, values: JsonObject) -> None:
        self.columns.update(dict.fromkeys(values))
        self.writer.add({"_action": "createOrUpdate", **values})

    def warnings(self) -> tuple[str, ...]:
        found = []
        if self.keyless:
            found.append(
                f"{counted(self.keyless, 'item')} without a key cannot be put back by an import; the backup has them."
            )
        if self.shared:
            found.append(
                f"{counted(self.shared, 'item')} cannot be put back, because another item has the same key and an "
                "import cannot tell them apart; the backup has what they were."
            )
        return tuple(found)

    def changes(self) -> Changes:
        return Changes(
            self.created, self.updated, self.deleted, self.unchanged, deleted_examples=tuple(self.deleted_examples)
        )


def restore(request: RestoreRequest) -> Restoration:
    """Writes the payload (mode 0600). Raises StateError where a backup or the disk fails, JsonStreamError where the
    items' document is not a whole array of objects."""
    try:
        return _restore(request)
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError) as error:
        raise StateError(
            f"The backups could not be turned into a payload: {error}. Nothing was sent.",
            hint="See that the runs' folders are whole and the disk has room, then restore again.",
        ) from error


def _restore(request: RestoreRequest) -> Restoration:
    scratch = Path(request.scratch)
    identity = replace(request.comparison, keys_as_sent=False).identity  # however Orgvue spells what it was sent
    count = partitions_for(unpacked_size(request.undo), request.piece)
    descriptor = os.open(request.payload_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def items(path: str) -> Iterator[RowBatch]:
        return (RowBatch(list(map(identity, block.objects)), None, Written(block)) for block in blocks_in(path))

    def entries(path: str) -> Iterator[RowBatch]:
        return (_entries(block.objects, identity) for block in blocks_in(path))

    with (
        os.fdopen(descriptor, "wb") as file,
        Partitions(scratch, "held", count, items) as held,
        Partitions(scratch, "wanted", count, entries) as wanted,
        backup_to(request.backup_path, scratch) as backup,
        backup_to(request.created_path, scratch) as births,
    ):
        held.fill(items(request.items_path))
        wanted.fill(_entries(objects, identity) for objects in _before(request))
        writer = _Writer(file)
        undoing = _Undoing(request, writer, backup, births)
        for held_pile, wanted_pile in zip(held, wanted, strict=True):
            undoing.join(held_pile, wanted_pile)
        writer.close()
    payload = Payload(
        path=request.payload_path,
        format="json",
        rows=writer.rows,
        bytes=writer.size,
        sha256=writer.digest.hexdigest(),
        columns=tuple(undoing.columns),
        keys_path="",
        warnings=undoing.warnings(),
    )
    return Restoration(payload, undoing.held, undoing.changes())


def unpacked_size(undo: Iterable[Undo]) -> int:
    """About how many bytes the backups unpack to. Raises OSError where one cannot be looked at."""
    return _PACKED * sum(Path(path).stat().st_size for one in undo for path in one.paths)


def _before(request: RestoreRequest) -> Iterator[list[JsonObject]]:
    """What each item was before the imports, the oldest import first; None for one that was not there."""
    for number, undo in enumerate(request.undo):
        items = read_backup(undo.backup) if undo.backup else iter(())
        while block := list(islice(items, _BLOCK)):
            yield [{"key": request.comparison.key_of(item), "item": item, "import": number} for item in block]
        keys = read_backup(undo.created) if undo.created else iter(())
        while block := list(islice(keys, _BLOCK)):
            yield [{"key": key, "item": None, "import": number} for key in block]


def _entries(objects: list[JsonObject], identity: Callable[[JsonObject], str]) -> RowBatch:
    return RowBatch([identity(entry["key"]) for entry in objects], None, Built(objects))


def _identified(some: Iterable[RowBatch]) -> Iterator[tuple[str, JsonObject]]:
    return chain.from_iterable(rows.identified() for rows in some)
