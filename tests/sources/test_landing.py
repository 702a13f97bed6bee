"""Where rows land before they are read, and what people read about it."""

import contextlib
import sqlite3
import sys
from pathlib import Path

import anyio
import pytest

from bulkimport.errors import SourceError
from bulkimport.model import CommandSource, CsvSource, ExcelSource, NdjsonSource, PythonSource, Secret, SqlSource
from bulkimport.sources.landing import Landed, land
from tests.support.http import answer, scripted_server

WORKBOOK = Path(__file__).parents[1] / "data" / "people.xlsx"


def told_nothing(arrived: int, total: int) -> None:
    raise AssertionError("nothing has to arrive")


def test_files_on_this_machine_are_read_where_they_are(tmp_path: Path) -> None:
    source = CsvSource((str(tmp_path / "people.csv"),))

    assert land(source, tmp_path / "landing", told_nothing) == Landed(source)
    assert not (tmp_path / "landing").exists()


def quiet(arrived: int, total: int) -> None:
    assert arrived > total == 0


def test_the_output_of_a_command_is_a_file_like_any_other(tmp_path: Path) -> None:
    source = CommandSource(("printf", "id;n\n1;a\n"), str(tmp_path), CsvSource((), ";"))

    landed = land(source, tmp_path / "landing", quiet)

    path = str(tmp_path / "landing" / "output")
    assert landed == Landed(CsvSource((path,), ";"), {path: "the output of printf"})
    assert Path(path).read_text() == "id;n\n1;a\n"
    assert Path(path).stat().st_mode & 0o777 == 0o600
    assert Path(path).parent.stat().st_mode & 0o777 == 0o700


def test_a_workbook_that_a_command_writes_is_read_as_one(tmp_path: Path) -> None:
    source = CommandSource(("cat", str(WORKBOOK)), str(tmp_path), ExcelSource((), "Staff", 2))

    landed = land(source, tmp_path / "landing", quiet)

    assert isinstance(landed.source, NdjsonSource)
    assert list(landed.names.values()) == ["the output of cat, sheet 'Staff'"]


def test_an_error_in_a_workbook_that_has_landed_names_the_command(tmp_path: Path) -> None:
    source = CommandSource(("cat", str(WORKBOOK)), str(tmp_path), ExcelSource((), "Broken"))

    with pytest.raises(SourceError, match=r"^the output of cat, sheet 'Broken', cell B2: there is an error, #DIV/0!$"):
        land(source, tmp_path / "landing", quiet)


WITHOUT_EXTRAS = """
import sys
from pathlib import Path
for library in ("backports.zstd", "duckdb", "fsspec", "openpyxl", "pyarrow", "s3fs", "sqlalchemy", "sqlparse", "sshfs"):
    sys.modules[library] = None  # which makes importing it fail
from bulkimport.model import CsvSource, RemoteSource, Secret
from bulkimport.sources.landing import land
landed = land(RemoteSource((Secret(sys.argv[1]),), CsvSource(())), Path(sys.argv[2]), lambda *_: None)
sys.stdout.write(Path(landed.source.paths[0]).read_text())
"""


async def test_a_file_on_the_web_needs_no_extra(tmp_path: Path) -> None:
    async with scripted_server(answer(200, b"id\n1\n")) as server:
        argv = [sys.executable, "-c", WITHOUT_EXTRAS, server.url("/people.csv"), str(tmp_path / "landing")]
        ended = await anyio.run_process(argv, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == (b"id\n1\n", b"", 0)


def test_rows_of_a_function_have_its_name(tmp_path: Path) -> None:
    (tmp_path / "hr.py").write_text("def people(first):\n    yield {'id': first}\n    yield {'id': 2, 'name': 'B'}\n")
    source = PythonSource("hr:people", str(tmp_path), (("first", 1),))

    landed = land(source, tmp_path / "landing", told_nothing)

    path = str(tmp_path / "landing" / "rows.ndjson")
    assert landed == Landed(NdjsonSource((path,), ("id", "name"), "row"), {path: "hr:people"})
    assert Path(path).read_text() == '{"id":1}\n{"id":2,"name":"B"}\n'


def test_rows_of_a_query_have_the_name_of_the_database(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "hr.db")) as connection:
        connection.execute("CREATE TABLE people (id INTEGER, name TEXT)")
    source = SqlSource(Secret("sqlite:///hr.db"), str(tmp_path), "SELECT * FROM people")

    landed = land(source, tmp_path / "landing", told_nothing)

    path = str(tmp_path / "landing" / "rows.ndjson")
    assert landed == Landed(NdjsonSource((path,), ("id", "name"), "row"), {path: "the query on sqlite:///hr.db"})


def test_an_error_names_what_people_know_not_where_it_landed() -> None:
    landed = Landed(CsvSource(("/spool/x/1.csv",)), {"/spool/x/1.csv": "s3://bucket/people.csv"})

    error = landed.told_error(SourceError("/spool/x/1.csv, line 3: no", "See /spool/x/1.csv.", "/spool/x/1.csv", 3))

    assert (error.message, error.hint) == ("s3://bucket/people.csv, line 3: no", "See s3://bucket/people.csv.")
    assert (error.path, error.line) == ("s3://bucket/people.csv", 3)


def test_an_error_about_no_file_stays_as_it_is() -> None:
    error = Landed(CsvSource(("a",))).told_error(SourceError("no", "hint"))

    assert (error.message, error.hint, error.path, error.line) == ("no", "hint", None, None)
