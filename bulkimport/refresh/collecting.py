"""COLLECTING: the result is stored, counted and judged."""

from bulkimport.collection import Collected, collect
from bulkimport.errors import ServiceError
from bulkimport.json_stream import JsonStreamError
from bulkimport.model import DatasetStatus, ErrorReport, Stage
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.events import RefreshEnded, ResultCollected
from bulkimport.refresh.machine import Refresh
from bulkimport.refresh.searching import result_is_there
from bulkimport.results import judge


async def collect_result(context: DatasetContext, refresh: Refresh) -> ResultCollected | RefreshEnded:
    """Downloads the result, from its link or else from the location to which it was written as well."""
    assert refresh.result_url is not None  # noqa: S101 - COLLECTING follows JobCompleted or ImportFound
    try:
        return _judged(context, refresh, await _collect_from(context, refresh.result_url))
    except (ServiceError, JsonStreamError) as error:
        collected = await _collect_from_location(context, refresh)
        if collected is None:
            return RefreshEnded(DatasetStatus.UNKNOWN, _unreadable(refresh, error))
        return _judged(context, refresh, collected)


async def _collect_from_location(context: DatasetContext, refresh: Refresh) -> Collected | None:
    location = refresh.location
    if location is None or location.get_url == refresh.result_url or not await result_is_there(context, refresh):
        return None
    try:
        return await _collect_from(context, location.get_url)
    except (ServiceError, JsonStreamError):
        return None


async def _collect_from(context: DatasetContext, url: str) -> Collected:
    files = context.files
    size = await context.run.client.download(url, files.result)
    return await context.run.workers.run(collect, str(files.result), str(files.failed), context.dataset.key, size=size)


def _judged(context: DatasetContext, refresh: Refresh, collected: Collected) -> ResultCollected:
    rows = refresh.payload.rows if refresh.payload else 0
    allowed = context.dataset.guards.allow_item_errors
    failed_file = str(context.files.failed)
    judgement = judge(collected.items, collected.implicit, rows, allowed, collected.reasons, failed_file)
    warnings = _unforeseen(context, refresh, collected)
    return ResultCollected(judgement.status, collected.items, judgement.error, warnings)


def _unforeseen(context: DatasetContext, refresh: Refresh, collected: Collected) -> tuple[str, ...]:
    """More deletions than the guards had seen: for instance of items that somebody added in between."""
    foreseen, found = refresh.changes, collected.items.deleted
    if foreseen is None or found <= foreseen.deleted:
        return ()
    if refresh.baseline == "live":
        message = (
            f"The import deleted {found:,} items, while {foreseen.deleted:,} were foreseen: the dataset changed in "
            "Orgvue between the check and the import, or Orgvue matches keys in another way than they were compared."
        )
    else:
        message = (
            f"The import deleted {found:,} items, while the last successful run's numbers let foresee "
            f"{foreseen.deleted:,}. The items could not be looked at before it, so there is no backup of them."
        )
    context.run.observer.warned(context.dataset.name, message)
    return (message,)


def _unreadable(refresh: Refresh, failure: Exception) -> ErrorReport:
    return ErrorReport(
        stage=Stage.RESULT,
        message=f"The job completed, but its result could not be read ({failure}), so what became of the items is not "
        "known.",
        hint="Look at the dataset in Orgvue, and run this dataset again: what is applied already is then skipped.",
        http_status=failure.http_status if isinstance(failure, ServiceError) else None,
        trace_id=refresh.trace_ids[-1] if refresh.trace_ids else None,
        retryable=True,
    )
