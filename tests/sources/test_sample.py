from pathlib import Path

from bulkimport.model import CsvSource, JsonSource
from bulkimport.sources import open_source
from bulkimport.sources.sample import Sample, sample_of


def test_the_first_rows_of_a_table_come_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,4\n5,6\n")

    found = sample_of(open_source(CsvSource((str(path),))), 2)

    assert found == Sample(("a", "b"), [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}])


def test_a_table_without_rows_has_its_columns_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n")

    assert sample_of(open_source(CsvSource((str(path),))), 2) == Sample(("a", "b"), [])


def test_records_have_the_columns_that_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a":1},{"b":2},{"c":3}]')

    assert sample_of(open_source(JsonSource((str(path),))), 2) == Sample(("a", "b"), [{"a": 1}, {"b": 2}])
