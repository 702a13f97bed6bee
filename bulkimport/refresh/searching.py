"""SEARCHING: an import request was sent and its answer never came.

The result of a job is written to the location that the request named, so a result there proves that the import ran. A
changed `cacheKey` of the dataset is a sign of it. Another import is only possible once no earlier one can be running:
when a job that had begun in the last moment of its temporary file would be over, and the dataset is unchanged.
"""

from dataclasses import replace

from bulkimport.errors import ServiceError
from bulkimport.model import DatasetStatus, ErrorReport, Payload, Stage
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.events import ImportFound, ImportRuledOut, RefreshEnded
from bulkimport.refresh.machine import Refresh
from bulkimport.refresh.pacing import over_at, poll_delays
from bulkimport.refresh.sending import cache_key_changed, location_of

_HEAD = 4096
"""Bytes to look at: where the store keeps the result compressed, fewer would unpack to nothing."""
_OWN_BEGINNING = b'[{"_action":'
"""How every JSON payload starts, whatever its first action; a CSV payload does not look like a result at all."""
_OF_RESULTS_ALONE = b'"_status"'


async def search_import(context: DatasetContext, refresh: Refresh) -> ImportFound | ImportRuledOut | RefreshEnded:
    """Watches the location until the result appears or `poll.timeout` is over."""
    clock, poll = context.run.clock, context.dataset.poll
    deadline = clock.monotonic() + poll.timeout
    for looks, delay in enumerate(poll_delays(poll, context.run.rng), start=1):
        if await result_is_there(context, refresh):
            return ImportFound()
        remaining = deadline - clock.monotonic()
        if remaining <= 0:
            break
        context.run.observer.polled(context.dataset.name, looks, "looking for the import")
        await clock.sleep(min(delay, remaining))
    changed = await cache_key_changed(context, refresh)
    if changed is False and clock.now() >= over_at(location_of(refresh).expires_at, poll.timeout):
        return ImportRuledOut("no job can be running any more, no result appeared, and the dataset is unchanged")
    return _unknown(context, refresh, changed, poll.timeout)


async def result_is_there(context: DatasetContext, refresh: Refresh) -> bool:
    """Whether the job's result has taken the payload's place at the location."""
    payload = refresh.payload
    assert payload is not None  # noqa: S101 - SEARCHING follows SourceRead
    try:
        head = await context.run.client.read_stored_head(location_of(refresh), _HEAD)
    except ServiceError:
        return False
    return head is not None and is_result(head, payload)


def is_result(head: bytes, payload: Payload) -> bool:
    """Whether these first bytes belong to a result rather than to the payload that was uploaded there."""
    text = head.lstrip()
    if payload.rows == 0 and payload.format == "json":
        return text.startswith(b"[") and not text[1:].lstrip().startswith(b"]")
    return text.startswith(b"[") and (not text.startswith(_OWN_BEGINNING) or _OF_RESULTS_ALONE in text)


def look_again(context: DatasetContext) -> str:
    """What settles an import whose end was not seen; another run would be refused as long as it may be running."""
    command = context.run.typed.command("run", "--resume", context.run.run_id)
    return f"Once no job of it is running in Orgvue, have the import looked at again: {command}"


def _unknown(context: DatasetContext, refresh: Refresh, changed: bool | None, waited: float) -> RefreshEnded:
    signs = {
        True: "The dataset has changed meanwhile, so it was probably applied.",
        False: "The dataset is unchanged so far, but the job may still be running.",
        None: "Whether the dataset has changed could not be told.",
    }
    lost = refresh.lost or ErrorReport(Stage.IMPORT, "The answer to the import request was not seen.", "")
    return RefreshEnded(
        DatasetStatus.UNKNOWN,
        replace(
            lost,
            stage=Stage.IMPORT,
            message=f"{lost.message} No result appeared within {waited:g} s, so whether the import was taken up is not "
            f"known. {signs[changed]}",
            hint=look_again(context),
            trace_id=lost.trace_id or (refresh.trace_ids[-1] if refresh.trace_ids else None),
            retryable=False,  # what cannot be sent again before it is known to have ended
        ),
    )
