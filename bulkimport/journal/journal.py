"""The journal of a state directory: the truth about every run, kept so that a kill at any instant loses nothing."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

import anyio

from bulkimport.clock import Clock
from bulkimport.errors import StateError
from bulkimport.journal import database, entries, leases, ledger, outcomes, runs
from bulkimport.journal.locks import RunLocks
from bulkimport.journal.records import (
    DatasetRecord,
    Entry,
    LastImport,
    LeaseOwner,
    Outcome,
    PlanUse,
    RunCommand,
    RunIdTakenError,
    RunRecord,
    StatusCount,
    UnsettledImport,
)
from bulkimport.journal.thread import DatabaseThread
from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.refresh.events import Event

T = TypeVar("T")
BUSY_TIMEOUT = 30.0
"""Seconds for which another process that writes is waited for; a write takes milliseconds."""
TRAFFIC_INTERVAL = 2.0
"""Seconds between two updates of a run's request counts; those between are left out."""


class Journal:
    """STATE_DIR/journal.db and the locks beside it. Several processes may have it open at the same time.

    Whatever a method changes is on the disk when it returns; cancelling the wait for it does not undo it. Every method
    raises StateError if the journal cannot be used. The events hold presigned URLs: never show them.
    """

    def __init__(self, thread: DatabaseThread, locks: RunLocks, clock: Clock) -> None:
        self._thread = thread
        self._locks = locks
        self._clock = clock
        self._traffic_updated: dict[str, float] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, state_dir: Path, clock: Clock, *, busy_timeout: float = BUSY_TIMEOUT
    ) -> AsyncIterator["Journal"]:
        """The journal in `state_dir`, made with the directory if it is not there.

        Runs of this process that have not finished when it closes are seen as interrupted from then on.
        """
        async with cls._opened(state_dir, clock, read_only=False, busy_timeout=busy_timeout) as journal:
            yield journal

    @classmethod
    @asynccontextmanager
    async def open_existing(
        cls, state_dir: Path, clock: Clock, *, busy_timeout: float = BUSY_TIMEOUT
    ) -> AsyncIterator["Journal | None"]:
        """The journal in `state_dir` for looking only, or None if there is none yet; makes nothing."""
        if not await anyio.to_thread.run_sync(database.exists, state_dir):
            yield None
            return
        async with cls._opened(state_dir, clock, read_only=True, busy_timeout=busy_timeout) as journal:
            yield journal

    @classmethod
    @asynccontextmanager
    async def _opened(
        cls, state_dir: Path, clock: Clock, *, read_only: bool, busy_timeout: float
    ) -> AsyncIterator["Journal"]:
        path = state_dir / database.FILE_NAME
        presence = database.Presence(path.absolute())
        thread = DatabaseThread(
            connect=lambda: database.connect(state_dir, read_only=read_only, busy_timeout=busy_timeout),
            translate=lambda error: database.translate(error, path),
            before_writing=presence.check,
        )
        locks = RunLocks(state_dir)
        try:
            await thread.start()
            if not read_only:
                await thread.run(lambda _: presence.remember(), writes=False)
            yield cls(thread, locks, clock)
        finally:
            with anyio.CancelScope(shield=True):
                await thread.close()
            locks.close()

    # ---- runs

    async def start_run(self, record: RunRecord, datasets: Sequence[DatasetRecord]) -> None:
        """Registers the run and all its datasets at once, and holds its lock until `finish_run` or the journal closes.

        RunIdTakenError if there is a run of that id.
        """
        if not await self._read(lambda _: self._locks.acquire(record.run_id)):
            raise RunIdTakenError(
                f"A run {record.run_id} is alive already.", hint="Start again; the next id is another."
            )
        try:
            await self._write(lambda connection: runs.insert(connection, record, datasets))
        except Exception:
            await self._read(lambda _: self._locks.release(record.run_id))
            raise

    async def resume_run(self, run: RunRecord, *, host: str, pid: int) -> None:
        """Takes up a run that is not alive: it is `running` again, in this process, with all that it has done.

        StateError if it is alive or unknown, or was taken up by another process since `run` was read.
        """
        run_id = run.run_id
        if not await self._read(lambda _: self._locks.acquire(run_id)):
            raise StateError(
                f"Run {run_id} is still alive in another process; two processes cannot carry one run.",
                hint=f"Wait for its end (`bulkimport status {run_id}` shows it live), or stop that process first.",
            )
        try:
            await self._write(lambda connection: runs.reopen(connection, run, host, pid))
        except Exception:
            await self._read(lambda _: self._locks.release(run_id))
            raise

    async def update_traffic(self, run_id: str, requests: int, throttled: int) -> None:
        """Sets the run's request counts so far; cheap to call often, since most calls change nothing. So after a kill
        they are a lower bound; the day's count, which limits go by, is not (see `add_requests`)."""
        now = self._clock.monotonic()
        if now - self._traffic_updated.get(run_id, float("-inf")) >= TRAFFIC_INTERVAL:
            self._traffic_updated[run_id] = now
            await self._write(lambda connection: runs.update_traffic(connection, run_id, requests, throttled))

    async def finish_run(
        self, run_id: str, status: RunStatus, requests: int, throttled: int, finished_at: datetime
    ) -> None:
        """Writes the run's end down and gives its lock back."""

        def finish(connection: Connection) -> None:
            runs.update_traffic(connection, run_id, requests, throttled)
            runs.finish(connection, run_id, status, finished_at)

        await self._write(finish)
        await self._read(lambda _: self._locks.release(run_id))

    async def run(self, run_id: str) -> RunRecord | None:
        """The run, or None if the journal does not know it."""
        found = await self._runs(lambda connection: runs.select(connection, run_ids=[run_id]))
        return found[0] if found else None

    async def runs(
        self,
        limit: int | None = None,
        config_key: str | None = None,
        *,
        before: str | None = None,
        dataset: str | None = None,
    ) -> list[RunRecord]:
        """The last `limit` runs (of one config, before a run, with a dataset of that name, or all), newest first."""
        wanted = partial(runs.select, config_key=config_key, before=before, dataset=dataset, limit=limit)
        return await self._runs(wanted)

    async def latest_run(
        self, config_key: str | None = None, *, commands: Collection[RunCommand] = ()
    ) -> RunRecord | None:
        """The run started last, of one config or all, by one of `commands` or any."""
        found = await self._runs(
            lambda connection: runs.select(connection, config_key=config_key, commands=commands, limit=1)
        )
        return found[0] if found else None

    async def _runs(self, select: Callable[[Connection], list[RunRecord]]) -> list[RunRecord]:
        """The runs as they are. One whose process died without writing its end down is interrupted.

        The lock is taken before a run is marked as running and given back after its end is written down. So a run that
        is still marked as running after its lock was seen free has died.
        """
        found = await self._read(select)
        running = [run.run_id for run in found if run.status is RunStatus.RUNNING]
        dead = await self._read(lambda _: [run_id for run_id in running if not self._locks.is_held(run_id)])
        if not dead:
            return found
        again = await self._read(lambda connection: runs.select(connection, run_ids=dead))
        now = {run.run_id: _interrupted_if_running(run) for run in again}
        return [now.get(run.run_id, run) for run in found]

    async def datasets(self, run_id: str) -> list[DatasetRecord]:
        """The run's datasets by position; none for an unknown run."""
        return await self._read(lambda connection: runs.datasets_of(connection, run_id))

    # ---- events

    async def append(self, run_id: str, dataset: str, event: Event) -> Entry:
        """Writes down what happened to a dataset; durable on return, and whole or not at all if cancelled."""
        now = self._clock.now()
        return await self._write(lambda connection: entries.append(connection, run_id, dataset, event, now))

    async def entries(self, run_id: str, dataset: str | None = None) -> list[Entry]:
        """The events of a run, or of one of its datasets, in the order in which they were written."""
        return await self._read(lambda connection: entries.read(connection, run_id, dataset))

    async def entries_after(self, run_id: str, mark: int) -> tuple[list[Entry], int]:
        """The run's events written after `mark` (0: all), and the mark for the next time."""
        return await self._read(lambda connection: entries.read_after(connection, run_id, mark))

    # ---- what earlier runs know about a dataset

    async def status_counts(self, run_ids: Sequence[str]) -> dict[str, list[StatusCount]]:
        """For each run how many of its datasets are in which state, without reading their events."""
        return await self._read(lambda connection: outcomes.status_counts(connection, run_ids))

    async def statuses(self, run_ids: Sequence[str]) -> dict[str, dict[str, DatasetStatus | None]]:
        """For each run how its datasets ended, by name; None for those that have not."""
        return await self._read(lambda connection: outcomes.statuses(connection, run_ids))

    async def last_success(self, tenant_key: str, dataset_id: str) -> Outcome | None:
        """How the dataset last ended `succeeded` or `unchanged`."""
        statuses = [status for status in DatasetStatus if status.is_success]
        return await self._read(lambda connection: outcomes.newest(connection, tenant_key, dataset_id, statuses))

    async def last_outcome(self, tenant_key: str, dataset_id: str) -> Outcome | None:
        """How the dataset last ended, however that was."""
        return await self._read(
            lambda connection: outcomes.newest(connection, tenant_key, dataset_id, [*DatasetStatus])
        )

    async def job_durations(self, tenant_key: str, dataset_id: str, limit: int) -> list[float]:
        """Seconds that the dataset's last jobs took, the newest first."""
        return await self._read(lambda connection: outcomes.job_durations(connection, tenant_key, dataset_id, limit))

    async def run_durations(self, tenant_key: str, dataset_ids: Sequence[str], limit: int) -> list[list[float]]:
        """For each dataset the seconds of its last successes, from its turn to its end, the newest first."""
        return await self._read(
            lambda connection: [outcomes.run_durations(connection, tenant_key, one, limit) for one in dataset_ids]
        )

    async def unsettled_imports(self, tenant_key: str, dataset_id: str) -> list[UnsettledImport]:
        """Imports of the dataset that were requested, whose end was not seen and which were not settled since.

        While there is one, no other import of the dataset may be submitted. Imports of the asking run are among them.
        """
        return await self._read(lambda connection: outcomes.unsettled_imports(connection, tenant_key, dataset_id))

    async def last_import(self, tenant_key: str, dataset_id: str) -> LastImport | None:
        """The dataset's refresh that has requested an import last; None where there was none, and after a restore."""
        return await self._read(lambda connection: outcomes.last_import(connection, tenant_key, dataset_id))

    async def settle(self, run_id: str, dataset: str, note: str) -> None:
        """Declares that the refresh's import can no longer be running; `note` says how that is known."""
        await self._write(lambda connection: outcomes.settle(connection, run_id, dataset, note))

    # ---- leases

    async def acquire_lease(self, tenant_key: str, dataset_id: str, owner: LeaseOwner, ttl: float) -> LeaseOwner | None:
        """Takes the sole right to refresh the dataset for `ttl` seconds: None, or who has it at present.

        The owner's run must be alive (started or resumed here): others take over the leases of dead runs at once.
        """
        now = self._clock.now()
        until = now + timedelta(seconds=ttl)
        return await self._write(
            lambda connection: leases.acquire(
                connection, tenant_key, dataset_id, owner, now, until, self._locks.is_held
            )
        )

    async def renew_lease(self, tenant_key: str, dataset_id: str, owner: LeaseOwner, ttl: float) -> bool:
        """Makes the lease last `ttl` seconds from now; False if it was lost, and with it the right to go on."""
        until = self._clock.now() + timedelta(seconds=ttl)
        return await self._write(lambda connection: leases.renew(connection, tenant_key, dataset_id, owner, until))

    async def release_lease(self, tenant_key: str, dataset_id: str, owner: LeaseOwner) -> None:
        """Gives the lease back, if it is still the owner's."""
        await self._write(lambda connection: leases.release(connection, tenant_key, dataset_id, owner))

    # ---- counted or remembered across runs

    async def add_requests(self, tenant_key: str, day: date, n: int) -> int:
        """Adds `n` requests (negative: gives unused ones back) to the tenant's UTC day; the day's new total.

        Called before they are sent, so that the count is never below the truth.
        """
        return await self._write(lambda connection: ledger.add_requests(connection, tenant_key, day, n))

    async def use_plan(self, plan_id: str, run_id: str) -> PlanUse | None:
        """Marks a saved plan as used by the run: None, or its earlier use by another run, which stands."""
        now = self._clock.now()
        return await self._write(lambda connection: ledger.use_plan(connection, plan_id, run_id, now))

    async def accepted_fingerprint(self, config_key: str, dataset: str) -> str | None:
        """The fingerprint last accepted for this dataset (by name) of a config; None before the first."""
        return await self._read(lambda connection: ledger.accepted_fingerprint(connection, config_key, dataset))

    async def accept_fingerprint(self, config_key: str, dataset: str, fingerprint: str) -> None:
        """Makes this the dataset's accepted fingerprint."""
        await self._write(lambda connection: ledger.accept_fingerprint(connection, config_key, dataset, fingerprint))

    async def _read(self, perform: Callable[[Connection], T]) -> T:
        return await self._thread.run(perform, writes=False)

    async def _write(self, perform: Callable[[Connection], T]) -> T:
        return await self._thread.run(perform, writes=True)


def _interrupted_if_running(run: RunRecord) -> RunRecord:
    return replace(run, status=RunStatus.INTERRUPTED) if run.status is RunStatus.RUNNING else run
