"""What a run would do, without doing it: every dataset's source is read and checked, and nothing is changed."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Literal

import anyio
import anyio.to_thread

from bulkimport import guards
from bulkimport.errors import BulkimportError, GuardError, TenantError
from bulkimport.folders import DatasetFiles, Spool
from bulkimport.model import Changes, Dataset, ErrorReport, Payload, Stage
from bulkimport.orgvue.wire import DatasetMetadata
from bulkimport.payload import ColumnPreview
from bulkimport.plan import Selection, dependents
from bulkimport.refresh.checking import check_payload, check_structure
from bulkimport.refresh.context import DatasetContext, RunContext, UploadSlot
from bulkimport.refresh.events import RefreshEnded
from bulkimport.refresh.link_ends import LinkEnds
from bulkimport.refresh.machine import Refresh, State
from bulkimport.refresh.reading import preview_source, read_source

PlanStatus = Literal["ready", "refused", "failed", "blocked"]


class Depth(IntEnum):
    """How much is looked at: the source alone, also the dataset's properties, or also the items it holds."""

    SOURCE = 1
    PROPERTIES = 2
    ITEMS = 3


@dataclass(frozen=True, slots=True)
class PlannedDataset:
    """What would become of one dataset; `changes` is None where they could not be told.

    A check tells of `source_columns`, and online of `property_types`, which maps Orgvue's property keys to their types.
    """

    name: str
    dataset_id: str
    status: PlanStatus
    payload: Payload | None = None
    baseline: str | None = None
    held: int | None = None
    changes: Changes | None = None
    error: ErrorReport | None = None
    warnings: tuple[str, ...] = ()
    source_columns: tuple[ColumnPreview, ...] = ()
    property_types: Mapping[str, str] | None = None

    def redacted(self, redact: Callable[[str], str]) -> "PlannedDataset":
        """The same with `redact` applied to the texts of errors and warnings, some of which came from elsewhere."""
        error = self.error and self.error.redacted(redact)
        return replace(self, error=error, warnings=tuple(map(redact, self.warnings)))


