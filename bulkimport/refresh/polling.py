"""POLLING: following the job by its ticket until its end is seen."""

from bulkimport.errors import NotThereYetError, ServiceError, TicketExpiredError
from bulkimport.forecast import JOBS_LOOKED_AT, first_look
from bulkimport.model import DatasetStatus, ErrorReport, Stage
from bulkimport.orgvue.wire import Ticket
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.events import JobCompleted, RefreshEnded
from bulkimport.refresh.machine import Refresh
from bulkimport.refresh.pacing import poll_delays
from bulkimport.refresh.searching import look_again, result_is_there
from bulkimport.refresh.sending import location_of


async def poll_job(context: DatasetContext, refresh: Refresh) -> JobCompleted | RefreshEnded:
    """Looks at the ticket with growing intervals until the job ends or `poll.timeout` is over.

    A ticket that is not there yet, or a store that does not answer, is waited out: the job runs all the same.
    """
    assert refresh.ticket_url is not None  # noqa: S101 - POLLING follows ImportAccepted
    clock, poll = context.run.clock, context.dataset.poll
    deadline = clock.monotonic() + poll.timeout
    last: str = "not seen"
    first = await _first_look(context, refresh)
    for looks, delay in enumerate(poll_delays(poll, context.run.rng, first), start=1):
        remaining = deadline - clock.monotonic()
        if remaining <= 0:
            return await _completed_unseen(context, refresh, deadline) or _unknown(
                context,
                refresh,
                f"The job was not over after {poll.timeout:g} s (last seen: {last}).",
                "If jobs of this dataset take so long, raise poll.timeout. ",
            )
        await clock.sleep(min(delay, remaining))
        try:
            ticket = await context.run.client.read_ticket(refresh.ticket_url)
        except TicketExpiredError as error:
            return await _completed_unseen(context, refresh, deadline) or _unknown(
                context, refresh, f"The job's ticket is no longer readable: {error.message}", ""
            )
        except NotThereYetError:
            last = "ticket not there yet"
        except ServiceError as error:
            last = "ticket unreadable"
            context.run.observer.warned(context.dataset.name, f"The job's ticket could not be read: {error.message}")
        else:
            last = ticket.remark or ticket.status
            ended = _end_of(ticket, refresh)
            if ended is not None:
                return ended
        context.run.observer.polled(context.dataset.name, looks, last)
    raise AssertionError("poll delays never end")


async def _first_look(context: DatasetContext, refresh: Refresh) -> float | None:
    """What earlier jobs tell. One that a former process submitted has been running for a while: nothing then."""
    if not context.dataset.poll.learns or not refresh.payload_at_hand:
        return None
    run, dataset = context.run, context.dataset
    return first_look(dataset.poll, await run.journal.job_durations(run.tenant_key, dataset.dataset_id, JOBS_LOOKED_AT))


def _end_of(ticket: Ticket, refresh: Refresh) -> JobCompleted | RefreshEnded | None:
    if ticket.status == "failed":
        return RefreshEnded(DatasetStatus.FAILED, _job_failed(ticket, refresh))
    if ticket.status == "completed" and ticket.result_url is not None:
        return JobCompleted(ticket.result_url)
    return None


async def _completed_unseen(context: DatasetContext, refresh: Refresh, deadline: float) -> JobCompleted | None:
    """The end of a job whose ticket does not tell: a completed job leaves its result at the location as well.

    Looks until the deadline, or until the location can no longer be read.
    """
    clock, poll, location = context.run.clock, context.dataset.poll, location_of(refresh)
    for delay in poll_delays(poll, context.run.rng):
        if await result_is_there(context, refresh):
            return JobCompleted(location.get_url)
        remaining = min(deadline - clock.monotonic(), (location.expires_at - clock.now()).total_seconds())
        if remaining <= 0:
            return None
        await clock.sleep(min(delay, remaining))
    raise AssertionError("poll delays never end")


def _job_failed(ticket: Ticket, refresh: Refresh) -> ErrorReport:
    first = ticket.errors[0] if ticket.errors else None
    reasons = "; ".join(f"{e.name} ({e.code}): {e.message}" if e.code else e.message for e in ticket.errors)
    return ErrorReport(
        stage=Stage.POLL,
        message=f"The import job failed: {reasons or 'the ticket gives no reason'}. Whether some items were "
        "changed Orgvue does not say.",
        hint="Correct what the job names and run this dataset again; Orgvue's support can look it up by the trace id.",
        code=first.code if first else None,
        name=first.name if first else None,
        trace_id=ticket.trace_id or (refresh.trace_ids[-1] if refresh.trace_ids else None),
    )


def _unknown(context: DatasetContext, refresh: Refresh, message: str, before: str) -> RefreshEnded:
    return RefreshEnded(
        DatasetStatus.UNKNOWN,
        ErrorReport(
            stage=Stage.POLL,
            message=f"{message} The import may have been applied, or may still be running.",
            hint=before + look_again(context),
            trace_id=refresh.trace_ids[-1] if refresh.trace_ids else None,
        ),
    )
