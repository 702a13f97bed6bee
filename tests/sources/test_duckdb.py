"""Queries over files, run by DuckDB."""

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bulkimport.errors import SourceError
from bulkimport.model import DuckDbSource, ParquetSource
from bulkimport.sources.duckdb import fetch_query
from bulkimport.sources.landing import land
from bulkimport.sources.parquet import ParquetRecords


def rows(folder: Path, query: str) -> list[dict[str, Any]]:
    path = fetch_query(DuckDbSource(str(folder), query), folder / "landing")
    found = [row for batch in ParquetRecords(ParquetSource((str(path),))).batches() for row in batch]
    path.unlink()
    return found


def problem(folder: Path, query: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch_query(DuckDbSource(str(folder), query), folder / "landing")
    return caught.value


def test_files_are_joined_by_names_relative_to_the_folder_of_the_config(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1, 2], "name": ["Ann", "Zoë"]}), tmp_path / "people.parquet")
    (tmp_path / "jobs.csv").write_text("id,job\n2,Pilot\n")
    query = "select p.*, j.job from 'people.parquet' p left join 'jobs.csv' j using (id) order by id; -- both"

    assert rows(tmp_path, query) == [{"id": 1, "name": "Ann", "job": None}, {"id": 2, "name": "Zoë", "job": "Pilot"}]


def test_a_query_may_stand_in_a_file_and_lands_privately(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("\ufeffwith x as (select 7 as id)\nfrom x\n", "utf-8")
    source = DuckDbSource(str(tmp_path), query_file=str(tmp_path / "q.sql"))

    landed = land(source, tmp_path / "landing", lambda arrived, total: None)

    [path] = tmp_path.glob("landing/*")
    assert landed.source == ParquetSource((str(path),))
    assert landed.told(f"{path} is odd") == f"the DuckDB query in {tmp_path}/q.sql is odd"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_whole_numbers_of_any_size_are_exact(tmp_path: Path) -> None:
    query = (
        'select sum(i) as "a ""b", 12345678901234567890123456789::hugeint as big, \'x\' as c '
        "from range(9007199254740993, 9007199254740994) t(i)"
    )

    [row] = rows(tmp_path, query)

    assert {name: str(value) for name, value in row.items()} == {
        'a "b': "9007199254740993",
        "big": "12345678901234567890123456789",
        "c": "x",
    }


def test_times_of_day_keep_their_zone(tmp_path: Path) -> None:
    query = (
        "select timetz '12:30:00+02' as a, timetz '12:30:00-03:30' as b, null::timetz as c, "
        "timetz '12:30:00.5+00' as d, time '12:30:00' as e, timestamptz '2026-01-31 12:30:00+02' as f"
    )

    assert rows(tmp_path, query) == [
        {
            "a": "12:30:00+02:00",
            "b": "12:30:00-03:30",
            "c": None,
            "d": "12:30:00.5+00:00",
            "e": "12:30:00",
            "f": "2026-01-31T10:30:00+00:00",
        }
    ]


def test_the_end_of_a_day_is_no_time_that_arrow_can_tell(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"row 1: the value.* of the column 't' is not a time of day before 24:00"):
        rows(tmp_path, "select time '24:00:00' as t")


def test_a_query_without_rows_has_its_columns(tmp_path: Path) -> None:
    path = fetch_query(DuckDbSource(str(tmp_path), "select 1 as id where false"), tmp_path / "landing")

    assert ParquetRecords(ParquetSource((str(path),))).columns == ("id",)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("copy (select 1) to 'stolen.csv'", "has to be one statement that only reads; it is COPY"),
        ("select 1; select 2", "it is SELECT, SELECT"),
        ("attach 'x.db'", "it is ATTACH"),
        ("set memory_limit = '9GB'", "it is SET"),
        (" -- nothing\n", "it is nothing"),
        ("selec 1", "syntax error"),
        ("select * from 'missing.csv'", "No files found that match the pattern"),
        ("select * from missing", "Table with name missing does not exist"),
        ("select n from 'a.csv' where nope = 1", "nope"),
        ("select * from 'a.csv' one join 'a.csv' two on one.id = two.id", "more than one column called 'id', 'n'"),
        ("select n::integer from 'a.csv'", "Could not convert string"),
        ("select * from read_csv('a.csv', columns = {'id': 'int', 'n': 'int'})", "CSV Error on Line: 2"),
        ("select * from 'https://127.0.0.1/a.csv'", "requires the extension httpfs"),
    ],
)
def test_what_is_wrong_with_a_query_is_told(tmp_path: Path, query: str, words: str) -> None:
    (tmp_path / "a.csv").write_text("id,n\n1,x\n")

    error = problem(tmp_path, query)

    assert words in error.message
    assert error.message.startswith("the DuckDB query ")
    assert "INSTALL" not in error.message
    assert "Possible solutions" not in error.message
    assert sorted(path.name for path in tmp_path.iterdir()) in (["a.csv"], ["a.csv", "landing"])


def test_names_in_a_query_are_files_and_not_variables_of_the_program(tmp_path: Path) -> None:
    assert "library does not exist" in problem(tmp_path, "select * from library").message


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"\xff", "is not UTF-8 text")])
def test_a_query_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "q.sql"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SourceError, match=words):
        fetch_query(DuckDbSource(str(tmp_path), query_file=str(path)), tmp_path / "landing")


def test_files_are_those_beside_the_config_whatever_the_working_directory_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a,b"  # a comma separates folders for DuckDB
    folder.mkdir()
    for place, name in ((folder, "right"), (tmp_path, "wrong")):
        (place / "p.csv").write_text(f"id,name\n1,{name}\n")
    monkeypatch.chdir(tmp_path)

    assert rows(folder, "select name from 'p.csv'") == [{"name": "right"}]
    assert Path.cwd() == tmp_path


def test_a_query_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    source = DuckDbSource(
        str(tmp_path), "select sum(a.range * b.range) from range(1000000) a, range(1000000) b", None, 0.2
    )

    with pytest.raises(SourceError, match=r"took longer than 0\.2 s"):
        fetch_query(source, tmp_path / "landing")


def test_a_query_that_cannot_even_be_interrupted_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading from a pipe that nobody writes to; a network folder whose server is gone is the same to the program."""
    monkeypatch.setattr("bulkimport.sources.duckdb._TO_BE_INTERRUPTED", 0.1)
    os.mkfifo(tmp_path / "people.csv")
    source = DuckDbSource(str(tmp_path), "from 'people.csv'", timeout=0.1)

    with pytest.raises(SourceError, match=r"took longer than 0\.1 s and cannot be interrupted"):
        fetch_query(source, tmp_path / "landing")

    with (tmp_path / "people.csv").open("w"):  # the thread goes on, and ends
        pass
