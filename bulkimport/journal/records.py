"""What goes into the journal and comes out of it, as values. Moments are aware and in UTC; durations are seconds."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from bulkimport.errors import StateError
from bulkimport.model import DatasetStatus, ItemCounts, RunStatus
from bulkimport.refresh.events import Event

RunCommand = Literal["run", "resume", "failed", "restore"]


class RunIdTakenError(StateError):
    """A run of that id is in the journal already; another id will do."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `config_path` is the file as the user named it, `config_key` its absolute real path.

    `options` must be JSON-able; `tenant_key` stands for base URL and tenant id. `requests` and `throttled` may lag a
    few seconds behind while the run is alive. A run whose process died reads as `interrupted`.
    """

    run_id: str
    config_path: str
    config_key: str
    command: RunCommand
    options: dict[str, Any]
    tenant_key: str
    sandbox: bool
    version: str
    host: str
    pid: int
    started_at: datetime
    finished_at: datetime | None = None
    status: RunStatus = RunStatus.RUNNING
    parent_run_id: str | None = None
    requests: int = 0
    throttled: int = 0


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """One dataset of a run: `position` orders them, `fingerprint` changes when what the import would do changes.

    `spec` holds JSON-able facts for reports and reruns.
    """

    name: str
    dataset_id: str
    position: int
    fingerprint: str
    spec: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as written down; `seq` counts a dataset's events within its run, gapless from 1."""

    run_id: str
    dataset: str
    seq: int
    at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a dataset ended in one run. `rows` and `sha256` are None if its source was not read in that run.

    `job_seconds` runs from the acceptance of the import to the sight of its completion; None where a death of the
    process or a lost reply lay between.
    """

    run_id: str
    dataset: str
    status: DatasetStatus
    at: datetime
    rows: int | None
    sha256: str | None
    items: ItemCounts
    fingerprint: str
    job_seconds: float | None


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many datasets of a run are alike; `status` is None for those that have not ended."""

    status: DatasetStatus | None
    count: int


@dataclass(frozen=True, slots=True)
class LastImport:
    """A refresh that has requested an import, by all its events so far; `fingerprint` is the config's as it was."""

    run_id: str
    fingerprint: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class UnsettledImport:
    """A refresh whose import was requested and whose end was never seen, with everything known about it."""

    run_id: str
    dataset: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class LeaseOwner:
    """Who refreshes a dataset: the run (started in this journal), its process, and the dataset's name there."""

    run_id: str
    host: str
    pid: int
    dataset: str


@dataclass(frozen=True, slots=True)
class PlanUse:
    """When a saved plan was applied, and by which run."""

    run_id: str
    at: datetime


def new_run_id(now: datetime, rng: random.Random) -> str:
    """A run id such as `20261123T020000Z-7f3a`; `Journal.start_run` makes sure that it is new."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{rng.getrandbits(16):04x}"
