"""Before a dataset's turn: is an import of an earlier run still running? Did the one that is made up for succeed?

Two imports of one dataset at once could delete what the other wrote, and a run that was killed while its job ran leaves
such a job behind. Its ticket tells when it is over; where there is no ticket any more, time does: `poll.timeout` has
passed since the temporary file that it would read was gone. As long as a ticket says that the job goes on, no time is
long enough.
"""

from dataclasses import replace
from datetime import datetime

from bulkimport.clock import parse_timestamp
from bulkimport.errors import BulkimportError, GuardError, TenantError
from bulkimport.identity import differences
from bulkimport.journal import UnsettledImport
from bulkimport.model import DatasetStatus
from bulkimport.refresh.collecting import collect_result
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.events import EarlierImportSucceeded, ImportRequested, PayloadChecked, ResultCollected
from bulkimport.refresh.machine import Refresh, replay
from bulkimport.refresh.pacing import over_at, poll_delays
from bulkimport.refresh.searching import result_is_there


async def settle_earlier_imports(context: DatasetContext) -> None:
    """Returns once no import of an earlier run can be running. Raises GuardError if that stays open."""
    run, dataset = context.run, context.dataset
    for earlier in await run.journal.unsettled_imports(run.tenant_key, dataset.dataset_id):
        if earlier.run_id == run.run_id:
            continue
        run.observer.waiting(dataset.name, f"an import of run {earlier.run_id}")
        note = await _wait_for_end(context, earlier)
        await run.journal.settle(earlier.run_id, earlier.dataset, note)


async def seen_to_succeed(context: DatasetContext) -> EarlierImportSucceeded | None:
    """Whether the dataset's last import, whose end its run did not see, has succeeded after all.

    To be asked once no import can be running. The result, which tells, is stored as this run's. None where the import
    did not succeed, where that cannot be told, and where the dataset's config has changed since.
    """
    run, dataset = context.run, context.dataset
    last = await run.journal.last_import(run.tenant_key, dataset.dataset_id)
    if last is None or last.run_id == run.run_id or differences(last.fingerprint, context.fingerprint):
        return None
    refresh = replay(entry.event for entry in last.entries)
    is_unseen = refresh.status is DatasetStatus.UNKNOWN or refresh.state.may_have_imported
    if refresh.payload is None or not is_unseen:
        return None
    try:
        result_url = await _result_url(context, refresh)
        found = None if result_url is None else await collect_result(context, replace(refresh, result_url=result_url))
    except TenantError:
        raise
    except BulkimportError:
        return None
    if not isinstance(found, ResultCollected) or found.status is not DatasetStatus.SUCCEEDED:
        return None
    note = f"The import that run {last.run_id} submitted has succeeded since; nothing was imported again."
    run.observer.warned(dataset.name, note)
    return EarlierImportSucceeded(
        last.run_id,
        refresh.payload,
        PayloadChecked(refresh.baseline or "none", refresh.held, refresh.changes, refresh.cache_key),
        found.items,
        (note, *found.warnings),
    )


async def _result_url(context: DatasetContext, refresh: Refresh) -> str | None:
    if refresh.result_url is not None:
        return refresh.result_url
    if refresh.ticket_url is not None:
        ticket = await context.run.client.read_ticket(refresh.ticket_url)
        return ticket.result_url if ticket.status == "completed" else None
    if refresh.location is not None and await result_is_there(context, refresh):
        return refresh.location.get_url
    return None


async def _wait_for_end(context: DatasetContext, earlier: UnsettledImport) -> str:
    clock, poll = context.run.clock, context.dataset.poll
    refresh = replay(entry.event for entry in earlier.entries)
    requested = max(entry.at for entry in earlier.entries if isinstance(entry.event, ImportRequested))
    deadline = clock.monotonic() + poll.timeout
    for delay in poll_delays(poll, context.run.rng):
        note, goes_on = await _end_of(context, refresh)
        if note is None and not goes_on and _too_old(refresh, requested, clock.now(), poll.timeout):
            note = "too long ago to be running"
        if note is not None:
            return note
        remaining = deadline - clock.monotonic()
        if remaining <= 0:
            break
        await clock.sleep(min(delay, remaining))
    raise GuardError(
        f"An import of this dataset by run {earlier.run_id} may still be running, and its end was not seen within "
        f"{poll.timeout:g} s. A second one beside it could delete what the first one wrote; nothing was sent.",
        hint=f"Wait for that job to end in Orgvue, then look at it again: {await _again(context, earlier.run_id)}",
    )


async def _again(context: DatasetContext, run_id: str) -> str:
    """The command that looks again at an import of the run, and makes it once more only where it did not succeed."""
    name, typed = context.dataset.name, context.run.typed
    run = await context.run.journal.run(run_id)
    if run is not None and run.command == "restore":
        return typed.restore(name, run.parent_run_id)
    return typed.command("run", "--failed", run_id, "--only", name)


async def _end_of(context: DatasetContext, refresh: Refresh) -> tuple[str | None, bool]:
    """How the job is known to be over, or None; and whether it is known to go on."""
    try:
        if refresh.ticket_url is None:
            return ("its result was found" if await result_is_there(context, refresh) else None), False
        ticket = await context.run.client.read_ticket(refresh.ticket_url)
    except TenantError:
        raise
    except BulkimportError:
        return None, False
    is_over = ticket.status in ("completed", "failed")
    return (f"its job {ticket.status}" if is_over else None), not is_over


def _too_old(refresh: Refresh, requested: datetime, now: datetime, timeout: float) -> bool:
    location = refresh.location
    return now >= over_at(requested if location is None else parse_timestamp(location.expires_at), timeout)
