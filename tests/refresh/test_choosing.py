"""Files are chosen when their turn comes, and left to come to rest."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from bulkimport.errors import GuardError, SourceError
from bulkimport.model import CsvSource, Dataset, DatasetStatus, FileChoice, Stage
from bulkimport.refresh.choosing import choose_files
from bulkimport.refresh.machine import Refresh
from bulkimport.refresh.reading import read_source
from tests.support.clock import START, FakeClock
from tests.support.refreshing import a_bench, csv_dataset


def dataset(folder: Path, *patterns: str, **choice: Any) -> Dataset:
    paths = tuple(str(folder / pattern) for pattern in patterns)
    return replace(csv_dataset(folder, "people"), source=CsvSource(paths, choice=FileChoice(**choice)))


def write(path: Path, age: float, *keys: int) -> str:
    """A file of these keys, modified `age` seconds before the clock's start."""
    path.write_text("id,name\n" + "".join(f"{key},Person {key}\n" for key in keys))
    moment = (START - timedelta(seconds=age)).timestamp()
    os.utime(path, (moment, moment))
    return str(path)


class Written(FakeClock):
    """A clock on which `at[n]` happens during the n-th sleep."""

    def __init__(self, *at: Callable[[], object]) -> None:
        super().__init__()
        self._at = list(at)

    async def sleep(self, seconds: float) -> None:
        if self._at:
            await anyio.to_thread.run_sync(self._at.pop(0))
        await super().sleep(seconds)


async def test_the_newest_file_of_each_pattern_is_read(tmp_path: Path) -> None:
    source = dataset(tmp_path, "p-*.csv", "q-*.csv", newest=True)
    write(tmp_path / "p-2.csv", 50, 2)
    chosen = [write(tmp_path / "p-1.csv", 40, 1), write(tmp_path / "q-1.csv", 90_000, 3)]
    async with a_bench(tmp_path, source, clock=FakeClock()) as bench:
        context = await bench.context("people")
        assert (await choose_files(context)).source == CsvSource(tuple(chosen))
        assert (await read_source(context, Refresh())).payload.rows == 2


async def test_without_a_choice_the_source_stays_as_it_is(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        context = await bench.context("people")
        assert (await choose_files(context)).source is context.dataset.source


async def test_a_file_of_yesterday_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    source = dataset(tmp_path, "p-*.csv", newest=True, max_age=86_400)
    path = write(tmp_path / "p-1.csv", 86_401, 1)
    async with a_bench(tmp_path, source, clock=FakeClock()) as bench:
        refresh = await (await bench.driver("people")).drive()
        assert refresh.status is DatasetStatus.REFUSED
        assert refresh.error is not None
        assert refresh.error.stage is Stage.GUARD
        assert path in refresh.error.message
        assert bench.service.asked == []


async def test_files_that_rest_are_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path / "p.csv", 30, 1)
    clock = FakeClock()
    async with a_bench(tmp_path, dataset(tmp_path, "p.csv", stable_for=30), clock=clock) as bench:
        await choose_files(await bench.context("people"))
        assert clock.sleeps == []


async def test_a_file_is_waited_for_until_it_rests_and_the_wait_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write(path, 5, 1)
    clock = Written(lambda: write(path, -20, 1, 2))
    async with a_bench(tmp_path, dataset(tmp_path, "p.csv", stable_for=30), clock=clock) as bench:
        event = await read_source(await bench.context("people"), Refresh())
        assert event.payload.rows == 2
        assert clock.sleeps[:2] == [25.0, 25.0]
        assert bench.witness.of("waiting")[0] == f"{path}, which may still be written"
        assert bench.witness.of("waiting")[-1] == ""


async def test_an_empty_file_may_still_be_written(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write(path, 0, 1)
    path.write_bytes(b"")
    clock = Written(lambda: write(path, -1, 1))
    async with a_bench(tmp_path, dataset(tmp_path, "p.csv", stable_for=30), clock=clock) as bench:
        assert (await read_source(await bench.context("people"), Refresh())).payload.rows == 1


async def test_a_newer_file_that_comes_while_one_is_waited_for_takes_its_place(tmp_path: Path) -> None:
    write(tmp_path / "p-1.csv", 5, 1)
    clock = Written(lambda: write(tmp_path / "p-2.csv", -10, 2, 3))
    async with a_bench(tmp_path, dataset(tmp_path, "p-*.csv", newest=True, stable_for=30), clock=clock) as bench:
        assert (await read_source(await bench.context("people"), Refresh())).payload.rows == 2


async def test_a_file_that_never_rests_is_given_up_after_twenty_times_as_long(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write(path, 0, 1)

    def rewrite() -> None:
        write(path, -clock.monotonic() - 10, len(clock.sleeps))

    clock = Written(*[rewrite] * 100)
    async with a_bench(tmp_path, dataset(tmp_path, "p.csv", stable_for=30), clock=clock) as bench:
        with pytest.raises(SourceError, match=r"still being written: in 10m 00s of waiting") as caught:
            await choose_files(await bench.context("people"))
        assert caught.value.path == str(path)
        assert clock.monotonic() == 600.0


async def test_a_file_that_vanishes_while_it_is_waited_for_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write(path, 0, 1)
    async with a_bench(tmp_path, dataset(tmp_path, "p.csv", stable_for=30), clock=Written(path.unlink)) as bench:
        with pytest.raises(SourceError, match="does not exist"):
            await choose_files(await bench.context("people"))


async def test_a_wait_ends_when_the_run_is_stopped(tmp_path: Path) -> None:
    write(tmp_path / "p.csv", 0, 1)
    clock = Written(lambda: anyio.from_thread.run_sync(bench.run.stop.halt))
    async with a_bench(tmp_path, dataset(tmp_path, "p.csv", stable_for=30), clock=clock) as bench:
        refresh = await (await bench.driver("people")).drive()
        assert refresh.status is None
        assert bench.witness.of("reading") == []


async def test_a_file_that_changes_before_a_worker_has_read_it_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write(path, 60, 1)
    async with a_bench(tmp_path, dataset(tmp_path, "p.csv", max_age=3600), clock=FakeClock()) as bench:
        chosen = await choose_files(await bench.context("people"))
        await chosen.verify()
        await anyio.to_thread.run_sync(write, path, 50, 1)
        with pytest.raises(SourceError, match="was written to while it was read"):
            await chosen.verify()


async def test_only_files_that_are_too_old_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 10, 1)
    async with a_bench(tmp_path, dataset(tmp_path, "a.csv", max_age=9), clock=FakeClock()) as bench:
        with pytest.raises(GuardError, match="max_age allows"):
            await choose_files(await bench.context("people"))
