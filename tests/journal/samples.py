"""Values of the journal with everything a test does not care about filled in, and a connection in memory."""

import dataclasses
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bulkimport.clock import Clock
from bulkimport.journal import Journal, entries, runs, schema
from bulkimport.journal.facts import RefreshFacts, advance
from bulkimport.journal.records import DatasetRecord, Entry, LeaseOwner, RunRecord
from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, Payload, Stage
from bulkimport.refresh.events import Event, RefreshEnded, ResultCollected, SourceRead

START = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)
TENANT = "https://orgvue.example/ACME"
SECRET_URL = "https://store.example/job?X-Amz-Signature=s3cr3t"
ROOT = Path(__file__).parents[2]
ERROR = ErrorReport(Stage.POLL, "the job failed", "look at it")


def moment(seconds: float) -> datetime:
    """So many seconds after START."""
    return START + timedelta(seconds=seconds)


def a_run(run_id: str = "run-1", **changes: Any) -> RunRecord:
    """A run with an own value in every field."""
    run = RunRecord(
        run_id=run_id,
        config_path="configs/all.yaml",
        config_key="/srv/configs/all.yaml",
        command="run",
        options={"only": ["people*"], "allow_delete": {"people": 12}},
        tenant_key=TENANT,
        sandbox=False,
        version="1.2.3",
        host="here",
        pid=4711,
        started_at=START,
    )
    return dataclasses.replace(run, **changes)


def a_dataset(name: str = "people", *, position: int = 0, dataset_id: str | None = None) -> DatasetRecord:
    """A dataset whose id is made of its name."""
    spec = {"depends_on": ["positions"], "payload": "json"}
    return DatasetRecord(name, dataset_id or f"ID-{name}", position, f"fingerprint of {name}", spec)


def an_owner(run_id: str = "run-1", *, host: str = "here", pid: int = 4711) -> LeaseOwner:
    """Who refreshes `people`."""
    return LeaseOwner(run_id, host, pid, "people")


@asynccontextmanager
async def opened(state_dir: Path, clock: Clock, *run_ids: str) -> AsyncIterator[Journal]:
    """The journal, with runs of these ids started in it that have the dataset `people`."""
    async with Journal.open(state_dir, clock, busy_timeout=60) as journal:
        for run_id in run_ids:
            await journal.start_run(a_run(run_id), [a_dataset()])
        yield journal


def source_read(rows: int = 1200, sha256: str = "abc") -> SourceRead:
    """The source was read and had so many rows."""
    return SourceRead(Payload("/spool/people", "json", rows, 345_678, sha256, ("employeeID",), "/spool/people.keys"))


def succeeded(created: int = 3) -> ResultCollected:
    """The good end."""
    return ResultCollected(DatasetStatus.SUCCEEDED, ItemCounts(created=created, deleted=1))


def ended(status: DatasetStatus = DatasetStatus.FAILED) -> RefreshEnded:
    """Another end."""
    return RefreshEnded(status, ERROR)


def a_connection(*run_ids: str, datasets: tuple[str, ...] = ("people",)) -> sqlite3.Connection:
    """An empty journal in memory, with runs of these ids that have these datasets."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    schema.migrate(connection)
    for run_id in run_ids:
        chosen = [a_dataset(name, position=position) for position, name in enumerate(datasets)]
        runs.insert(connection, a_run(run_id), chosen)
    return connection


def happen(
    connection: sqlite3.Connection, run_id: str, *events: Event, dataset: str = "people", at: float = 0
) -> list[Entry]:
    """Writes the events down, the first `at` seconds after START, the others one second later each."""
    return [
        entries.append(connection, run_id, dataset, event, moment(at + second)) for second, event in enumerate(events)
    ]


def child(*arguments: object, stdin: int | None = None) -> subprocess.Popen[str]:
    """A second process at work on a journal (child.py)."""
    command = [sys.executable, "-m", "tests.journal.child", *map(str, arguments)]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def fold(found: Iterable[Entry]) -> RefreshFacts:
    """The facts after all entries of one refresh, which are in the order of their `seq`."""
    facts = RefreshFacts()
    for entry in found:
        facts = advance(facts, entry.event, entry.seq, entry.at)
    return facts
