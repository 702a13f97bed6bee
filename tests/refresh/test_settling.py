from pathlib import Path

import pytest

from bulkimport.errors import AmbiguousError, GuardError, TicketExpiredError, UnavailableError
from bulkimport.model import Poll
from bulkimport.refresh.settling import settle_earlier_imports
from tests.support.clock import FakeClock
from tests.support.refreshing import TENANT, Bench, FakeOrgvue, a_bench, csv_dataset

HOUR = Poll(initial=1.0, max=30.0, timeout=3600.0)
MINUTE = Poll(initial=1.0, max=30.0, timeout=60.0)


async def left_by_another_run(folder: Path, clock: FakeClock, poll: Poll, *, lost: bool = False) -> FakeOrgvue:
    """A run that was stopped after it had submitted an import; the service it talked to."""
    async with a_bench(folder, csv_dataset(folder, "people", poll=poll), clock=clock) as bench:

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


async def test_one_whose_end_cannot_be_seen_refuses_the_next(tmp_path: Path) -> None:
    clock = FakeClock()
    service = await left_by_another_run(tmp_path, clock, MINUTE)
    service.looks = 10_000
    async with a_bench(
        tmp_path, csv_dataset(tmp_path, "people", poll=MINUTE), clock=clock, run_id="run-2", service=service
    ) as bench:
        service.errors["poll"] += [UnavailableError("No answer.", hint="")] * 1000
        with pytest.raises(GuardError, match="run-1 may still be running"):
            await settle_earlier_imports(await bench.context("people"))
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
