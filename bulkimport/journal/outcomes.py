"""What earlier runs know about a dataset, answered from the facts kept beside the events."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from bulkimport.clock import parse_timestamp
from bulkimport.errors import StateError
from bulkimport.journal import entries
from bulkimport.journal.records import LastImport, Outcome, StatusCount, UnsettledImport
from bulkimport.journal.rows import expecting_sound_rows, marks
from bulkimport.model import DatasetStatus

_AT_ONCE = 500
"""Parameters of one statement; older SQLite takes 999 at most."""


def newest(
    connection: sqlite3.Connection, tenant_key: str, dataset_id: str, statuses: Collection[DatasetStatus]
) -> Outcome | None:
    """How the dataset last ended with one of `statuses`, in any run but a restore, which sends a part of it only."""
    row = connection.execute(
        f"SELECT run_id, name, fingerprint, {entries.FACT_COLUMNS} FROM datasets"  # noqa: S608 # constant names and marks
        f" WHERE tenant_key = ? AND dataset_id = ? AND ended_by IS NOT NULL AND status IN ({marks(statuses)})"
        " AND run_id NOT IN (SELECT run_id FROM runs WHERE command = 'restore')"
        " ORDER BY ended_by DESC LIMIT 1",
        (tenant_key, dataset_id, *statuses),
    ).fetchone()
    return None if row is None else _outcome(row)


@expecting_sound_rows()
def _outcome(row: tuple[Any, ...]) -> Outcome:
    run_id, name, fingerprint, *fact_columns = row
    facts = entries.facts_from_row(tuple(fact_columns))
    if facts.status is None or facts.ended_at is None:
        raise ValueError("an outcome without an end")
    return Outcome(
        run_id=run_id,
        dataset=name,
        status=facts.status,
        at=facts.ended_at,
        rows=facts.rows,
        sha256=facts.sha256,
        items=facts.items,
        fingerprint=fingerprint,
        job_seconds=facts.job_seconds,
    )


def job_durations(connection: sqlite3.Connection, tenant_key: str, dataset_id: str, limit: int) -> list[float]:
    """Seconds from acceptance to completion of the dataset's last jobs, the newest first."""
    rows = connection.execute(
        "SELECT job_seconds FROM datasets WHERE tenant_key = ? AND dataset_id = ? AND ended_by IS NOT NULL"
        " AND job_seconds IS NOT NULL ORDER BY ended_by DESC LIMIT ?",
        (tenant_key, dataset_id, limit),
    )
    return [float(seconds) for (seconds,) in rows]


def run_durations(connection: sqlite3.Connection, tenant_key: str, dataset_id: str, limit: int) -> list[float]:
    """Seconds from its turn to its end of the dataset's last successes in one go, the newest first."""
    rows = connection.execute(
        "SELECT began.at, datasets.ended_at FROM datasets JOIN events AS began"
        " ON began.run_id = datasets.run_id AND began.dataset = datasets.name AND began.seq = 1"
        " WHERE tenant_key = ? AND dataset_id = ? AND ended_by IS NOT NULL AND datasets.status = 'succeeded'"
        " AND datasets.run_id NOT IN (SELECT run_id FROM runs WHERE command = 'restore')"
        " AND NOT EXISTS (SELECT 1 FROM events WHERE events.run_id = datasets.run_id AND events.dataset = datasets.name"
        """ AND event LIKE '{"event":"RefreshResumed"%')"""
        " ORDER BY ended_by DESC LIMIT ?",
        (tenant_key, dataset_id, limit),
    ).fetchall()
    with expecting_sound_rows():
        return [max(0.0, (parse_timestamp(end) - parse_timestamp(begin)).total_seconds()) for begin, end in rows]


def _parts(run_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(run_ids), _AT_ONCE):
        yield run_ids[start : start + _AT_ONCE]


def status_counts(connection: sqlite3.Connection, run_ids: Sequence[str]) -> dict[str, list[StatusCount]]:
    """For each run how many datasets have which status, None those that have not ended; none for an unknown run."""
    counts: dict[str, list[StatusCount]] = {run_id: [] for run_id in run_ids}
    for some in _parts(run_ids):
        rows = connection.execute(
            "SELECT run_id, status, count(*) FROM datasets"  # noqa: S608 # marks
            f" WHERE run_id IN ({marks(some)}) GROUP BY 1, 2 ORDER BY 1, 2",
            tuple(some),
        )
        for run_id, status, count in rows:
            with expecting_sound_rows():
                counts[run_id].append(StatusCount(status and DatasetStatus(status), count))
    return counts


def statuses(connection: sqlite3.Connection, run_ids: Sequence[str]) -> dict[str, dict[str, DatasetStatus | None]]:
    """For each run the statuses of its datasets by name, None for those that have not ended."""
    found: dict[str, dict[str, DatasetStatus | None]] = {run_id: {} for run_id in run_ids}
    for some in _parts(run_ids):
        rows = connection.execute(
            "SELECT run_id, name, status FROM datasets"  # noqa: S608 # marks
            f" WHERE run_id IN ({marks(some)}) ORDER BY run_id, position",
            tuple(some),
        )
        for run_id, name, status in rows:
            with expecting_sound_rows():
                found[run_id][name] = status and DatasetStatus(status)
    return found


def unsettled_imports(connection: sqlite3.Connection, tenant_key: str, dataset_id: str) -> list[UnsettledImport]:
    """The dataset's refreshes whose import may still be running for all that is known, the oldest run first."""
    rows = connection.execute(
        "SELECT datasets.run_id, name FROM datasets JOIN runs USING (run_id)"
        " WHERE datasets.tenant_key = ? AND dataset_id = ? AND in_flight IS NOT NULL AND in_flight > settled_seq"
        " ORDER BY runs.id, position",
        (tenant_key, dataset_id),
    ).fetchall()
    return [UnsettledImport(run_id, name, tuple(entries.read(connection, run_id, name))) for run_id, name in rows]


def last_import(connection: sqlite3.Connection, tenant_key: str, dataset_id: str) -> LastImport | None:
    """The dataset's refresh that has requested an import last; None where there was none, and after a restore."""
    row = connection.execute(
        "SELECT datasets.run_id, name, fingerprint, command FROM datasets JOIN runs USING (run_id) JOIN events"
        " ON events.run_id = datasets.run_id AND events.dataset = datasets.name"
        " WHERE datasets.tenant_key = ? AND dataset_id = ?"
        """ AND event LIKE '{"event":"ImportRequested"%' ORDER BY events.id DESC LIMIT 1""",
        (tenant_key, dataset_id),
    ).fetchone()
    if row is None or row[3] == "restore":
        return None
    run_id, name, fingerprint, _ = row
    return LastImport(run_id, fingerprint, tuple(entries.read(connection, run_id, name)))


def settle(connection: sqlite3.Connection, run_id: str, dataset: str, note: str) -> None:
    """Takes the refresh's import off the unsettled ones, up to its last event so far; `note` says why."""
    changed = connection.execute(
        "UPDATE datasets SET settled_note = ?, settled_seq ="
        " (SELECT coalesce(max(seq), 0) FROM events WHERE events.run_id = datasets.run_id AND dataset = name)"
        " WHERE run_id = ? AND name = ?",
        (note, run_id, dataset),
    ).rowcount
    if not changed:
        raise StateError(
            f"The journal knows no dataset {dataset!r} in run {run_id!r}.",
            hint="Look at `bulkimport history` for the runs of this state directory.",
        )
