"""A run in memory: gates, places, leases, stopping, and what a former process left."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from bulkimport.clock import SystemClock
from bulkimport.errors import StateError, TenantError, UnavailableError
from bulkimport.importer import Importer
from bulkimport.journal import Journal, LeaseOwner
from bulkimport.model import Dataset, DatasetStatus, ItemCounts, RunOptions, Stage
from bulkimport.plan import select, selection_of
from bulkimport.refresh import events as e
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.machine import Refresh, State, replay
from tests.support.clock import FakeClock
from tests.support.refreshing import TENANT, Bench, FakeOrgvue, a_bench, a_record, csv_dataset, records
from tests.support.vocabulary import a_config, an_error

S = DatasetStatus


async def import_all(bench: Bench, *, only: Sequence[str] = (), **options: Any) -> dict[str, DatasetStatus | None]:
    importer = Importer(bench.run, bench.folders, select(bench.run.config, only), bench.owner, **options)
    with anyio.fail_after(100):
        await importer.import_all()
    return {name: importer.refreshes[name].status for name in importer.selection.names}


def options(**changes: Any) -> dict[str, Any]:
    return {"clock": SystemClock(), "config": replace(a_config(), run=RunOptions(**changes))}


def fails(dataset: Dataset, service: FakeOrgvue, step: str = "metadata", error: Exception | None = None) -> None:
    """Lets a step of one dataset fail."""
    original = getattr(service, "download_items" if step == "items" else "metadata")

    async def failing(dataset_id: str, *args: Any, **kwargs: Any) -> Any:
        if dataset_id == dataset.dataset_id:
            raise error or UnavailableError("No answer.", hint="Later.", http_status=404)
        return await original(dataset_id, *args, **kwargs)

    setattr(service, "download_items" if step == "items" else "metadata", failing)


async def test_every_dataset_is_refreshed(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, f"d{number}") for number in range(5)]
    async with a_bench(tmp_path, *datasets, **options()) as bench:
        assert await import_all(bench) == {dataset.name: S.SUCCEEDED for dataset in datasets}
        assert {job.dataset_id for job in bench.service.jobs.values()} == {one.dataset_id for one in datasets}
        assert not await anyio.Path(bench.folders.spool.folder / "d0").exists()


async def test_a_dataset_begins_after_what_it_depends_on_has_ended(tmp_path: Path) -> None:
    links = csv_dataset(tmp_path, "links", depends_on=("people",))
    people = csv_dataset(tmp_path, "people")
    async with a_bench(tmp_path, links, people, **options()) as bench:
        assert await import_all(bench) == {"links": S.SUCCEEDED, "people": S.SUCCEEDED}
        asked = [about for step, about in bench.service.asked if step in ("metadata", "import")]
        assert asked.index(links.dataset_id) > max(at for at, one in enumerate(asked) if one == people.dataset_id)
        assert bench.witness.of("waiting", "links")[0] == "people"


async def test_what_depends_on_a_failure_is_blocked_however_far_away(tmp_path: Path) -> None:
    people = csv_dataset(tmp_path, "people")
    links = csv_dataset(tmp_path, "links", depends_on=("people", "free"))
    chains = csv_dataset(tmp_path, "chains", depends_on=("links",))
    free = csv_dataset(tmp_path, "free")
    async with a_bench(tmp_path, people, links, chains, free, **options()) as bench:
        fails(people, bench.service)
        statuses = await import_all(bench)
        assert statuses == {"people": S.FAILED, "links": S.BLOCKED, "chains": S.BLOCKED, "free": S.SUCCEEDED}
        ended = (await bench.events("links"))[-1]
        assert isinstance(ended, e.RefreshEnded)
        assert ended.error.blocked_by == ("people",)
        assert "people (failed)" in ended.error.message


async def test_a_dependency_that_is_not_selected_does_not_gate_but_is_mentioned(tmp_path: Path) -> None:
    people = csv_dataset(tmp_path, "people")
    links = csv_dataset(tmp_path, "links", depends_on=("people",))
    async with a_bench(tmp_path, people, links, **options()) as bench:
        fails(people, bench.service)
        assert await import_all(bench, only=["people"]) == {"people": S.FAILED}
        assert await import_all(bench, only=["links"]) == {"links": S.SUCCEEDED}
        (warning,) = bench.witness.of("warned", "links")
        assert "people" in warning
        assert "failed" in warning
        assert warning in (await bench.replayed("links")).warnings


async def test_no_more_datasets_are_at_work_than_there_are_places_and_in_their_order(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, f"d{number}") for number in range(6)]
    async with a_bench(tmp_path, *datasets, **options(max_parallel_datasets=2)) as bench:
        at_work: list[int] = []
        began: list[str] = []

        async def look() -> None:
            began.append(bench.service.asked[-1][1])
            states = {name: state for kind, name, state in bench.witness.lines if kind == "state"}
            ended = {name for kind, name, _ in bench.witness.lines if kind == "ended"}
            at_work.append(sum(state != "pending" and name not in ended for name, state in states.items()))

        bench.service.before["metadata"] = look
        await import_all(bench)
        assert max(at_work) <= 2
        firsts = list(dict.fromkeys(began))
        places = [firsts.index(dataset.dataset_id) for dataset in datasets]
        assert all(abs(place - number) <= 1 for number, place in enumerate(places))


async def test_those_that_the_most_work_hangs_on_start_first(tmp_path: Path) -> None:
    """`last` took long before; `base` was quick, but a new one waits for it."""
    datasets = [csv_dataset(tmp_path, name) for name in ("quick", "base", "new", "last")]
    datasets[2] = replace(datasets[2], depends_on=("base",))
    clock = FakeClock()
    async with Journal.open(tmp_path / "state", clock) as journal:
        await journal.start_run(a_record("run-0", clock.now()), records(datasets))
        for name, seconds in (("quick", 5), ("base", 10), ("last", 600)):
            await journal.append("run-0", name, e.TurnCame())
            clock.advance(seconds)
            await journal.append("run-0", name, e.ResultCollected(S.SUCCEEDED, ItemCounts()))
    async with a_bench(tmp_path, *datasets, **options(max_parallel_datasets=1)) as bench:
        await import_all(bench)
        began = [name for kind, name, state in bench.witness.lines if (kind, state) == ("state", "reading")]
        assert list(dict.fromkeys(began)) == ["base", "new", "last", "quick"]


async def test_a_dataset_that_waits_for_another_run_holds_no_place(tmp_path: Path) -> None:
    held, free = (csv_dataset(tmp_path, name) for name in ("held", "free"))
    async with (
        a_bench(tmp_path, held, free, **options(max_parallel_datasets=1)) as bench,
        a_bench(tmp_path, held, run_id="run-2", **options()) as other,
    ):
        assert await other.journal.acquire_lease(TENANT, held.dataset_id, other.owner, 60) is None

        async def give_back() -> None:
            """Once the dataset that comes second in the config has got through."""
            if bench.service.asked[-1][1] == free.dataset_id:
                await other.journal.release_lease(TENANT, held.dataset_id, other.owner)

        bench.service.before["import"] = give_back
        assert await import_all(bench, wait_lock=100.0) == {"held": S.SUCCEEDED, "free": S.SUCCEEDED}
        assert any(text.startswith("run run-2") for text in bench.witness.of("waiting", "held"))


async def test_fail_fast_cancels_what_is_not_submitted(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("first", "second", "third")]
    datasets[2] = replace(datasets[2], depends_on=("first",))
    async with a_bench(tmp_path, *datasets, **options(max_parallel_datasets=1, fail_fast=True)) as bench:
        fails(datasets[0], bench.service)
        assert await import_all(bench) == {"first": S.FAILED, "second": S.CANCELLED, "third": S.BLOCKED}
        assert bench.service.jobs == {}


async def test_an_error_of_the_tenant_cancels_the_others(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, f"d{number}") for number in range(4)]
    async with a_bench(tmp_path, *datasets, **options(max_parallel_datasets=1)) as bench:
        fails(datasets[0], bench.service, error=TenantError("No token.", hint="Bring one.", code="40101"))
        statuses = await import_all(bench)
        assert list(statuses.values()) == [S.FAILED, S.CANCELLED, S.CANCELLED, S.CANCELLED]


async def test_a_defect_in_one_dataset_does_not_touch_the_others(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("first", "second")]
    async with a_bench(tmp_path, *datasets, **options()) as bench:
        fails(datasets[0], bench.service, "metadata", ZeroDivisionError("a defect"))
        assert await import_all(bench) == {"first": S.FAILED, "second": S.SUCCEEDED}
        assert [type(error) for error in bench.witness.defects] == [ZeroDivisionError]


async def test_a_journal_that_fails_ends_the_run_with_its_own_error(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("first", "second")]
    async with a_bench(tmp_path, *datasets, **options()) as bench:

        async def append(run_id: str, dataset: str, event: e.Event) -> Any:
            raise StateError("The disk is full.", hint="Make room.")

        bench.journal.append = append  # type: ignore[method-assign] # a disk that is full
        with pytest.raises(StateError, match="The disk is full"):
            await import_all(bench)
        assert bench.service.jobs == {}


async def test_a_halt_leaves_everything_where_it_is(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, f"d{number}") for number in range(4)]
    datasets[3] = replace(datasets[3], depends_on=("d0",))
    async with a_bench(tmp_path, *datasets, **options(max_parallel_datasets=2)) as bench:

        async def halt() -> None:
            bench.run.stop.halt()
            await anyio.sleep_forever()

        bench.service.before["items"] = halt
        assert set((await import_all(bench)).values()) == {None}
        assert [(await bench.replayed(dataset.name)).state for dataset in datasets][3] is State.PENDING


# ---- leases


async def test_a_dataset_that_another_run_is_refreshing_is_refused_with_its_name(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people")
    async with (
        a_bench(tmp_path, dataset, run_id="run-1", **options()) as first,
        a_bench(tmp_path, dataset, run_id="run-2", service=first.service, **options()) as second,
    ):
        owner = replace(first.owner, dataset="people")
        assert await first.journal.acquire_lease(TENANT, dataset.dataset_id, owner, 60) is None
        assert await import_all(second) == {"people": S.REFUSED}
        ended = (await second.events("people"))[-1]
        assert isinstance(ended, e.RefreshEnded)
        assert ended.error.stage is Stage.GUARD
        assert "run-1" in ended.error.message
        assert first.service.asked == []


async def test_a_lease_is_waited_for_if_that_is_wanted(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people")
    async with (
        a_bench(tmp_path, dataset, run_id="run-1", **options()) as first,
        a_bench(tmp_path, dataset, run_id="run-2", service=first.service, **options()) as second,
    ):
        owner = replace(first.owner, dataset="people")
        assert await first.journal.acquire_lease(TENANT, dataset.dataset_id, owner, 60) is None
        async with anyio.create_task_group() as group:
            statuses: dict[str, Any] = {}

            async def wait() -> None:
                statuses.update(await import_all(second, wait_lock=100.0))

            group.start_soon(wait)
            while "run run-1 (process 1 on host)" not in second.witness.of("waiting"):
                await anyio.sleep(0.01)
            await first.journal.release_lease(TENANT, dataset.dataset_id, owner)
        assert statuses == {"people": S.SUCCEEDED}


async def test_a_run_that_lost_its_lease_while_it_was_frozen_imports_nothing(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people")
    async with a_bench(tmp_path, dataset, **options()) as bench:
        own, other = replace(bench.owner, dataset="people"), LeaseOwner("run-9", "elsewhere", 1, "people")

        async def taken_over() -> None:
            await bench.journal.release_lease(TENANT, dataset.dataset_id, own)
            assert await bench.journal.acquire_lease(TENANT, dataset.dataset_id, other, 60) is None

        bench.service.before["verify"] = taken_over
        assert await import_all(bench) == {"people": S.REFUSED}
        assert bench.service.times("import") == 0
        assert "ImportRequested" not in await bench.kinds("people")


async def test_leases_and_places_are_given_back_however_a_dataset_ends(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("first", "second")]
    async with (
        a_bench(tmp_path, *datasets, **options(max_parallel_datasets=1)) as bench,
        a_bench(tmp_path, *datasets, run_id="run-2", **options()) as other,
    ):
        fails(datasets[0], bench.service)
        assert await import_all(bench) == {"first": S.FAILED, "second": S.SUCCEEDED}
        for dataset in datasets:
            assert await other.journal.acquire_lease(TENANT, dataset.dataset_id, other.owner, 60) is None


async def test_a_lease_that_is_given_back_while_others_are_renewed_was_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = csv_dataset(tmp_path, "slow"), csv_dataset(tmp_path, "quick")
    monkeypatch.setattr("bulkimport.importer.LEASE_SECONDS", 0.03)
    renewing, given_back = anyio.Event(), anyio.Event()
    async with a_bench(tmp_path, slow, quick, **options()) as bench:
        renew, release = bench.journal.renew_lease, bench.journal.release_lease

        async def renewed(tenant: str, dataset_id: str, *rest: Any) -> bool:
            if dataset_id == slow.dataset_id and not given_back.is_set():
                renewing.set()
                await given_back.wait()
            return await renew(tenant, dataset_id, *rest)

        async def released(tenant: str, dataset_id: str, owner: LeaseOwner) -> None:
            await release(tenant, dataset_id, owner)
            given_back.set()

        async def hold_slow() -> None:
            if bench.service.asked[-1][1] == slow.dataset_id:
                await given_back.wait()

        monkeypatch.setattr(bench.journal, "renew_lease", renewed)
        monkeypatch.setattr(bench.journal, "release_lease", released)
        bench.service.before |= {"metadata": hold_slow, "poll": renewing.wait}
        assert await import_all(bench) == {"slow": S.SUCCEEDED, "quick": S.SUCCEEDED}
        assert bench.witness.of("warned") == []


# ---- what a former process left


async def left_in_the_middle(bench: Bench, step: str) -> dict[str, Refresh]:
    async def halt() -> None:
        bench.run.stop.halt()
        await anyio.lowlevel.checkpoint()

    bench.service.before[step] = halt
    await import_all(bench)
    bench.service.before.clear()
    return {dataset.name: replay(await bench.events(dataset.name)) for dataset in bench.run.config.datasets}


@pytest.mark.parametrize("step", ["metadata", "items", "generate", "upload", "verify", "import", "poll"])
async def test_a_resumed_run_goes_on_where_the_former_process_was(step: str, tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people")
    async with a_bench(tmp_path, dataset, **options()) as bench:
        earlier = await left_in_the_middle(bench, step)
        assert earlier["people"].status is None
        resumed = replace(bench.run, stop=type(bench.run.stop)())
        importer = Importer(resumed, bench.folders, selection_of([dataset]), bench.owner, earlier=earlier)
        with anyio.fail_after(100):
            await importer.import_all()
        assert importer.refreshes["people"].status is S.SUCCEEDED
        assert len(bench.service.jobs) == 1
        assert importer.refreshes["people"] == await bench.replayed("people")


async def test_what_had_ended_stays_as_it_is_and_opens_its_gates(tmp_path: Path) -> None:
    datasets = [
        csv_dataset(tmp_path, "good"),
        csv_dataset(tmp_path, "bad"),
        csv_dataset(tmp_path, "after_good", depends_on=("good",)),
        csv_dataset(tmp_path, "after_bad", depends_on=("bad",)),
    ]
    async with a_bench(tmp_path, *datasets, **options()) as bench:
        ended = {"good": Refresh(State.DONE, status=S.SUCCEEDED), "bad": Refresh(State.DONE, status=S.FAILED)}
        earlier = ended | {"after_good": Refresh(), "after_bad": Refresh()}
        importer = Importer(bench.run, bench.folders, select(bench.run.config), bench.owner, earlier=earlier)
        with anyio.fail_after(100):
            await importer.import_all()
        statuses = {name: refresh.status for name, refresh in importer.refreshes.items()}
        assert statuses == {"good": S.SUCCEEDED, "bad": S.FAILED, "after_good": S.SUCCEEDED, "after_bad": S.BLOCKED}
        assert await bench.kinds("good") == await bench.kinds("bad") == []


async def test_a_submitted_import_whose_dataset_another_run_has_stays_unknown_and_can_be_resumed(
    tmp_path: Path,
) -> None:
    dataset = csv_dataset(tmp_path, "people")
    async with (
        a_bench(tmp_path, dataset, run_id="run-1", **options()) as bench,
        a_bench(tmp_path, dataset, run_id="run-2", **options()) as other,
    ):
        earlier = await left_in_the_middle(bench, "import")
        assert await other.journal.acquire_lease(TENANT, dataset.dataset_id, other.owner, 60) is None
        resumed = replace(bench.run, stop=type(bench.run.stop)())
        importer = Importer(resumed, bench.folders, selection_of([dataset]), bench.owner, earlier=earlier)
        await importer.import_all()
        refresh = importer.refreshes["people"]
        assert refresh.status is S.UNKNOWN
        assert refresh.error is not None
        assert "run-2" in refresh.error.message
        await other.journal.release_lease(TENANT, dataset.dataset_id, other.owner)
        again = Importer(resumed, bench.folders, selection_of([dataset]), bench.owner, earlier={"people": refresh})
        await again.import_all()
        assert again.refreshes["people"].status is S.SUCCEEDED


async def test_a_resumed_run_that_is_stopped_no_longer_waits_for_another(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people")
    async with (
        a_bench(tmp_path, dataset, run_id="run-1", **options()) as bench,
        a_bench(tmp_path, dataset, run_id="run-2", **options()) as other,
    ):
        earlier = await left_in_the_middle(bench, "import")
        assert await other.journal.acquire_lease(TENANT, dataset.dataset_id, other.owner, 60) is None
        resumed = replace(bench.run, stop=type(bench.run.stop)())
        selection = selection_of([dataset])
        importer = Importer(resumed, bench.folders, selection, bench.owner, wait_lock=600.0, earlier=earlier)
        with anyio.fail_after(100):
            async with anyio.create_task_group() as group:
                group.start_soon(importer.import_all)
                while not any("run-2" in reason for reason in bench.witness.of("waiting")):
                    await anyio.sleep(0.01)
                resumed.stop.halt()
        left = importer.refreshes["people"]
        assert (left.status, left.state.may_have_imported) == (None, True)
        assert left == await bench.replayed("people")


async def test_a_defect_before_a_refresh_is_taken_up_does_not_touch_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("one", "other")]
    async with a_bench(tmp_path, *datasets, **options()) as bench:
        earlier = await left_in_the_middle(bench, "import")
        broken = next(name for name, one in earlier.items() if one.state.may_have_imported)

        async def settle(context: DatasetContext) -> None:
            if context.dataset.name == broken:
                raise ZeroDivisionError

        monkeypatch.setattr("bulkimport.importer.settle_earlier_imports", settle)
        resumed = replace(bench.run, stop=type(bench.run.stop)())
        importer = Importer(resumed, bench.folders, selection_of(datasets), bench.owner, earlier=earlier)
        with anyio.fail_after(100):
            await importer.import_all()
        statuses = {name: refresh.status for name, refresh in importer.refreshes.items()}
        assert statuses == {"one": S.SUCCEEDED, "other": S.SUCCEEDED} | {broken: S.UNKNOWN}


async def test_a_held_run_follows_what_a_former_process_submitted(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people")
    async with a_bench(tmp_path, dataset, **options()) as bench:
        earlier = await left_in_the_middle(bench, "import")
        stop = type(bench.run.stop)()
        stop.hold(an_error("Enough."))
        importer = Importer(
            replace(bench.run, stop=stop), bench.folders, selection_of([dataset]), bench.owner, earlier=earlier
        )
        await importer.import_all()
        assert importer.refreshes["people"].status is S.SUCCEEDED
