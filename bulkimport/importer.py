"""A run: every selected dataset refreshed in one task group, dependencies first, within the run's places."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
import anyio.to_thread

from bulkimport.alongside import alongside
from bulkimport.errors import GuardError, StateError
from bulkimport.folders import DatasetFiles, RunFolders
from bulkimport.forecast import RUNS_LOOKED_AT, start_order
from bulkimport.journal import LeaseOwner
from bulkimport.model import Dataset, DatasetStatus, ErrorReport
from bulkimport.places import Places
from bulkimport.plan import Selection, dependents
from bulkimport.refresh.context import DatasetContext, RunContext, UploadSlot, current_dataset
from bulkimport.refresh.driver import Driver, Step
from bulkimport.refresh.events import EarlierImportSucceeded, RefreshEnded, RefreshResumed, TurnCame
from bulkimport.refresh.machine import Command, Refresh, State
from bulkimport.refresh.settling import seen_to_succeed, settle_earlier_imports
from bulkimport.refresh.stop import Level, StoppedError
from bulkimport.wording import listed

LEASE_SECONDS = 60.0
_LEASE_LOOK = 0.5


@dataclass(slots=True)
class _Gate:
    """Opens when its dataset has ended, or will not go on in this run."""

    ended: anyio.Event = field(default_factory=anyio.Event)
    status: DatasetStatus | None = None

    def open(self, status: DatasetStatus | None) -> None:
        self.status = status
        self.ended.set()


class Importer:
    """Runs the refreshes of one selection. `earlier` holds what a former process left of them.

    `owner` signs this run's leases; `wait_lock` is how many seconds to wait for another run's lease. `steps` take the
    place of a refresh's own, for a run that gets its payloads otherwise. A run that `makes_up` for another
    imports nothing whose last import has succeeded unseen.
    """

    def __init__(
        self,
        run: RunContext,
        folders: RunFolders,
        selection: Selection,
        owner: LeaseOwner,
        wait_lock: float = 0.0,
        earlier: Mapping[str, Refresh] | None = None,
        steps: Mapping[Command, Step] | None = None,
        *,
        makes_up: bool = False,
    ) -> None:
        self.run = run
        self._folders = folders
        self.selection = selection
        self.refreshes: dict[str, Refresh] = dict(earlier or {})
        self._again = to_take_up(selection.datasets, self.refreshes)
        self._owner = owner
        self._wait_lock = wait_lock
        self._steps = dict(steps or {})
        self._makes_up = makes_up
        self._gates = {name: _Gate() for name in selection.names}
        self._places = Places(run.config.run.max_parallel_datasets)
        self._ranks = {name: rank for rank, name in enumerate(selection.names)}
        self._placed: set[str] = set()
        self._leased: dict[str, LeaseOwner] = {}

    async def import_all(self) -> None:
        """Returns when every refresh has ended or the run was stopped. Raises StateError if the journal fails."""
        failure: StateError | None = None
        # All folders first: where places are few, the datasets take them by their ranks.
        files = await anyio.to_thread.run_sync(lambda: [self._folders.of(name) for name in self.selection.names])
        try:
            await self._rank()
            async with alongside(self._keep_leases), anyio.create_task_group() as refreshes:
                every = zip(self.selection.datasets, files, strict=True)
                for dataset, own in sorted(every, key=lambda one: self._ranks[one[0].name]):
                    refreshes.start_soon(self._refresh, dataset, own)
        except* StateError as errors:
            failure = _first(errors)
        if failure is not None:
            raise failure

    async def _rank(self) -> None:
        """Those first that the most work hangs on, as far as the journal knows."""
        datasets = self.selection.datasets
        ids = [dataset.dataset_id for dataset in datasets]
        seconds = await self.run.journal.run_durations(self.run.tenant_key, ids, RUNS_LOOKED_AT)
        runs = {dataset.name: known for dataset, known in zip(datasets, seconds, strict=True)}
        self._ranks = {name: rank for rank, name in enumerate(start_order(self.selection.gates, runs))}

    async def _refresh(self, dataset: Dataset, files: DatasetFiles) -> None:
        current_dataset.set(dataset.name)
        context = DatasetContext(self.run, dataset, files, UploadSlot(self.run.uploads))
        steps = {Command.AWAIT_TURN: self._await_turn} | self._steps
        driver = Driver(context, steps, self.refreshes.get(dataset.name), partial(self._confirm, context))
        try:
            if dataset.name in self.refreshes:
                await self._take_up(context, driver)
            is_news = driver.refresh.state is not State.DONE
            if driver.refresh.state is State.PENDING:
                await self._await_gates(driver)
            await driver.drive()
            await self._after(context, driver.refresh, is_news=is_news)
        finally:
            self.refreshes[dataset.name] = driver.refresh
            self._gates[dataset.name].open(driver.refresh.status)  # those behind it come in time for its place
            await self._leave(dataset)

    async def _take_up(self, context: DatasetContext, driver: Driver) -> None:
        """Prepares a refresh of a former process; one that was submitted goes on at once, without a place.

        What ended stays as it is, but for what ended `unknown`, and what that blocked.
        """
        if context.dataset.name not in self._again:
            return
        await driver.record(RefreshResumed())
        if driver.refresh.state is State.PENDING:
            return
        try:
            with self.run.stop.watch(submitted=True, grace=0.0):
                await self._take_lease(context.dataset)
                await settle_earlier_imports(context)
        except StoppedError:
            return  # it stays where it is, for the next resume
        except GuardError as error:
            unseen = replace(
                error.report(),
                message="Its import was submitted by the former process and its end is still not known: "
                + error.message,
                hint="Wait for that run to end, then resume this one again: "
                + self.run.typed.command("run", "--resume", self.run.run_id),
            )
            await driver.record(RefreshEnded(DatasetStatus.UNKNOWN, unseen))
        except StateError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect in one refresh must not touch the others
            await driver.record(driver.defect(error))

    async def _after(self, context: DatasetContext, refresh: Refresh, *, is_news: bool) -> None:
        """What follows from an end. What a former process imported says nothing about the config as it is now."""
        if is_news and refresh.status is DatasetStatus.SUCCEEDED and not self._steps:
            name = context.dataset.name
            await self.run.journal.accept_fingerprint(self.run.config_key, name, context.fingerprint)
        failed = refresh.status is not None and not refresh.status.is_success
        if failed and self.run.config.run.fail_fast and refresh.status is not DatasetStatus.CANCELLED:
            self.run.stop.hold(
                ErrorReport(
                    stage=None,
                    message="Stopped before its import, because another dataset did not succeed and run.fail_fast is "
                    "set.",
                    hint="Correct what failed first; then run what was cancelled.",
                )
            )

    async def _await_gates(self, driver: Driver) -> None:
        """Waits for what the dataset depends on. Every gate opens in the end, also in a run that is stopping."""
        name = driver.context.dataset.name
        not_succeeded = []
        for other in self.selection.gates[name]:
            gate = self._gates[other]
            if not gate.ended.is_set():
                shut = [one for one in self.selection.gates[name] if not self._gates[one].ended.is_set()]
                self.run.observer.waiting(name, listed(shut))
            await gate.ended.wait()
            if gate.status is None or not gate.status.is_success:
                not_succeeded.append(other)
        if not_succeeded and self.run.stop.level is not Level.HALT:
            await driver.record(RefreshEnded(DatasetStatus.BLOCKED, self._blocked(not_succeeded)))

    async def _await_turn(self, context: DatasetContext, refresh: Refresh) -> TurnCame | EarlierImportSucceeded:
        """Waits for a place, for the dataset's lease, and for imports of earlier runs."""
        warnings = await self._ungated_warnings(context)
        await self._take_lease(context.dataset, with_place=True)
        await settle_earlier_imports(context)
        return (await seen_to_succeed(context) if self._makes_up else None) or TurnCame(warnings)

    async def _confirm(self, context: DatasetContext) -> None:
        """The last moment before the import: a process that was frozen meanwhile may have lost its right to it."""
        dataset = context.dataset
        owner = self._leased[dataset.dataset_id]
        if not await self.run.journal.renew_lease(self.run.tenant_key, dataset.dataset_id, owner, LEASE_SECONDS):
            raise GuardError(
                "Another run has taken this dataset over, since this one did not show a sign of life for a while; two "
                "imports at once could delete what the other wrote. Nothing was imported.",
                hint=f"See what became of it there; if need be, then: {context.again()}",
            )

    def _blocked(self, names: list[str]) -> ErrorReport:
        what = ", ".join(f"{name} ({self._gates[name].status or 'not ended'})" for name in names)
        return ErrorReport(
            stage=None,
            message=f"Not started, because it depends on what did not succeed: {what}. Nothing was sent for it.",
            hint=f"Correct {', '.join(names)} first; then run both again.",
            blocked_by=tuple(names),
        )

    async def _ungated_warnings(self, context: DatasetContext) -> tuple[str, ...]:
        """A dependency outside of the run does not gate, but the user should know if it is not in order."""
        by_name = {dataset.name: dataset for dataset in self.run.config.datasets}
        warnings = []
        for other in self.selection.ungated[context.dataset.name]:
            last = await self.run.journal.last_outcome(self.run.tenant_key, by_name[other].dataset_id)
            if last is not None and not last.status.is_success:
                warnings.append(
                    f"It depends on {other}, which is not part of this run and last ended {last.status} "
                    f"(run {last.run_id})."
                )
                self.run.observer.warned(context.dataset.name, warnings[-1])
        return tuple(warnings)

    async def _take_place(self, name: str) -> None:
        self.run.observer.waiting(name, "a place")
        await self._places.acquire(self._ranks[name])
        self._placed.add(name)

    def _leave_place(self, name: str) -> None:
        if name in self._placed:
            self._placed.discard(name)
            self._places.release()

    async def _take_lease(self, dataset: Dataset, *, with_place: bool = False) -> None:
        """The sole right to refresh this dataset, and one of the run's places along with it: neither is held while the
        other is waited for. Raises GuardError while another run has the lease."""
        owner = replace(self._owner, dataset=dataset.name)
        deadline = self.run.clock.monotonic() + self._wait_lock
        while True:
            if with_place:
                await self._take_place(dataset.name)
            holder = await self.run.journal.acquire_lease(self.run.tenant_key, dataset.dataset_id, owner, LEASE_SECONDS)
            if holder is None:
                self._leased[dataset.dataset_id] = owner
                return
            if self.run.clock.monotonic() >= deadline:
                raise GuardError(
                    f"Run {holder.run_id} (process {holder.pid} on {holder.host}) is refreshing this dataset right "
                    "now; two imports at once could delete what the other wrote. Nothing was sent.",
                    hint=f"Wait for its end (`{self.run.typed.status(holder.run_id)}`), or use --wait-lock 10m.",
                )
            self._leave_place(dataset.name)
            owner_text = f"run {holder.run_id} (process {holder.pid} on {holder.host})"
            self.run.observer.waiting(dataset.name, owner_text)
            await self.run.clock.sleep(_LEASE_LOOK)

    async def _keep_leases(self) -> None:
        while True:
            await self.run.clock.sleep(LEASE_SECONDS / 3)
            for dataset_id, owner in list(self._leased.items()):
                if await self.run.journal.renew_lease(self.run.tenant_key, dataset_id, owner, LEASE_SECONDS):
                    continue
                if dataset_id in self._leased:  # otherwise it was given back in that moment
                    self.run.observer.warned(owner.dataset, "Its lease was lost: another run may refresh it as well.")

    async def _leave(self, dataset: Dataset) -> None:
        """Gives back lease, spool and place, also while the run is being cancelled."""
        with anyio.CancelScope(shield=True):
            owner = self._leased.pop(dataset.dataset_id, None)
            if owner is not None:
                await self.run.journal.release_lease(self.run.tenant_key, dataset.dataset_id, owner)
            await anyio.to_thread.run_sync(self._folders.spool.clear, dataset.name)
        self._leave_place(dataset.name)


def to_take_up(datasets: Iterable[Dataset], refreshes: Mapping[str, Refresh]) -> set[str]:
    """Of what a former process left, the names of what is still open, and of what was blocked by something open."""
    still_open = {name for name, one in refreshes.items() if one.status in (None, DatasetStatus.UNKNOWN)}
    waiting = dependents(datasets, still_open)
    return still_open | {name for name in waiting & refreshes.keys() if refreshes[name].status is DatasetStatus.BLOCKED}


def _first(errors: BaseExceptionGroup[StateError]) -> StateError:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, StateError)  # noqa: S101 - `except*` lets nothing else in
    return found
