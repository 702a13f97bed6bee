"""Runs and the datasets registered for them."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from bulkimport.clock import parse_timestamp
from bulkimport.errors import StateError
from bulkimport.journal.records import DatasetRecord, RunIdTakenError, RunRecord
from bulkimport.journal.rows import (
    expecting_sound_rows,
    json_object,
    json_text,
    marks,
    moment_text,
    optional_moment,
    storable,
)
from bulkimport.model import RunStatus

_RUN_COLUMNS = (
    "run_id, config_path, config_key, command, options, tenant_key, sandbox, version, host, pid,"
    " started_at, finished_at, status, parent_run_id, requests, throttled"
)


def insert(connection: sqlite3.Connection, run: RunRecord, datasets: Sequence[DatasetRecord]) -> None:
    """Registers a run with all its datasets; RunIdTakenError if there is one of that id."""
    if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run.run_id,)).fetchone():
        raise RunIdTakenError(f"There is a run {run.run_id} already.", hint="Start again; the next run id is another.")
    row = (
        run.run_id,
        storable(run.config_path),
        storable(run.config_key),
        run.command,
        json_text(run.options),
        run.tenant_key,
        run.sandbox,
        run.version,
        run.host,
        run.pid,
        moment_text(run.started_at),
        None if run.finished_at is None else moment_text(run.finished_at),
        run.status,
        run.parent_run_id,
        run.requests,
        run.throttled,
    )
    connection.execute(f"INSERT INTO runs ({_RUN_COLUMNS}) VALUES ({marks(row)})", row)  # noqa: S608 # constant names
    connection.executemany(
        "INSERT INTO datasets (run_id, name, dataset_id, tenant_key, position, fingerprint, spec)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                run.run_id,
                each.name,
                each.dataset_id,
                run.tenant_key,
                each.position,
                each.fingerprint,
                json_text(each.spec),
            )
            for each in datasets
        ),
    )


def reopen(connection: sqlite3.Connection, run: RunRecord, host: str, pid: int) -> None:
    """Marks a run as running again, in another process. StateError if there is no such run, or no longer as it was when
    `run` was read: whoever took it up since has added to its events."""
    found = connection.execute("SELECT host, pid, finished_at FROM runs WHERE run_id = ?", (run.run_id,)).fetchone()
    if found is None:
        raise _unknown(run.run_id)
    if found != (run.host, run.pid, None if run.finished_at is None else moment_text(run.finished_at)):
        raise StateError(
            f"Run {run.run_id} was taken up by another process meanwhile (process {found[1]} on {found[0]}).",
            hint=f"Look at what became of it: `bulkimport status {run.run_id}`. Nothing was sent by this process.",
        )
    connection.execute(
        "UPDATE runs SET status = ?, finished_at = NULL, host = ?, pid = ? WHERE run_id = ?",
        (RunStatus.RUNNING, host, pid, run.run_id),
    )


def update_traffic(connection: sqlite3.Connection, run_id: str, requests: int, throttled: int) -> None:
    """Sets the run's request counts."""
    connection.execute("UPDATE runs SET requests = ?, throttled = ? WHERE run_id = ?", (requests, throttled, run_id))


def finish(connection: sqlite3.Connection, run_id: str, status: RunStatus, finished_at: datetime) -> None:
    """Marks a run as ended; StateError if there is no such run."""
    changed = connection.execute(
        "UPDATE runs SET status = ?, finished_at = ? WHERE run_id = ?", (status, moment_text(finished_at), run_id)
    ).rowcount
    if not changed:
        raise _unknown(run_id)


def select(
    connection: sqlite3.Connection,
    *,
    run_ids: Collection[str] | None = None,
    config_key: str | None = None,
    commands: Collection[str] = (),
    before: str | None = None,
    dataset: str | None = None,
    limit: int | None = None,
) -> list[RunRecord]:
    """The runs that match, the last started first; None and an empty `commands` match every run.

    `before`: only those started before the run of that id; `dataset`: only those that one of that name took part in.
    """
    conditions, parameters = ["1"], list[object]()
    if run_ids is not None:
        conditions.append(f"run_id IN ({marks(run_ids)})")
        parameters += run_ids
    if config_key is not None:
        conditions.append("config_key = ?")
        parameters.append(storable(config_key))
    if commands:
        conditions.append(f"command IN ({marks(commands)})")
        parameters += commands
    if before is not None:
        conditions.append("id < (SELECT id FROM runs WHERE run_id = ?)")
        parameters.append(before)
    if dataset is not None:
        conditions.append("EXISTS (SELECT 1 FROM datasets WHERE datasets.run_id = runs.run_id AND name = ?)")
        parameters.append(storable(dataset))
    rows = connection.execute(
        f"SELECT {_RUN_COLUMNS} FROM runs WHERE {' AND '.join(conditions)}"  # noqa: S608 # constant names and marks
        " ORDER BY id DESC LIMIT ?",
        (*parameters, -1 if limit is None else limit),
    )
    return [_run(row) for row in rows]


def datasets_of(connection: sqlite3.Connection, run_id: str) -> list[DatasetRecord]:
    """The run's datasets by position."""
    rows = connection.execute(
        "SELECT name, dataset_id, position, fingerprint, spec FROM datasets WHERE run_id = ? ORDER BY position, name",
        (run_id,),
    )
    return [_dataset(row) for row in rows]


@expecting_sound_rows()
def _run(row: tuple[Any, ...]) -> RunRecord:
    run_id, config_path, config_key, command, options, tenant_key, sandbox, version, host, pid, *rest = row
    started_at, finished_at, status, parent_run_id, requests, throttled = rest
    return RunRecord(
        run_id=run_id,
        config_path=config_path,
        config_key=config_key,
        command=command,
        options=json_object(options),
        tenant_key=tenant_key,
        sandbox=bool(sandbox),
        version=version,
        host=host,
        pid=pid,
        started_at=parse_timestamp(started_at),
        finished_at=optional_moment(finished_at),
        status=RunStatus(status),
        parent_run_id=parent_run_id,
        requests=requests,
        throttled=throttled,
    )


@expecting_sound_rows()
def _dataset(row: tuple[Any, ...]) -> DatasetRecord:
    name, dataset_id, position, fingerprint, spec = row
    return DatasetRecord(name, dataset_id, position, fingerprint, json_object(spec))


def _unknown(run_id: str) -> StateError:
    return StateError(
        f"The journal knows no run {run_id!r}.",
        hint="`bulkimport history` lists the runs of a state directory; --state-dir chooses another.",
    )
