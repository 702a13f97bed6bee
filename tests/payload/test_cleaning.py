import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import Field
from bulkimport.payload.cleaning import UNCLEANED, Cleaning, Joining, as_text
from bulkimport.sources import ExactNumber


def test_nothing_asked_for_is_nothing_done() -> None:
    assert not UNCLEANED
    assert not Cleaning.of(Field("p", "P"))
    assert UNCLEANED.text(" x ") == " x "


def test_a_text_is_trimmed_then_recognised_as_null_then_looked_up() -> None:
    cleaning = Cleaning(trim=True, null_values=frozenset({"n/a"}), value_map={"M": "Male", "": "Unknown"})

    assert [cleaning.text(text) for text in (" M ", " n/a ", "F", "  ")] == ["Male", "Unknown", "F", "Unknown"]


def test_null_values_are_meant_exactly_as_written() -> None:
    cleaning = Cleaning(null_values=frozenset({"NULL"}))

    assert [cleaning.text(text) for text in ("NULL", "null", " NULL", "NULLS")] == ["", "null", " NULL", "NULLS"]


def test_what_the_map_does_not_have_is_kept_blank_or_refused() -> None:
    assert Cleaning(value_map={"M": 1}, unmapped="keep").text("x") == "x"
    assert Cleaning(value_map={"M": 1}, unmapped="blank").text("x") == ""
    with pytest.raises(ValueError, match="not among the values of `map`"):
        Cleaning(value_map={"M": 1}, unmapped="refuse").text("x")
    assert Cleaning(value_map={"M": 1}, unmapped="refuse").text(" ") == " "


@given(st.lists(st.text(alphabet=" ab\t", max_size=4)), st.booleans(), st.sets(st.sampled_from(["", "a", " a", "ab"])))
def test_many_texts_become_what_each_becomes(cells: list[str], trim: bool, nulls: set[str]) -> None:
    cleaning = Cleaning(trim=trim, null_values=frozenset(nulls))

    assert cleaning.texts(cells) == [cleaning.text(cell) for cell in cells]


def test_joined_texts_are_cleaned_one_by_one() -> None:
    joining = Joining("-", Cleaning(trim=True, null_values=frozenset({"0"})))

    assert joining.text((" UK ", "7")) == "UK-7"
    assert joining.text(("UK", "0")) == ""


@pytest.mark.parametrize("parts", [("", "7"), ("UK", " "), ("", "")])
def test_half_a_key_is_no_key(parts: tuple[str, ...]) -> None:
    assert Joining("-", UNCLEANED).text(parts) == ""


def test_plain_values_have_the_text_that_a_file_would_have() -> None:
    assert [as_text(value) for value in ("x", None, True, 5, 1e-7, ExactNumber("1.50"))] == [
        *("x", "", "true", "5", "1e-7", "1.50")
    ]
