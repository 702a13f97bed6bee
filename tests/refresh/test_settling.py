from pathlib import Path
from typing import Any

import pytest

from bulkimport.errors import AmbiguousError, GuardError, ServiceError, TicketExpiredError, UnavailableError
from bulkimport.journal import Journal
from bulkimport.model import DatasetStatus, Poll
from bulkimport.orgvue.wire import JobError
from bulkimport.refresh.events import EarlierImportSucceeded, RefreshEnded
from bulkimport.refresh.settling import seen_to_succeed, settle_earlier_imports
from tests.support.clock import FakeClock
from tests.support.refreshing import TENANT, Bench, FakeOrgvue, a_bench, csv_dataset
from tests.support.vocabulary import an_error

HOUR = Poll(initial=1.0, max=30.0, timeout=3600.0)
MINUTE = Poll(initial=1.0, max=30.0, timeout=60.0)


async def left_by_another_run(
    folder: Path, clock: FakeClock, poll: Poll, *, lost: bool = False, command: str = "run"
) -> FakeOrgvue:
    """A run that was stopped after it had submitted an import; the service it talked to."""
    async with a_bench(folder, csv_dataset(folder, "people", poll=poll), clock=clock, command=command) as bench:

        async def stop() -> None:
            bench.run.stop.halt()

        if lost:
            bench.service.carried_out = True
            bench.service.errors["import"].append(AmbiguousError("No answer.", hint=""))
        bench.service.before["import"] = stop
        await (await bench.driver("people")).drive()
        bench.service.before.clear()
        bench.service.asked.clear()
        bench.service.errors.clear()
        return bench.service


async def unsettled(bench: Bench) -> int:
    return len(await bench.journal.unsettled_imports(TENANT, bench.run.config.datasets[0].dataset_id))


@pytest.mark.parametrize("lost", [False, True], ids=["ticket", "lost reply"])
async def test_an_import_of_another_run_is_waited_for_and_settled(lost: bool, tmp_path: Path) -> None:
    clock = FakeClock()
    service = await left_by_another_run(tmp_path, clock, HOUR, lost=lost)
    async with a_bench(
        tmp_path, csv_dataset(tmp_path, "people", poll=HOUR), clock=clock, run_id="run-2", service=service
    ) as bench:
        assert await unsettled(bench) == 1
        await settle_earlier_imports(await bench.context("people"))
        assert await unsettled(bench) == 0
        assert bench.witness.of("waiting") == ["an import of run run-1"]
        assert service.times("head" if lost else "poll") >= 2
        assert service.times("import") == 0


@pytest.mark.parametrize(
    ("command", "again"), [("run", "run CONFIG --failed run-1 --only people"), ("restore", "restore CONFIG people")]
)
async def test_one_whose_end_cannot_be_seen_refuses_the_next(command: str, again: str, tmp_path: Path) -> None:
    clock = FakeClock()
    service = await left_by_another_run(tmp_path, clock, MINUTE, command=command)
    service.looks = 10_000
    async with a_bench(
        tmp_path, csv_dataset(tmp_path, "people", poll=MINUTE), clock=clock, run_id="run-2", service=service
    ) as bench:
        service.errors["poll"] += [UnavailableError("No answer.", hint="")] * 1000
        with pytest.raises(GuardError, match="run-1 may still be running") as refused:
            await settle_earlier_imports(await bench.context("people"))
        assert refused.value.hint.endswith(again.replace("CONFIG", bench.run.config.path))
        assert await unsettled(bench) == 1


async def test_one_that_is_older_than_its_timeout_and_its_location_is_over(tmp_path: Path) -> None:
    clock = FakeClock()
    service = await left_by_another_run(tmp_path, clock, MINUTE)
    clock.advance(901)
    async with a_bench(
        tmp_path, csv_dataset(tmp_path, "people", poll=MINUTE), clock=clock, run_id="run-2", service=service
    ) as bench:
        service.errors["poll"].append(TicketExpiredError("Refused.", hint=""))
        await settle_earlier_imports(await bench.context("people"))
        assert await unsettled(bench) == 0


async def looked_at_again(folder: Path, clock: FakeClock, service: FakeOrgvue) -> EarlierImportSucceeded | None:
    """What a run that makes up for the other one finds out."""
    async with a_bench(
        folder, csv_dataset(folder, "people", poll=HOUR), clock=clock, run_id="run-2", service=service
    ) as bench:
        context = await bench.context("people")
        await settle_earlier_imports(context)
        return await seen_to_succeed(context)


async def ended_unknown(folder: Path, clock: FakeClock, **options: Any) -> FakeOrgvue:
    service = await left_by_another_run(folder, clock, HOUR, **options)
    async with Journal.open(folder / "state", clock) as journal:
        await journal.append("run-1", "people", RefreshEnded(DatasetStatus.UNKNOWN, an_error()))
    return service


@pytest.mark.parametrize("lost", [False, True], ids=["ticket", "lost reply"])
async def test_an_import_that_has_succeeded_since_is_not_made_again(lost: bool, tmp_path: Path) -> None:
    clock = FakeClock()
    service = await ended_unknown(tmp_path, clock, lost=lost)

    found = await looked_at_again(tmp_path, clock, service)

    assert found is not None
    assert (found.run_id, found.payload.rows, found.items.created) == ("run-1", 3, 3)
    assert found.checked.held == 0
    assert "run-1 submitted has succeeded since" in found.warnings[0]


async def test_one_that_failed_or_whose_result_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    for case in ("job failed", "no result"):
        folder = tmp_path / case
        folder.mkdir()
        clock = FakeClock()
        service = await ended_unknown(folder, clock)
        if case == "job failed":
            service.fails_with = (JobError("Broken", "1", "it broke"),)
        else:
            service.errors["result"] += [ServiceError("Gone.", hint="")] * 9

        assert await looked_at_again(folder, clock, service) is None, case


async def test_one_after_which_the_dataset_was_refreshed_by_another_run_is_made_again(tmp_path: Path) -> None:
    clock = FakeClock()
    service = await ended_unknown(tmp_path, clock)
    async with a_bench(
        tmp_path, csv_dataset(tmp_path, "people", poll=HOUR), clock=clock, run_id="run-1b", service=service
    ) as bench:
        await (await bench.driver("people")).drive()

    assert await looked_at_again(tmp_path, clock, service) is None


async def test_the_imports_of_the_run_itself_are_its_own_business(tmp_path: Path) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=HOUR), clock=clock) as bench:

        async def stop() -> None:
            bench.run.stop.halt()

        bench.service.before["import"] = stop
        await (await bench.driver("people")).drive()
        bench.service.asked.clear()
        assert await unsettled(bench) == 1
        await settle_earlier_imports(await bench.context("people"))
        assert bench.service.asked == []
        assert await unsettled(bench) == 1
