from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from bulkimport.clock import SystemClock
from bulkimport.errors import ServiceError, StateError, TenantError, UnavailableError
from bulkimport.folders import Spool
from bulkimport.guards import Allowance
from bulkimport.model import Guards, Stage
from bulkimport.plan import select
from bulkimport.planner import Depth, PlannedDataset, Planner
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.link_ends import LinkEnds
from tests.support.refreshing import Bench, a_bench, csv_dataset


async def planned(bench: Bench, depth: Depth = Depth.ITEMS, only: Sequence[str] = ()) -> dict[str, PlannedDataset]:
    spool = Spool(bench.folders.state_dir, "plan-1")
    await anyio.to_thread.run_sync(spool.open)
    try:
        found = await Planner(bench.run, spool, select(bench.run.config, only), depth).plan_all()
        assert [path.name async for path in anyio.Path(spool.folder).iterdir()] == [".lock"]
    finally:
        await anyio.to_thread.run_sync(spool.close)
    return {one.name: one for one in found}


async def test_a_plan_tells_what_an_import_would_change_and_changes_nothing(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=SystemClock()) as bench:
        held = [{"id": "1", "name": "Person 1"}, {"id": "2", "name": "Other"}, {"id": "9", "name": "Gone"}]
        bench.service.items[bench.run.config.datasets[0].dataset_id] = held
        one = (await planned(bench))["people"]
        assert (one.status, one.baseline, one.held) == ("ready", "live", 3)
        assert one.changes is not None
        assert (one.changes.created, one.changes.updated, one.changes.deleted, one.changes.unchanged) == (1, 1, 1, 1)
        assert {step for step, _ in bench.service.asked} == {"metadata", "items"}
        assert await bench.kinds("people") == []


async def test_datasets_are_told_in_the_order_of_the_config_with_their_verdicts(tmp_path: Path) -> None:
    datasets = [
        csv_dataset(tmp_path, "links", depends_on=("middle",)),
        csv_dataset(tmp_path, "middle", depends_on=("missing",)),
        csv_dataset(tmp_path, "missing"),
        csv_dataset(tmp_path, "double", (1, 1)),
        csv_dataset(tmp_path, "good"),
    ]
    (tmp_path / "missing.csv").unlink()
    async with a_bench(tmp_path, *datasets, clock=SystemClock()) as bench:
        found = await planned(bench)
    assert {name: one.status for name, one in found.items()} == {
        "links": "blocked",
        "middle": "blocked",
        "missing": "failed",
        "double": "refused",
        "good": "ready",
    }
    assert list(found) == [dataset.name for dataset in datasets]
    errors = {name: one.error for name, one in found.items() if one.error}
    assert errors["links"].blocked_by == ("middle",)
    assert (errors["missing"].stage, errors["double"].stage) == (Stage.SOURCE, Stage.GUARD)


@pytest.mark.timeout(60)
async def test_many_ways_to_one_dependency_are_not_walked_one_by_one(tmp_path: Path) -> None:
    """Thirty layers of two datasets that both depend on both below: a billion ways."""
    layers = [tuple(f"{side}{layer}" for side in "ab") for layer in range(30)]
    below = [(), *layers[:-1]]
    datasets = [
        csv_dataset(tmp_path, name, depends_on=names)
        for names, layer in zip(below, layers, strict=True)
        for name in layer
    ]
    async with a_bench(tmp_path, *datasets, clock=SystemClock()) as bench:
        assert {one.status for one in (await planned(bench, Depth.SOURCE)).values()} == {"ready"}


@pytest.mark.parametrize(
    ("keys", "guards", "counts"),
    [
        ((1, 2), Guards(min_rows=3), (0, 1, 1, 1)),
        ((1, 2, 4, 5), Guards(max_rows=3), (2, 1, 1, 1)),
        ((1, 2), Guards(required=("nick",)), (0, 1, 1, 1)),
        ((1, 1, 2), Guards(), (0, 1, 1, 1)),
        (("", 1, 2), Guards(), (0, 1, 1, 1)),
    ],
    ids=["min_rows", "max_rows", "required", "duplicates", "blank keys"],
)
async def test_what_an_early_guard_refuses_is_counted_all_the_same(
    keys: tuple[Any, ...], guards: Guards, counts: tuple[int, int, int, int], tmp_path: Path
) -> None:
    dataset = csv_dataset(tmp_path, "people", keys, guards=guards)
    held = [{"id": "1", "name": "Person 1"}, {"id": "2", "name": "Other"}, {"id": "9", "name": "Gone"}]
    async with a_bench(tmp_path, dataset, clock=SystemClock()) as bench:
        bench.service.items[dataset.dataset_id] = held
        one = (await planned(bench))["people"]
    assert (one.status, one.baseline) == ("refused", "live")
    assert one.changes is not None
    found = (one.changes.created, one.changes.updated, one.changes.deleted, one.changes.unchanged)
    assert (found[1:], found[0] - counts[0]) == (counts[1:], keys.count(""))