class Planner:
    """Plans the datasets of one selection, several at once."""

    def __init__(
        self,
        run: RunContext,
        spool: Spool,
        selection: Selection,
        depth: Depth,
        metadata: Mapping[str, DatasetMetadata] | None = None,
    ) -> None:
        """`metadata`: of the datasets, by name, as far as Orgvue was asked for it already."""
        self._run = run
        self._metadata = metadata or {}
        self._spool = spool
        self._selection = selection
        self._depth = depth
        self._places = anyio.CapacityLimiter(run.config.run.max_parallel_datasets)
        self._links = LinkEnds(selection, spool.kept)
        self._found: dict[str, PlannedDataset] = {}

    async def plan_all(self) -> list[PlannedDataset]:
        """One entry a dataset, in the order of the config.

        Where the tenant refuses every request, all that was not planned until then has failed for that reason.
        """
        failure: TenantError | None = None
        async with anyio.create_task_group() as group:

            async def plan_one(dataset: Dataset) -> None:
                nonlocal failure
                try:
                    async with self._places:
                        self._found[dataset.name] = await self._plan(dataset)
                except TenantError as error:
                    failure = failure or error
                    group.cancel_scope.cancel()

            for dataset in self._selection.datasets:
                group.start_soon(plan_one, dataset)
        if failure is not None:
            self._give_up(failure.report())
        for dataset in self._selection.datasets:
            self._found[dataset.name] = await self._with_links(dataset)
        stopped = {name for name, planned in self._found.items() if planned.status != "ready"}
        stopped |= dependents(self._selection.datasets, stopped)
        return [self._gated(dataset, stopped) for dataset in self._selection.datasets]

    def _give_up(self, error: ErrorReport) -> None:
        for dataset in self._selection.datasets:
            missing = PlannedDataset(dataset.name, dataset.dataset_id, "failed", error=error)
            self._found.setdefault(dataset.name, missing)

    async def _with_links(self, dataset: Dataset) -> PlannedDataset:
        """Links are looked at when all that they join was read; a dataset of any other kind stays as it was planned."""
        planned = self._found[dataset.name]
        if planned.status != "ready" or self._depth is not Depth.ITEMS:
            return planned
        try:
            warning = await self._links.check(self._context(dataset, self._spool.folder / dataset.name))
        except BulkimportError as error:
            return _stopped_by(error, planned)
        return planned if warning is None else replace(planned, warnings=(*planned.warnings, warning))

    def _context(self, dataset: Dataset, spool: Path) -> DatasetContext:
        files = DatasetFiles(spool, spool / "items.json", spool / "result.json", spool / "failed.ndjson", backup=None)
        return DatasetContext(self._run, dataset, files, UploadSlot(self._run.uploads))

    async def _plan(self, dataset: Dataset) -> PlannedDataset:
        spool = await anyio.to_thread.run_sync(self._spool.of, dataset.name)
        context = self._context(dataset, spool)
        planned = PlannedDataset(dataset.name, dataset.dataset_id, "ready")
        self._run.observer.state_changed(dataset.name, State.READING)
        try:
            planned, payload = await self._read(context, planned)
            if self._depth is not Depth.ITEMS and self._run.extracts is not None:
                await self._run.extracts.check(context)
            if self._depth is Depth.PROPERTIES:
                metadata = self._metadata.get(dataset.name) or await self._run.client.metadata(dataset.dataset_id)
                planned = replace(planned, property_types={key: one.type for key, one in metadata.properties.items()})
                await check_structure(context, payload, metadata)
                return planned
            return await self._check(context, planned, payload)
        except TenantError:
            raise
        except BulkimportError as error:
            return _stopped_by(error, planned)
        except Exception as error:  # noqa: BLE001 - a defect in one dataset must not hide the others
            self._run.observer.defect(dataset.name, error)
            return replace(planned, status="failed", error=_defect(error, planned))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._spool.clear, dataset.name)

    async def _read(self, context: DatasetContext, planned: PlannedDataset) -> tuple[PlannedDataset, Payload]:
        if self._depth is Depth.ITEMS:
            payload = (await read_source(context, Refresh())).payload
            await self._links.keep(context.dataset, payload)
            return replace(planned, payload=payload, warnings=payload.warnings), payload
        payload, columns = await preview_source(context)
        return replace(planned, payload=payload, source_columns=columns, warnings=payload.warnings), payload

    async def _check(self, context: DatasetContext, planned: PlannedDataset, payload: Payload) -> PlannedDataset:
        self._run.observer.state_changed(context.dataset.name, State.CHECKING)
        if self._depth is Depth.SOURCE:
            guards.check_rows(context.dataset, payload, context.again)
            return planned
        event = await check_payload(context, Refresh(state=State.CHECKING, payload=payload), counts_anyway=True)
        planned = replace(
            planned, baseline=event.baseline, changes=event.changes, warnings=(*planned.warnings, *event.warnings)
        )
        if isinstance(event, RefreshEnded):
            return replace(planned, status="refused", error=event.error)
        return replace(planned, held=event.held)

    def _gated(self, dataset: Dataset, stopped: Set[str]) -> PlannedDataset:
        """A dataset that depends on one that would not be imported (is `stopped`) would be blocked."""
        planned = self._found[dataset.name]
        blocking = [name for name in self._selection.gates[dataset.name] if name in stopped]
        if planned.status != "ready" or not blocking:
            return planned
        error = ErrorReport(
            stage=None,
            message=f"It depends on what would not be imported: {', '.join(blocking)}.",
            hint=f"Correct {', '.join(blocking)} first.",
            blocked_by=tuple(blocking),
        )
        return replace(planned, status="blocked", error=error)


def _stopped_by(error: BulkimportError, planned: PlannedDataset) -> PlannedDataset:
    report = error.report()
    status: PlanStatus = "refused" if isinstance(error, GuardError) else "failed"
    return replace(planned, status=status, error=replace(report, stage=report.stage or Stage.GUARD))


def _defect(error: Exception, planned: PlannedDataset) -> ErrorReport:
    return ErrorReport(
        stage=Stage.SOURCE if planned.payload is None else Stage.GUARD,
        message=f"bulkimport itself failed while it looked at this dataset ({type(error).__name__}).",
        hint="This is a defect of the program: please report it with the log, which has the details.",
    )
