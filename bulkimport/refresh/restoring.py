"""The steps of a restore that differ from a refresh's: the payload comes from backups, not from a source."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import anyio.to_thread

from bulkimport import guards
from bulkimport.errors import GuardError, SourceError, UnavailableError
from bulkimport.folders import require_space
from bulkimport.guards import Baseline
from bulkimport.json_stream import JsonStreamError
from bulkimport.model import Changes, Dataset, DatasetStatus, ErrorReport, Payload, Stage
from bulkimport.orgvue.wire import DatasetMetadata
from bulkimport.properties import ENDS_OF_LINKS, check_properties
from bulkimport.refresh import sending
from bulkimport.refresh.checking import comparison_of
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.driver import STEPS, Step
from bulkimport.refresh.events import (
    DatasetChanged,
    Event,
    ImportAccepted,
    ImportReplyLost,
    LocationExpired,
    NothingToSend,
    PayloadChecked,
    RefreshEnded,
    SourceRead,
)
from bulkimport.refresh.machine import Command, Refresh
from bulkimport.snapshot.restoration import Restoration, RestoreRequest, Undo, restore, unpacked_size
from bulkimport.wording import restore_again

FindUndo = Callable[[], Awaitable[tuple[Undo, ...]]]
Approve = Callable[[Changes, int], Awaitable[bool]]
_AFTER_IMPORT = (Command.SEARCH_IMPORT, Command.POLL_JOB, Command.COLLECT_RESULT)


class Restoring:
    """Undoes the imports that `find_undo` names, the oldest first, once `approve` has seen what that would change.

    `find_undo` is asked when no other run can import the dataset any more. `again` gives the command that restores once
    more.
    """

    def __init__(self, find_undo: FindUndo, approve: Approve, again: guards.Again) -> None:
        self._find_undo = find_undo
        self._approve = approve
        self._again = again
        self._found: Restoration | None = None
        self._metadata: DatasetMetadata | None = None

    @property
    def steps(self) -> Mapping[Command, Step]:
        return {
            Command.READ_SOURCE: self.read_backups,
            Command.CHECK_PAYLOAD: self.check_restoration,
            Command.SUBMIT_IMPORT: self.submit_import,
            **{command: self._looking_again(STEPS[command]) for command in _AFTER_IMPORT},
        }

    def _looking_again(self, step: Step) -> Step:
        """The step of any refresh; where the import's end was not seen, a restore is made again, not run or resumed."""

        async def perform(context: DatasetContext, refresh: Refresh) -> Event:
            event = await step(context, refresh)
            if isinstance(event, RefreshEnded) and event.status is DatasetStatus.UNKNOWN:
                return replace(event, error=replace(event.error, hint=restore_again(self._again())))
            return event

        return perform

    async def read_backups(self, context: DatasetContext, refresh: Refresh) -> SourceRead:
        """What the dataset holds now, and from the backups the payload that puts it back."""
        dataset, files, client = context.dataset, context.files, context.run.client
        undo = await self._find_undo()
        self._metadata = metadata = await client.metadata(dataset.dataset_id)
        size = await client.download_items(dataset.dataset_id, files.items)
        try:
            size += await anyio.to_thread.run_sync(unpacked_size, undo)
        except OSError as error:
            raise SourceError(f"A backup cannot be read: {error}", "See that the runs' folders are whole.") from error
        await anyio.to_thread.run_sync(require_space, files.spool, 2 * size)
        try:
            self._found = await context.run.workers.run(restore, _request(context, undo, metadata), size=size)
        except JsonStreamError as error:
            raise UnavailableError(
                f"The items in Orgvue could not be read: {error}. Nothing was sent.",
                hint=f"Restore again later: {self._again()}",
                stage=Stage.SOURCE,
            ) from error
        await anyio.to_thread.run_sync(files.items.unlink)
        for warning in self._found.payload.warnings:
            context.run.observer.warned(dataset.name, warning)
        return SourceRead(self._found.payload)

    async def check_restoration(
        self, context: DatasetContext, refresh: Refresh
    ) -> PayloadChecked | NothingToSend | RefreshEnded:
        """The same guards as for any load, after the plan was shown and approved."""
        found, metadata = self._found, self._metadata
        assert found is not None  # noqa: S101 - CHECKING follows read_backups, in one process
        assert metadata is not None  # noqa: S101 - as above
        if not found.payload.rows:
            return NothingToSend(found.held)
        if not await self._approve(found.changes, found.held):
            error = ErrorReport(
                None, "The restore was not approved; nothing was sent.", f"To be asked again: {self._again()}"
            )
            return RefreshEnded(DatasetStatus.CANCELLED, error, changes=found.changes, baseline="live")
        try:
            self._check(context, found, metadata)
        except GuardError as error:
            return RefreshEnded(DatasetStatus.REFUSED, error.report(), changes=found.changes, baseline="live")
        return PayloadChecked("live", found.held, found.changes, metadata.cache_key)

    def _check(self, context: DatasetContext, found: Restoration, metadata: DatasetMetadata) -> None:
        check_restorable(context.dataset, found.payload, metadata)
        baseline = Baseline("live", found.held, found.changes)
        try:
            guards.check_changes(context.dataset, found.payload, baseline, context.allowance, self._again)
        except GuardError as error:
            hint = error.hint.replace("Look at the source", "Look at what the restore would change")
            raise GuardError(error.message, hint=hint) from error

    async def submit_import(
        self, context: DatasetContext, refresh: Refresh
    ) -> ImportAccepted | ImportReplyLost | LocationExpired:
        """As for any load, but what was approved no longer holds once the dataset has changed."""
        event = await sending.submit_import(context, refresh)
        if isinstance(event, DatasetChanged):
            raise GuardError(
                "The dataset has changed in Orgvue while the restore was prepared; nothing was sent.",
                hint=f"Restore again, to see and approve what that would change now: {self._again()}",
            )
        return event


def check_restorable(dataset: Dataset, payload: Payload, metadata: DatasetMetadata) -> None:
    """Raises GuardError where the dataset has lost properties since, or matches items by another one than the key."""
    types = {key: one.type for key, one in metadata.properties.items()}
    try:
        check_properties(dataset, payload.columns, types, metadata.auto_id)
    except GuardError as error:
        raise GuardError(
            f"{error.message} The backup cannot be put back into the dataset as it is now; nothing was sent.",
            hint="Give the dataset back the properties that it had, or correct the config, then restore again.",
        ) from error


def _request(context: DatasetContext, undo: tuple[Undo, ...], metadata: DatasetMetadata) -> RestoreRequest:
    dataset, files = context.dataset, context.files
    assert files.backup is not None  # noqa: S101 - a restore imports, so it keeps a backup of its own
    assert files.created is not None  # noqa: S101 - as above
    return RestoreRequest(
        undo=undo,
        items_path=str(files.items),
        comparison=comparison_of(dataset, metadata),
        computed=_computed(dataset.key, metadata.auto_id),
        payload_path=str(files.spool / f"restore-{secrets.token_hex(4)}.json"),
        scratch=str(files.spool),
        backup_path=str(files.backup),
        created_path=str(files.created),
    )


def _computed(key: tuple[str, ...], auto_id: str | None) -> frozenset[str]:
    """What Orgvue computes itself: the auto id of links, which comes of their two ends."""
    return frozenset({auto_id} if auto_id is not None and set(key) == ENDS_OF_LINKS else ())