async def test_a_refusal_stands_where_its_items_cannot_be_read(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people", guards=Guards(min_rows=9))
    for number, error in enumerate((UnavailableError("Busy.", hint=""), TenantError("No.", hint=""))):
        async with a_bench(tmp_path, dataset, clock=SystemClock(), run_id=f"run-{number}") as bench:
            bench.service.errors["items"].append(error)
            one = (await planned(bench))["people"]
        assert (one.status, one.baseline, one.changes) == ("refused", None, None)
        assert one.error is not None
        assert "guards.min_rows" in one.error.message


async def test_properties_are_read_once_though_they_refuse_and_the_items_are_counted(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=SystemClock()) as bench:
        bench.service.properties = {"id": "text", "names": "text"}
        one = (await planned(bench))["people"]
        assert (one.status, one.baseline) == ("refused", "live")
        assert bench.service.times("metadata") == 1


async def test_a_disk_that_fails_while_links_are_looked_at_stops_that_dataset_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(_links: LinkEnds, context: DatasetContext) -> None:
        if context.dataset.name == "links":
            raise StateError("The disk is broken.", hint="Mend it.")

    monkeypatch.setattr(LinkEnds, "check", check)
    datasets = [csv_dataset(tmp_path, "people"), csv_dataset(tmp_path, "links")]
    async with a_bench(tmp_path, *datasets, clock=SystemClock()) as bench:
        found = await planned(bench)
    assert {name: one.status for name, one in found.items()} == {"people": "ready", "links": "failed"}
    assert found["links"].error is not None
    assert (found["links"].error.message, found["links"].error.stage) == ("The disk is broken.", Stage.GUARD)


async def test_items_that_could_not_be_read_are_not_asked_for_again(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=SystemClock()) as bench:
        bench.service.errors["items"].append(UnavailableError("Busy.", hint=""))
        one = (await planned(bench))["people"]
        assert (one.status, one.changes) == ("refused", None)
        assert bench.service.times("items") == 1


async def test_an_allowance_counts_in_a_plan_too(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people")
    for allowed, status in ((None, "refused"), (26, "refused"), (27, "ready")):
        allowances = {} if allowed is None else {"people": Allowance(allowed)}
        run_id = f"run-{allowed}"
        async with a_bench(tmp_path, dataset, clock=SystemClock(), run_id=run_id, allowances=allowances) as bench:
            bench.service.items[dataset.dataset_id] = [{"id": str(number)} for number in range(1, 31)]
            one = (await planned(bench))["people"]
            assert one.status == status
            assert one.changes is not None
            assert one.changes.deleted == 27


async def test_without_going_online_nothing_is_asked(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=SystemClock()) as bench:
        one = (await planned(bench, Depth.SOURCE))["people"]
        assert (one.status, one.changes) == ("ready", None)
        assert one.payload is not None
        assert one.payload.columns == ("id", "name")
        assert bench.service.asked == []


async def test_properties_are_looked_at_without_the_items(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=SystemClock()) as bench:
        bench.service.properties = {"id": "text"}
        one = (await planned(bench, Depth.PROPERTIES))["people"]
        assert one.status == "refused"
        assert bench.service.times("items") == 0


async def test_one_dataset_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, "first"), csv_dataset(tmp_path, "second")]
    async with a_bench(tmp_path, *datasets, clock=SystemClock()) as bench:
        config = replace(bench.run.config, run=replace(bench.run.config.run, max_parallel_datasets=1))
        bench.run = replace(bench.run, config=config)
        bench.service.errors["metadata"].append(ServiceError("No.", hint="Look.", http_status=404))
        found = await planned(bench)
        assert sorted(one.status for one in found.values()) == ["failed", "ready"]


async def test_a_defect_in_one_dataset_does_not_hide_the_others(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, "first"), csv_dataset(tmp_path, "second")]
    async with a_bench(tmp_path, *datasets, clock=SystemClock()) as bench:
        bench.service.errors["items"].append(OverflowError("date value out of range"))
        found = await planned(bench)
        (failed,) = (one for one in found.values() if one.status != "ready")
        assert failed.status == "failed"
        assert failed.error is not None
        assert "itself failed while it looked at this dataset (OverflowError)" in failed.error.message
        assert len(bench.witness.defects) == 1


async def test_a_tenant_that_refuses_everything_fails_every_dataset_and_is_asked_no_more(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, f"d{number}") for number in range(4)]
    async with a_bench(tmp_path, *datasets, clock=SystemClock()) as bench:
        config = replace(bench.run.config, run=replace(bench.run.config.run, max_parallel_datasets=1))
        bench.run = replace(bench.run, config=config)
        bench.service.errors["metadata"] += [TenantError("No token.", hint="Bring one.", code="40101")] * 4
        found = await planned(bench)
        assert {one.status for one in found.values()} == {"failed"}
        assert {one.error.code for one in found.values() if one.error} == {"40101"}
        assert bench.service.times("metadata") == 1


async def test_items_that_cannot_be_read_are_a_refusal_that_says_so(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=SystemClock()) as bench:
        bench.service.errors["items"].append(UnavailableError("Too large.", hint="", http_status=413))
        one = (await planned(bench))["people"]
        assert one.status == "refused"
        assert one.error is not None
        assert "could not be read (Too large.)" in one.error.message
        assert one.warnings == ()
