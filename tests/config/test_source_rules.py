"""Which keys of a source go together."""

import pytest

from tests.config.support import HEAD, PEOPLE, Folder


def problem(folder: Folder, source: str) -> str:
    return folder.problem(HEAD + PEOPLE.replace("data/people.csv", source))


def test_a_source_says_where_its_rows_come_from(folder: Folder) -> None:
    assert problem(folder, "{type: csv}").endswith(": nothing says where the rows come from: expected `path` or `url`")


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
