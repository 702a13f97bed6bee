import json
from pathlib import Path

import anyio
import pytest

from bulkimport.errors import LocationExpiredError, NotThereYetError, UnavailableError
from bulkimport.model import DatasetStatus, Stage
from bulkimport.refresh import events as e
from bulkimport.refresh.collecting import collect_result
from bulkimport.refresh.machine import Refresh, State
from tests.support.clock import FakeClock
from tests.support.refreshing import Bench, a_bench, csv_dataset


async def completed(bench: Bench) -> Refresh:
    """A refresh whose job is over and whose result was not looked at."""
    with anyio.CancelScope() as scope:

        async def cancel(context: object, refresh: object) -> e.Event:
            scope.cancel()
            await anyio.sleep_forever()
            raise AssertionError

        driver = await bench.driver("people", COLLECT_RESULT=cancel)
        await driver.drive()
    assert driver.refresh.state is State.COLLECTING
    return driver.refresh


async def test_the_result_is_kept_and_counted(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await completed(bench)
        context = await bench.context("people")
        event = await collect_result(context, refresh)
        assert isinstance(event, e.ResultCollected)
        assert (event.status, event.items.created) == (DatasetStatus.SUCCEEDED, 3)
        assert len(json.loads(await anyio.Path(context.files.result).read_bytes())) == 3


@pytest.mark.parametrize("error", [UnavailableError, NotThereYetError, LocationExpiredError])
async def test_the_location_stands_in_for_a_link_that_does_not_work(error: type[Exception], tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await completed(bench)
        bench.service.errors["result"].append(error("No.", hint=""))  # type: ignore[call-arg] # ours
        event = await collect_result(await bench.context("people"), refresh)
        assert isinstance(event, e.ResultCollected)
        assert event.status is DatasetStatus.SUCCEEDED


async def test_a_result_that_nobody_can_read_is_unknown_never_a_success(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await completed(bench)
        bench.service.errors["result"] += [UnavailableError("No.", hint="")] * 2
        event = await collect_result(await bench.context("people"), refresh)
        assert isinstance(event, e.RefreshEnded)
        assert (event.status, event.error.stage) == (DatasetStatus.UNKNOWN, Stage.RESULT)


@pytest.mark.parametrize("content", [b"{}", b'[{"_status":"success"', b"[1, 2]", b"[nonsense]"])
async def test_a_result_that_is_not_a_list_of_entries_is_unknown(content: bytes, tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await completed(bench)

        async def download(url: str, path: Path) -> int:
            await anyio.Path(path).write_bytes(content)
            return len(content)

        bench.service.download = download  # type: ignore[method-assign] # what came is no result
        event = await collect_result(await bench.context("people"), refresh)
        assert isinstance(event, e.RefreshEnded)
        assert event.status is DatasetStatus.UNKNOWN


async def test_items_that_the_result_is_silent_about_make_it_partial(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await completed(bench)
        assert refresh.location is not None
        url = refresh.location.get_url
        bench.service.stored[url] = json.dumps(json.loads(bench.service.stored[url])[:-1]).encode()
        event = await collect_result(await bench.context("people"), refresh)
        assert isinstance(event, e.ResultCollected)
        assert event.status is DatasetStatus.PARTIAL
        assert event.error is not None
        assert "1 of 3 items" in event.error.message
