"""The steps of a restore that differ from a refresh's: the payload comes from backups, not from a source."""

import secrets
from collections.abc import Awaitable, Callable, Mapping

import anyio.to_thread

from bulkimport import guards
from bulkimport.errors import GuardError, SourceError
from bulkimport.guards import Baseline
from bulkimport.json_stream import JsonStreamError
from bulkimport.model import Changes, DatasetStatus, ErrorReport
from bulkimport.refresh.checking import comparison_of
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.driver import Step
from bulkimport.refresh.events import NothingToSend, PayloadChecked, RefreshEnded, SourceRead
from bulkimport.refresh.machine import Command, Refresh
from bulkimport.snapshot.restoration import Restoration, RestoreRequest, Undo, restore

Approve = Callable[[Changes, int], Awaitable[bool]]


class Restoring:
    """Undoes the imports of `undo`, the oldest first, once `approve` has seen what that would change."""

    def __init__(self, undo: tuple[Undo, ...], approve: Approve) -> None:
        self._undo = undo
        self._approve = approve
        self._found: Restoration | None = None
        self._cache_key: str | None = None

    @property
    def steps(self) -> Mapping[Command, Step]:
        return {Command.READ_SOURCE: self.read_backups, Command.CHECK_PAYLOAD: self.check_restoration}

    async def read_backups(self, context: DatasetContext, refresh: Refresh) -> SourceRead:
        """What the dataset holds now, and from the backups the payload that puts it back."""
        dataset, files, client = context.dataset, context.files, context.run.client
        assert files.backup is not None  # noqa: S101 - a restore imports, so it keeps a backup of its own
        assert files.created is not None  # noqa: S101 - as above
        metadata = await client.metadata(dataset.dataset_id)
        self._cache_key = metadata.cache_key
        size = await client.download_items(dataset.dataset_id, files.items)
        computed = {metadata.auto_id} if metadata.auto_id and metadata.auto_id not in dataset.key else set()
        request = RestoreRequest(
            undo=self._undo,
            items_path=str(files.items),
            comparison=comparison_of(dataset, metadata),
            computed=frozenset(computed),
            payload_path=str(files.spool / f"restore-{secrets.token_hex(4)}.json"),
            scratch=str(files.spool),
            backup_path=str(files.backup),
            created_path=str(files.created),
        )
        try:
            self._found = await context.run.workers.run(restore, request, size=size)
        except JsonStreamError as error:
            raise SourceError(
                f"The items in Orgvue could not be read: {error}. Nothing was sent.", "Restore again later."
            ) from error
        await anyio.to_thread.run_sync(files.items.unlink)
        return SourceRead(self._found.payload)

    async def check_restoration(
        self, context: DatasetContext, refresh: Refresh
    ) -> PayloadChecked | NothingToSend | RefreshEnded:
        """The same guards as for any load, after the plan was shown and approved."""
        found = self._found
        assert found is not None  # noqa: S101 - CHECKING follows read_backups, in one process
        if not found.payload.rows:
            return NothingToSend(found.held)
        baseline = Baseline("live", found.held, found.changes)
        if not await self._approve(found.changes, found.held):
            error = ErrorReport(
                None, "The restore was not approved; nothing was sent.", "Restore again to be asked again."
            )
            return RefreshEnded(DatasetStatus.CANCELLED, error, changes=found.changes, baseline="live")
        try:
            guards.check_changes(context.dataset, found.payload, baseline, context.allowance, context.run.config.path)
        except GuardError as error:
            return RefreshEnded(DatasetStatus.REFUSED, error.report(), changes=found.changes, baseline="live")
        return PayloadChecked("live", found.held, found.changes, self._cache_key)
