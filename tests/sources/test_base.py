from pathlib import Path

from bulkimport.model import NdjsonSource
from bulkimport.sources import ExactNumber, open_source
from bulkimport.sources.base import Place, locate


def test_exact_numbers_are_equal_by_their_text() -> None:
    assert ExactNumber("1.0") == ExactNumber("1.0")
    assert ExactNumber("1.0") != ExactNumber("1.00")
    assert ExactNumber("1.0") != "1.0"
    assert len({ExactNumber("1"), ExactNumber("1")}) == 1
    assert str(ExactNumber("1.50")) == "1.50"


def test_an_error_at_a_place_carries_it(tmp_path: Path) -> None:
    error = Place("f.json", 3, "record").error("no", "hint")

    assert (error.message, error.path, error.line, error.hint) == ("f.json, record 3: no", "f.json", 3, "hint")


def test_rows_are_located_without_reading_further_than_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"a":1}\n\n{"a":2}\n' + "x" * 200_000)
    source = open_source(NdjsonSource((str(path),)))

    assert locate(source, {2}) == {2: Place(str(path), 3)}
    assert locate(source, set()) == {}
