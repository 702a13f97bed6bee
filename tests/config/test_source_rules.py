"""Which keys of a source go together."""

from tests.config.support import HEAD, PEOPLE, Folder


def problem(folder: Folder, source: str) -> str:
    return folder.problem(HEAD + PEOPLE.replace("data/people.csv", source))


def test_a_source_says_where_its_rows_come_from(folder: Folder) -> None:
    assert problem(folder, "{type: csv}").endswith(
        ": nothing says where the rows come from: expected `path` or `query` or `query_file`"
    )


def test_what_only_delimited_text_has_is_not_said_of_json(folder: Folder) -> None:
    assert problem(folder, "{path: a.json, encoding: cp1252}").endswith("`encoding` is for csv; this source is json")
    assert problem(folder, '{path: a.csv, type: ndjson, quotechar: "\'"}').endswith(
        "`quotechar` is for csv; this source is ndjson"
    )


def test_a_type_that_is_none_hides_no_other_mistake(folder: Folder) -> None:
    assert "source.type: expected one of" in problem(folder, "{path: a.json, type: xml, delimiter: ';'}")


def test_a_query_says_what_runs_it(folder: Folder) -> None:
    assert problem(folder, "{query: select 1}").endswith("`query` is for duckdb; say `type: duckdb`")
    assert problem(folder, "{query_file: a.sql, type: csv}").endswith("`query_file` is for duckdb; this source is csv")
    assert problem(folder, "{path: a.csv, type: duckdb}").endswith("in which the files are named")
    assert "rows come from one place" in problem(folder, "{query: select 1, query_file: a.sql, type: duckdb}")
    assert problem(folder, "{query: select 1, type: duckdb, delimiter: ';'}").endswith("this source is duckdb")
