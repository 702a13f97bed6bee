"""Which keys of a source go together."""

import pytest

from bulkimport.model import (
    CommandSource,
    CsvSource,
    DuckDbSource,
    ExcelSource,
    ParquetSource,
    PythonSource,
    Secret,
    SqlSource,
)
from tests.config.support import HEAD, PEOPLE, Folder


def problem(folder: Folder, source: str) -> str:
    return folder.problem(HEAD + PEOPLE.replace("data/people.csv", source))


def test_a_source_says_where_its_rows_come_from(folder: Folder) -> None:
    assert problem(folder, "{type: csv}").endswith(
        ": nothing says where the rows come from: expected `path`, `url`, `command`, `python`, `query` or `query_file`"
    )


def test_what_only_delimited_text_has_is_not_said_of_json(folder: Folder) -> None:
    assert problem(folder, "{path: a.json, encoding: cp1252}").endswith("`encoding` is for csv; this source is json")
    assert problem(folder, '{path: a.csv, type: ndjson, quotechar: "\'"}').endswith(
        "`quotechar` is for csv; this source is ndjson"
    )


def test_a_type_that_is_none_hides_no_other_mistake(folder: Folder) -> None:
    assert "source.type: expected one of" in problem(folder, "{path: a.json, type: xml, delimiter: ';'}")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{path: a.csv, newest: true}", "`newest` chooses among the files of a pattern such as people-*.csv"),
        ("{path: [a.csv, b.csv], newest: true}", "`newest` chooses among the files of a pattern"),
        ("{path: a.csv.gz, member: people.csv}", "`member` is for .zip files, and none is named here"),
        ("{path: a.csv, records: data}", "`records` is for json; this source is csv"),
        ("{path: a.jsonl, records: data}", "`records` is for json; this source is ndjson"),
        ("{path: a.json, differing_columns: fill}", "`differing_columns` is for csv; this source is json"),
        ("{path: a.csv, max_age: 24}", "expected a duration such as 500ms, 30s, 15m or 2h, or null"),
        ("{path: a.json, records: data..x}", "expected the names on the way to an array, such as data.workers"),
        ("{path: a.csv, differing_columns: drop}", "expected refuse or fill"),
    ],
)
def test_what_says_nothing_about_such_a_source_is_a_mistake(folder: Folder, source: str, words: str) -> None:
    assert words in problem(folder, source)


def loaded(folder: Folder, source: str, **environ: str) -> object:
    return folder.load(HEAD + PEOPLE.replace("data/people.csv", source), environ).datasets[0].source


