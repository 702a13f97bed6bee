"""The events: writing one down with what it changes in the facts about its refresh, and reading them back."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bulkimport.clock import parse_timestamp
from bulkimport.errors import StateError
from bulkimport.journal import codec
from bulkimport.journal.facts import RefreshFacts, advance
from bulkimport.journal.records import Entry
from bulkimport.journal.rows import expecting_sound_rows, moment_text, optional_moment
from bulkimport.model import DatasetStatus, ItemCounts
from bulkimport.refresh.events import Event

FACT_COLUMNS = (
    "status, ended_at, row_count, sha256, created, updated, deleted, skipped, failed,"
    " accepted_at, job_seconds, in_flight"
)
_SET_FACTS = ", ".join(f"{column} = ?" for column in FACT_COLUMNS.split(", "))
_ENTRY_COLUMNS = "run_id, dataset, seq, at, event"


def append(connection: sqlite3.Connection, run_id: str, dataset: str, event: Event, at: datetime) -> Entry:
    """Writes the refresh's next event; StateError if that dataset is not registered for that run."""
    facts = facts_of(connection, run_id, dataset)
    if facts is None:
        raise StateError(
            f"The journal knows no dataset {dataset!r} in run {run_id!r}; its event was not written down.",
            hint="The state directory was probably exchanged or emptied during the run: leave it alone, and run again.",
        )
    seq: int = connection.execute(
        "SELECT coalesce(max(seq), 0) + 1 FROM events WHERE run_id = ? AND dataset = ?", (run_id, dataset)
    ).fetchone()[0]
    event_id = connection.execute(
        f"INSERT INTO events ({_ENTRY_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608 # constant column names
        (run_id, dataset, seq, moment_text(at), codec.encode(event)),
    ).lastrowid
    advanced = advance(facts, event, seq, at)
    if advanced is not facts:
        _keep_facts(connection, run_id, dataset, advanced, event_id)
    return Entry(run_id, dataset, seq, at, event)


def read(connection: sqlite3.Connection, run_id: str, dataset: str | None = None) -> list[Entry]:
    """The run's events (or one dataset's) in the order in which they were written; none for an unknown run."""
    if dataset is None:
        return [entry for _, entry in _entries(connection, "run_id = ?", run_id)]
    return [entry for _, entry in _entries(connection, "run_id = ? AND dataset = ?", run_id, dataset)]


def read_after(connection: sqlite3.Connection, run_id: str, mark: int) -> tuple[list[Entry], int]:
    """The run's events written after `mark`, and the mark for the next time; 0 is before the first.

    Looks at what is new in the journal alone (the `+` keeps SQLite from going through all events of the run).
    """
    found = list(_entries(connection, "+run_id = ? AND id > ?", run_id, mark))
    return [entry for _, entry in found], found[-1][0] if found else mark


def facts_of(connection: sqlite3.Connection, run_id: str, dataset: str) -> RefreshFacts | None:
    """The facts kept about one refresh; None if it is not registered."""
    row = connection.execute(
        f"SELECT {FACT_COLUMNS} FROM datasets WHERE run_id = ? AND name = ?",  # noqa: S608 # constant column names
        (run_id, dataset),
    ).fetchone()
    return None if row is None else facts_from_row(row)


@expecting_sound_rows()
def facts_from_row(row: tuple[Any, ...]) -> RefreshFacts:
    """The facts in a row of FACT_COLUMNS."""
    status, ended_at, rows, sha256, *counts, accepted_at, job_seconds, in_flight = row
    return RefreshFacts(
        status=None if status is None else DatasetStatus(status),
        ended_at=optional_moment(ended_at),
        rows=rows,
        sha256=sha256,
        items=ItemCounts(*counts),
        accepted_at=optional_moment(accepted_at),
        job_seconds=job_seconds,
        in_flight=in_flight,
    )


def rebuild_facts(connection: sqlite3.Connection) -> None:
    """Folds all events of all runs anew, inside the caller's transaction."""
    refreshes = connection.execute("SELECT run_id, name FROM datasets").fetchall()
    for run_id, name in refreshes:
        facts, last_change = RefreshFacts(), None
        for event_id, entry in _entries(connection, "run_id = ? AND dataset = ?", run_id, name):
            advanced = advance(facts, entry.event, entry.seq, entry.at)
            if advanced is not facts:
                facts, last_change = advanced, event_id
        _keep_facts(connection, run_id, name, facts, last_change)


def _keep_facts(
    connection: sqlite3.Connection, run_id: str, dataset: str, facts: RefreshFacts, event_id: int | None
) -> None:
    items = facts.items
    connection.execute(
        f"UPDATE datasets SET {_SET_FACTS}, ended_by = ? WHERE run_id = ? AND name = ?",  # noqa: S608 # constant names
        (
            facts.status,
            None if facts.ended_at is None else moment_text(facts.ended_at),
            facts.rows,
            facts.sha256,
            *(items.created, items.updated, items.deleted, items.skipped, items.failed),
            None if facts.accepted_at is None else moment_text(facts.accepted_at),
            facts.job_seconds,
            facts.in_flight,
            None if facts.status is None else event_id,
            run_id,
            dataset,
        ),
    )


def _entries(connection: sqlite3.Connection, condition: str, *parameters: str | int) -> Iterator[tuple[int, Entry]]:
    """Entries with the ids of their events."""
    rows = connection.execute(
        f"SELECT id, {_ENTRY_COLUMNS} FROM events WHERE {condition} ORDER BY id",  # noqa: S608 # constant conditions
        parameters,
    ).fetchall()
    for event_id, run_id, dataset, seq, at, event in rows:
        with expecting_sound_rows():
            moment = parse_timestamp(at)
        yield event_id, Entry(run_id, dataset, seq, moment, codec.decode(event))
