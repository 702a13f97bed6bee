from dataclasses import replace
from pathlib import Path

import pytest

from bulkimport.errors import NotThereYetError, TicketExpiredError, UnavailableError
from bulkimport.model import DatasetStatus, ItemCounts, Poll, Stage
from bulkimport.orgvue.wire import JobError, Ticket, parse_ticket
from bulkimport.refresh import events as e
from bulkimport.refresh.machine import Refresh, State, apply
from bulkimport.refresh.polling import poll_job
from tests.support.clock import FakeClock
from tests.support.refreshing import Bench, a_bench, a_record, csv_dataset, records

POLL = Poll(initial=1.0, max=30.0, timeout=600.0)


async def submitted(bench: Bench) -> Refresh:
    """A refresh whose import was accepted and is not over."""

    async def stop() -> None:
        bench.run.stop.halt()

    bench.service.before["poll"] = stop
    refresh = await (await bench.driver("people")).drive()
    assert refresh.state is State.POLLING
    bench.service.before.clear()
    bench.service.asked.clear()
    return refresh


async def test_the_ticket_is_looked_at_with_growing_pauses_until_the_job_ends(tmp_path: Path) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=POLL), clock=clock) as bench:
        bench.service.looks = 8
        refresh = await submitted(bench)
        clock.sleeps.clear()
        event = await poll_job(await bench.context("people"), refresh)
        assert isinstance(event, e.JobCompleted)
        assert clock.sleeps[0] < 1.5
        assert clock.sleeps[-1] > clock.sleeps[0]
        assert bench.witness.of("polled") == ["running"] * (bench.service.times("poll") - 1)


async def earlier_job(bench: Bench, clock: FakeClock, seconds: float) -> None:
    """A run before this one whose job took so long."""
    await bench.journal.start_run(a_record("run-0", clock.now()), records(bench.run.config.datasets))
    await bench.journal.append("run-0", "people", e.ImportRequested())
    await bench.journal.append("run-0", "people", e.ImportAccepted("https://store/ticket"))
    clock.advance(seconds)
    await bench.journal.append("run-0", "people", e.JobCompleted("https://store/result"))
    await bench.journal.append("run-0", "people", e.ResultCollected(DatasetStatus.SUCCEEDED, ItemCounts()))


@pytest.mark.parametrize(("learns", "at_least", "at_most"), [(True, 16.2, 19.8), (False, 0.9, 1.1)])
async def test_earlier_jobs_tell_when_to_look_first_unless_the_config_does(
    learns: bool, at_least: float, at_most: float, tmp_path: Path
) -> None:
    clock = FakeClock()
    dataset = csv_dataset(tmp_path, "people", poll=replace(POLL, learns=learns))
    async with a_bench(tmp_path, dataset, clock=clock) as bench:
        await earlier_job(bench, clock, 20.0)
        bench.service.looks = 1
        clock.sleeps.clear()
        assert (await (await bench.driver("people")).drive()).status is DatasetStatus.SUCCEEDED
        assert at_least <= clock.sleeps[-1] <= at_most


async def test_a_job_that_a_former_process_submitted_is_looked_at_soon(tmp_path: Path) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=POLL), clock=clock) as bench:
        await earlier_job(bench, clock, 20.0)
        resumed = apply(await submitted(bench), e.RefreshResumed())
        clock.sleeps.clear()
        assert isinstance(await poll_job(await bench.context("people"), resumed), e.JobCompleted)
        assert clock.sleeps[0] <= 1.1


async def test_a_ticket_that_is_not_there_yet_or_unreadable_is_waited_out(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=POLL), clock=FakeClock()) as bench:
        refresh = await submitted(bench)
        bench.service.errors["poll"] += [
            NotThereYetError("Nothing.", hint=""),
            UnavailableError("No answer.", hint=""),
            NotThereYetError("Nothing.", hint=""),
        ]
        event = await poll_job(await bench.context("people"), refresh)
        assert isinstance(event, e.JobCompleted)


async def test_a_failed_job_is_told_with_all_its_reasons(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=POLL), clock=FakeClock()) as bench:
        refresh = await submitted(bench)
        bench.service.fails_with = (JobError("One", "1", "first"), JobError(None, None, "second"))
        event = await poll_job(await bench.context("people"), refresh)
        assert isinstance(event, e.RefreshEnded)
        assert event.status is DatasetStatus.FAILED
        assert event.error.stage is Stage.POLL
        assert "One (1): first; second" in event.error.message
        assert event.error.trace_id == "Root=1-job"


async def test_a_status_that_nobody_has_heard_of_is_told_as_the_last_thing_seen(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=POLL), clock=FakeClock()) as bench:
        refresh = await submitted(bench)

        async def strange(url: str) -> Ticket:
            return parse_ticket({"jobStatus": "queued"}, url=url)

        bench.service.read_ticket = strange  # type: ignore[method-assign]
        event = await poll_job(await bench.context("people"), refresh)
        assert isinstance(event, e.RefreshEnded)
        assert "(last seen: the ticket has the unknown job status 'queued', taken for running)" in event.error.message
        assert "'queued'" in bench.witness.of("polled")[-1]


async def test_a_job_that_outlasts_the_timeout_is_unknown(tmp_path: Path) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=POLL), clock=clock) as bench:
        bench.service.looks = 10_000
        refresh = await submitted(bench)
        began = clock.monotonic()
        event = await poll_job(await bench.context("people"), refresh)
        assert isinstance(event, e.RefreshEnded)
        assert event.status is DatasetStatus.UNKNOWN
        assert "running" in event.error.message
        assert 600 <= clock.monotonic() - began < 700


@pytest.mark.parametrize("error", [TicketExpiredError, UnavailableError])
async def test_the_result_at_the_location_stands_in_for_a_ticket_that_does_not_tell(
    error: type[Exception], tmp_path: Path
) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=POLL), clock=FakeClock()) as bench:
        bench.service.looks = 1
        refresh = await submitted(bench)
        bench.service.errors["poll"] += [error("No.", hint="") for _ in range(1000)]  # type: ignore[call-arg] # ours
        event = await poll_job(await bench.context("people"), refresh)
        assert isinstance(event, e.JobCompleted)
        assert refresh.location is not None
        assert event.result_url == refresh.location.get_url


async def test_an_expired_ticket_without_a_result_is_unknown_once_the_location_is_gone(tmp_path: Path) -> None:
    clock = FakeClock()
    long = Poll(initial=1.0, max=30.0, timeout=36_000.0)
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=long), clock=clock) as bench:
        bench.service.looks = 10_000
        refresh = await submitted(bench)
        bench.service.errors["poll"].append(TicketExpiredError("Refused.", hint=""))
        began = clock.monotonic()
        event = await poll_job(await bench.context("people"), refresh)
        assert isinstance(event, e.RefreshEnded)
        assert event.status is DatasetStatus.UNKNOWN
        assert "no longer readable" in event.error.message
        assert clock.monotonic() - began < 1000