def test_each_origin_becomes_a_source_of_its_own(folder: Folder) -> None:
    here = str(folder.path)
    assert loaded(folder, "{command: [gpg, --decrypt, '', people.gpg], type: csv, delimiter: ;, timeout: 2h}") == (
        CommandSource(("gpg", "--decrypt", "", "people.gpg"), here, CsvSource((), ";"), 7200.0)
    )
    assert loaded(folder, "{command: [x], type: excel, sheet: Staff, header_row: 3}") == (
        CommandSource(("x",), here, ExcelSource((), "Staff", 3))
    )
    assert loaded(folder, "{python: 'hr.people:rows', arguments: {year: 2026, all: true, none: null}}") == (
        PythonSource("hr.people:rows", here, (("year", 2026), ("all", True), ("none", None)))
    )
    url = "postgresql+psycopg://me:s3cret@db.example/hr"
    assert loaded(folder, "{query: select 1, url: '${URL}', parameters: {a: x}}", URL=url) == (
        SqlSource(Secret(url), here, "select 1", None, (("a", "x"),))
    )
    assert loaded(folder, "{query_file: q/people.sql, url: 'sqlite:///hr.db', type: sql, timeout: 1m}") == (
        SqlSource(Secret("sqlite:///hr.db"), here, None, f"{here}/q/people.sql", (), 60.0)
    )
    assert loaded(folder, "{query: select 1, type: duckdb, timeout: 1m}") == DuckDbSource(here, "select 1", None, 60.0)
    assert loaded(folder, "people.parquet") == ParquetSource((f"{here}/people.parquet",))
    assert loaded(folder, "people.xlsx") == ExcelSource((f"{here}/people.xlsx",))
    assert loaded(folder, "{path: people.xlsm, sheet: 2}") == ExcelSource((f"{here}/people.xlsm",), 2)
    assert loaded(folder, "{path: people.xlsx, sheet: '2024'}") == ExcelSource((f"{here}/people.xlsx",), "2024")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "{command: [x]}",
            "what a command writes has no extension: say with `type` that it is csv, excel, json, ndjson",
        ),
        ("{command: [], type: csv}", "expected a program, and its arguments"),
        ("{command: [''], type: csv}", "expected a program, and its arguments"),
        ("{command: gpg -d x, type: csv}", "expected a list, such as [first, second], found 'gpg -d x'"),
        ("{command: [x, 5], type: csv}", "expected a text, found 5 (put it in quotes)"),
        ("{command: [x], type: sql}", "sources with `command` are csv, excel, json, ndjson or parquet, not sql"),
        ("{command: [x], type: csv, path: a.csv}", "rows come from one place, but `path` and `command` are given"),
        ("{command: [x], type: csv, arguments: {a: 1}}", "`arguments` goes with `python`, not with `command`"),
        ("{command: [x], type: csv, sheet: a}", "`sheet` is for excel; this source is csv"),
        ("{command: [x], type: csv, timeout: 10}", "a unit is missing: write 10s for seconds"),
        ("{python: hr.people}", "expected a function as package.module:function, found 'hr.people'"),
        ("{python: 'hr:people', type: csv}", "sources with `python` have no type, not csv"),
        ("{python: 'hr:people', encoding: cp1252}", "`encoding` is for csv, not for `python`"),
        ("{query: select 1}", "`query` needs a database: give its `url`, or say `type: duckdb`"),
        ("{query_file: a.sql, type: csv}", "sources with `query_file` are duckdb or sql, not csv"),
        ("{path: a.csv, type: duckdb}", "sources with `path` are csv, excel, json, ndjson or parquet, not duckdb"),
        ("{query: select 1, type: duckdb, url: 'sqlite://'}", "`url` is for sql; this source is duckdb"),
        ("{query: select 1, type: duckdb, parameters: {a: 1}}", "`parameters` is for sql; this source is duckdb"),
        ("{query: select 1, type: duckdb, delimiter: ;}", "`delimiter` is for csv, not for `query`"),
        ("{query: select 1, query_file: a.sql, url: 'sqlite://'}", "but `query` and `query_file` are given: keep one"),
        ("{query: select 1, url: 'sqlite://', delimiter: ;}", "`delimiter` is for csv, not for `query`"),
        ("{query: select 1, url: 'sqlite://', parameters: {a b: 1}}", "expected a name of letters, digits and under"),
        ("{query: select 1, url: hr.db}", "expected the URL of a database, such as postgresql+psycopg://"),
        ("{path: a.csv, timeout: 1s}", "`timeout` is for files on other machines"),
        ("{path: a.csv, url: 'sqlite://'}", "rows come from one place, but `path` and `url` are given: keep one"),
        ("{path: a.xlsx, sheet: 0}", "expected the name of a sheet, or a whole number of at least 1, or null, found 0"),
        ("{path: a.xlsx, delimiter: ;}", "`delimiter` is for csv; this source is excel"),
        ("{path: a.csv, header_row: 2}", "`header_row` is for excel; this source is csv"),
    ],
)
def test_what_does_not_go_together_is_one_problem(source: str, message: str, folder: Folder) -> None:
    assert message in problem(folder, source)


def test_a_url_that_is_none_is_not_shown(folder: Folder) -> None:
    assert "s3cret" not in problem(folder, "{query: select 1, url: 'me:s3cret@db/hr'}")
