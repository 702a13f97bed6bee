"""Extensions of sources."""

import re

import pytest

from bulkimport.config import source_types
from bulkimport.config.source_types import TYPE_OF_EXTENSION, default_delimiter, extension, path_pattern


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/people.csv", ".csv"),
        ("PEOPLE.TSV", ".tsv"),
        ("people.json.gz", ".json"),
        ("people.v2.jsonl.GZ", ".jsonl"),
        ("data/*.txt", ".txt"),
        ("people.csv.zst", ".csv"),
        ("people.csv.ZIP", ".csv"),
        ("people.csv.gz.zip", ".gz"),
        ("people.gz", ""),
        ("people", ""),
        ("people.csv/", ".csv"),
        ("people.xlsx", ".xlsx"),
    ],
)
def test_the_extension_is_told_without_that_of_a_packing(path: str, expected: str) -> None:
    assert extension(path) == expected


def test_the_delimiter_of_tsv_is_a_tab() -> None:
    assert [default_delimiter(path) for path in ("a.csv", "a.txt", "a.tsv", "a.TSV.gz")] == [",", ",", "\t", "\t"]


@pytest.mark.parametrize("name", sorted(TYPE_OF_EXTENSION))
def test_the_schema_pattern_knows_every_extension(name: str) -> None:
    for path in (f"a{name}", f"a{name.upper()}", f"a{name}.gz", f"a{name}.ZST", f"a{name}.zip", "x/${FILE}"):
        assert re.search(path_pattern(), path)


@pytest.mark.parametrize("path", ["people.xls", "people", "people.csv.zip.gz", "people.zip", "csv"])
def test_the_schema_pattern_knows_no_other(path: str) -> None:
    assert not re.search(path_pattern(), path)


def test_an_origin_may_be_a_further_key_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(source_types.KEYS_OF_ORIGIN, "url", ())
    assert source_types.origin_keys(["query", "url"]) == ["query"]
    assert source_types.origin_keys(["url"]) == ["url"]
    assert source_types.origin_keys(["path", "query"]) == ["path", "query"]
