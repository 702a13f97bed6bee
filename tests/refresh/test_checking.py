from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from bulkimport.errors import ServiceError, TenantError, UnavailableError
from bulkimport.guards import Allowance
from bulkimport.model import Changes, DatasetStatus, Guards, Stage
from bulkimport.refresh.checking import check_payload, check_structure
from bulkimport.refresh.events import PayloadChecked, RefreshEnded
from bulkimport.refresh.machine import Refresh
from bulkimport.refresh.reading import read_source
from tests.support.clock import FakeClock
from tests.support.refreshing import Bench, a_bench, csv_dataset

UNREADABLE = UnavailableError("Too large.", hint="Later.", http_status=413)


async def checked(bench: Bench, name: str = "people") -> PayloadChecked | RefreshEnded:
    context = await bench.context(name)
    read = await read_source(context, Refresh())
    return await check_payload(context, Refresh(payload=read.payload))


async def test_the_payload_is_compared_with_what_the_dataset_holds(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        held = [{"id": "1", "name": "Person 1"}, {"id": "2", "name": "Other"}, {"id": "9", "name": "Gone"}]
        bench.service.items[bench.run.config.datasets[0].dataset_id] = held
        event = await checked(bench)
        assert isinstance(event, PayloadChecked)
        assert (event.baseline, event.held, event.cache_key) == ("live", 3, "cache-0")
        assert event.changes is not None
        assert replace(event.changes, deleted_examples=(), created_examples=()) == Changes(1, 1, 1, 1)
        assert not await anyio.Path(tmp_path / "state/spool/run-1/people/items.json").exists()
        assert {step for step, _ in bench.service.asked} == {"metadata", "items"}


async def test_too_many_deletions_are_refused_with_what_was_found(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        items = [{"id": str(number)} for number in range(1, 31)]
        bench.service.items[bench.run.config.datasets[0].dataset_id] = items
        event = await checked(bench)
        assert isinstance(event, RefreshEnded)
        assert (event.status, event.error.stage, event.baseline) == (DatasetStatus.REFUSED, Stage.GUARD, "live")
        assert event.changes is not None
        assert event.changes.deleted == 27
    async with a_bench(
        tmp_path,
        csv_dataset(tmp_path, "people"),
        clock=FakeClock(),
        run_id="run-2",
        service=bench.service,
        allowances={"people": Allowance(27)},
    ) as allowed:
        assert isinstance(await checked(allowed), PayloadChecked)


async def test_rows_that_must_not_be_sent_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", (1, 1)), clock=FakeClock()) as bench:
        event = await checked(bench)
        assert isinstance(event, RefreshEnded)
        assert event.status is DatasetStatus.REFUSED
        assert bench.service.asked == []


async def test_columns_that_are_no_properties_are_refused_before_the_items_are_read(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.properties = {"id": "text", "names": "text"}
        event = await checked(bench)
        assert isinstance(event, RefreshEnded)
        assert "did you mean names?" in event.error.message
        assert bench.service.times("items") == 0


async def test_properties_that_cannot_be_read_are_a_warning(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors["metadata"].append(UNREADABLE)
        event = await checked(bench)
        assert isinstance(event, PayloadChecked)
        assert event.cache_key is None
        assert list(event.warnings) == bench.witness.of("warned") != []


@pytest.mark.parametrize(
    ("kind", "step"), [(TenantError, "metadata"), (TenantError, "items"), (ServiceError, "metadata")]
)
async def test_what_no_baseline_can_stand_in_for_is_raised(step: str, kind: type[ServiceError], tmp_path: Path) -> None:
    """A tenant that refuses everything, and a dataset that does not exist."""
    error = kind("No.", hint="Look.", http_status=404)
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors[step].append(error)
        with pytest.raises(kind):
            await checked(bench)


async def test_items_that_are_not_found_of_a_dataset_that_is_there_are_items_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors["items"].append(ServiceError("No.", hint="Look.", http_status=404))
        event = await checked(bench)
        assert isinstance(event, RefreshEnded)
        assert event.status is DatasetStatus.REFUSED


async def test_without_items_and_without_an_earlier_success_nothing_is_sent(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors["items"].append(UNREADABLE)
        event = await checked(bench)
        assert isinstance(event, RefreshEnded)
        assert event.status is DatasetStatus.REFUSED
        assert event.baseline is None
        assert event.warnings == ()  # nothing stands in for them
        assert UNREADABLE.message in event.error.message


async def test_a_check_of_properties_that_cannot_be_read_has_failed(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors["metadata"].append(UNREADABLE)
        context = await bench.context("people")
        read = await read_source(context, Refresh())
        with pytest.raises(UnavailableError):
            await check_structure(context, read.payload, await context.run.client.metadata(context.dataset.dataset_id))


@pytest.mark.parametrize(
    ("keys", "status", "changes"),
    [
        ((1, 2, 3), None, Changes(0, 0, 0, 3)),
        ((1, 2, 3, 4), None, Changes(1, 0, 0, 3)),
        ((1,), None, Changes(0, 0, 2, 1)),
        ((), DatasetStatus.REFUSED, Changes(0, 0, 3, 0)),
    ],
)
async def test_the_last_success_stands_in_for_items_that_cannot_be_read(
    keys: tuple[int, ...], status: Any, changes: Changes, tmp_path: Path
) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=clock) as bench:
        await (await bench.driver("people")).drive()
    dataset = csv_dataset(tmp_path, "people", keys)
    async with a_bench(tmp_path, dataset, clock=clock, run_id="run-2", service=bench.service) as second:
        second.service.errors["items"].append(UNREADABLE)
        event = await checked(second)
        assert event.baseline == "last_run"
        assert event.changes == changes
        assert (event.status if isinstance(event, RefreshEnded) else None) is status
        assert any("last successful run" in warning for warning in event.warnings)


async def test_the_baseline_none_reads_nothing_but_the_properties(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people", guards=Guards(baseline="none"))
    async with a_bench(tmp_path, dataset, clock=FakeClock()) as bench:
        event = await checked(bench)
        assert isinstance(event, PayloadChecked)
        assert (event.baseline, event.held, event.changes) == ("none", None, None)
        assert bench.service.times("items") == 0


async def test_a_config_that_changed_since_the_last_success_wants_to_be_accepted(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        context = await bench.context("people")
        elsewhere = replace(context.dataset, dataset_id="00000000-0000-0000-0000-000000000000")
        await bench.journal.accept_fingerprint(
            bench.run.config_key, "people", replace(context, dataset=elsewhere).fingerprint
        )
        event = await checked(bench)
        assert isinstance(event, RefreshEnded)
        assert "dataset_id" in event.error.message
        assert "--accept-config-change people" in event.error.hint
        assert bench.service.asked == []


@pytest.mark.parametrize(("left", "warned"), [(4, True), (5, False), (10, False)])
async def test_far_fewer_items_than_the_last_success_left_are_told(left: int, warned: bool, tmp_path: Path) -> None:
    clock, dataset = FakeClock(), csv_dataset(tmp_path, "people", tuple(range(1, 11)))
    async with a_bench(tmp_path, dataset, clock=clock) as bench:
        await (await bench.driver("people")).drive()
        assert bench.witness.of("warned") == []
    bench.service.items[dataset.dataset_id] = [{"id": str(one), "name": f"Person {one}"} for one in range(left)]
    async with a_bench(tmp_path, dataset, clock=clock, run_id="run-2", service=bench.service) as later:
        event = await checked(later)
        assert isinstance(event, PayloadChecked)
        told = f"Orgvue holds {left} items, while the last successful run left 10 "
        assert [warning.startswith(told) for warning in event.warnings] == [True] * warned


async def test_few_items_after_a_restore_are_no_surprise(tmp_path: Path) -> None:
    clock, dataset = FakeClock(), csv_dataset(tmp_path, "people", tuple(range(1, 11)))
    async with a_bench(tmp_path, dataset, clock=clock) as bench:
        await (await bench.driver("people")).drive()
    async with a_bench(
        tmp_path, dataset, clock=clock, run_id="run-2", service=bench.service, command="restore"
    ) as back:
        await (await back.driver("people")).drive()
    bench.service.items[dataset.dataset_id] = []
    async with a_bench(tmp_path, dataset, clock=clock, run_id="run-3", service=bench.service) as later:
        event = await checked(later)
        assert isinstance(event, PayloadChecked)
        assert event.warnings == ()
