import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bulkimport.clock import SystemClock
from bulkimport.errors import GuardError
from bulkimport.model import Dataset, ExtractDate, PythonSource, RunOptions
from bulkimport.refresh.extracts import Extracts, extracts_of
from tests.support.refreshing import a_bench, csv_dataset


def written(folder: Path, name: str, day: int, **changes: object) -> Dataset:
    """A dataset whose file was modified on a day of November 2026, at noon."""
    dataset = csv_dataset(folder, name)
    moment = datetime(2026, 11, day, 12).timestamp()  # noqa: DTZ001 - the machine's own zone is what counts
    os.utime(folder / f"{name}.csv", (moment, moment))
    return replace(dataset, **changes)  # type: ignore[arg-type]  # any field of the dataset


async def verdicts(folder: Path, *datasets: Dataset) -> dict[str, str]:
    async with a_bench(folder, *datasets, clock=SystemClock()) as bench:
        extracts = Extracts(datasets)
        found = {}
        for dataset in datasets:
            try:
                await extracts.check(await bench.context(dataset.name))
                found[dataset.name] = "fits"
            except GuardError as error:
                found[dataset.name] = error.message
    return found


async def test_files_of_one_day_fit_together(tmp_path: Path) -> None:
    assert await verdicts(tmp_path, written(tmp_path, "a", 24), written(tmp_path, "b", 24)) == {
        "a": "fits",
        "b": "fits",
    }


async def test_files_of_two_days_are_all_refused(tmp_path: Path) -> None:
    found = await verdicts(tmp_path, written(tmp_path, "a", 24), written(tmp_path, "b", 25))

    assert "2026-11-24: a; 2026-11-25: b" in found["a"]
    assert found["a"] == found["b"]


async def test_a_name_or_a_column_may_tell_another_day_than_the_file(tmp_path: Path) -> None:
    named = written(tmp_path, "a-20261125", 24, extract_date=ExtractDate("file_name"))
    (tmp_path / "b.csv").write_text("x")
    column = written(tmp_path, "b", 1, extract_date=ExtractDate("column", column="asOf"))
    (tmp_path / "b.csv").write_text("id,name,asOf\n1,x,2026-11-25\n")

    assert set((await verdicts(tmp_path, named, column, written(tmp_path, "c", 25))).values()) == {"fits"}


async def test_a_source_that_is_not_there_holds_nobody_up(tmp_path: Path) -> None:
    missing = written(tmp_path, "b", 25)
    (tmp_path / "b.csv").unlink()

    assert (await verdicts(tmp_path, written(tmp_path, "a", 24), missing))["a"] == "fits"


@pytest.mark.parametrize("wanted", [True, False])
async def test_only_a_config_that_asks_for_it_is_held_to_it(tmp_path: Path, wanted: bool) -> None:
    dataset = written(tmp_path, "a", 24)
    async with a_bench(tmp_path, dataset, clock=SystemClock()) as bench:
        config = replace(bench.run.config, run=RunOptions(same_extract_date=wanted))
        assert (extracts_of(config, [dataset]) is not None) is wanted


async def test_nothing_is_imported_while_a_day_that_was_asked_for_cannot_be_told(tmp_path: Path) -> None:
    nameless = written(tmp_path, "nodate", 25, extract_date=ExtractDate("file_name"))
    found = await verdicts(tmp_path, nameless, written(tmp_path, "b", 25))

    assert "The day of its extract cannot be told" in found["nodate"]
    assert "The day of the extract of nodate cannot be told" in found["b"]
    assert "has no date in it" in found["b"]


async def test_a_column_that_is_not_there_tells_no_day(tmp_path: Path) -> None:
    columnless = written(tmp_path, "a", 25, extract_date=ExtractDate("column", column="as of"))

    assert "lacks the column 'as of'" in (await verdicts(tmp_path, columnless, written(tmp_path, "b", 25)))["a"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("1,x,\n2,y,\n", "a.csv, line 2: column 'asOf' is blank"),
        ("1,x,2026-11-25\n2,y,\n", "a.csv, line 3: column 'asOf' is blank"),
        ("", "a.csv has no rows, so column 'asOf' tells no day"),
    ],
)
async def test_an_extract_whose_column_tells_no_day_holds_up_all(tmp_path: Path, rows: str, why: str) -> None:
    undated = written(tmp_path, "a", 25, extract_date=ExtractDate("column", column="asOf"))
    (tmp_path / "a.csv").write_text("id,name,asOf\n" + rows)
    found = await verdicts(tmp_path, undated, written(tmp_path, "b", 25))

    assert "The day of its extract cannot be told" in found["a"]
    assert why in found["a"]
    assert "The day of the extract of a cannot be told" in found["b"]


async def test_a_file_that_comes_after_the_days_were_compared_is_refused(tmp_path: Path) -> None:
    first, late = written(tmp_path, "a", 24), written(tmp_path, "b", 25)
    content = (tmp_path / "b.csv").read_bytes()
    (tmp_path / "b.csv").unlink()
    async with a_bench(tmp_path, first, late, clock=SystemClock()) as bench:
        extracts = Extracts([first, late])
        await extracts.check(await bench.context("a"))
        (tmp_path / "b.csv").write_bytes(content)
        with pytest.raises(GuardError, match="came after the days"):
            await extracts.check(await bench.context("b"))


async def test_what_can_have_no_day_is_not_refused_with_the_others(tmp_path: Path) -> None:
    made = replace(csv_dataset(tmp_path, "rates"), source=PythonSource("rates:rows", str(tmp_path)))
    nameless = written(tmp_path, "nodate", 25, extract_date=ExtractDate("file_name"))
    found = await verdicts(tmp_path, nameless, made)

    assert found["rates"] == "fits"
    assert "cannot be told" in found["nodate"]
