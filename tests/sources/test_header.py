import pytest

from bulkimport.errors import SourceError
from bulkimport.sources.base import Place
from bulkimport.sources.header import Header, read_header

PLACE = Place("f.csv", 1)


def header(*cells: str, wanted: tuple[str, ...] = ()) -> Header:
    return read_header(list(cells), PLACE, frozenset(wanted))[0]


def test_names_are_kept_in_order() -> None:
    assert header("a", "b c", "ü") == Header(("a", "b c", "ü"), ["a", "b c", "ü"])


def test_white_space_around_a_name_is_taken_off_with_a_warning() -> None:
    found, warnings = read_header(["a", " b "], PLACE, frozenset())

    assert found.columns == ("a", "b")
    assert warnings == ["f.csv, line 1: white space around column names was ignored: ' b '"]


def test_a_name_that_is_wanted_as_written_keeps_its_white_space() -> None:
    assert header("a", " b ", wanted=(" b ",)).columns == ("a", " b ")


def test_empty_names_at_the_end_are_width_without_columns() -> None:
    assert header("a", "b", "", " ") == Header(("a", "b"), ["a", "b", "", " "])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["a", "b", "a"], r"'a' more than once \(columns 1, 3\)"),
        (["a", " a"], "'a' more than once"),
        (["a", "", "b"], "column 2 has no name"),
        (["", "", ""], "no column names"),
    ],
)
def test_a_header_that_leaves_doubts_is_refused(cells: list[str], words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        header(*cells)

    assert caught.value.message.startswith("f.csv, line 1: ")
    assert caught.value.hint


def test_cells_are_put_in_the_order_of_other_columns() -> None:
    arrange = header("b", "a").arranged_as(("a", "b"))

    assert arrange is not None
    assert arrange(["1", "2"]) == ["2", "1"]
    assert header("a", "b").arranged_as(("a", "b")) is None
