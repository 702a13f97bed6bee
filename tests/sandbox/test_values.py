"""Reading values by property type."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.sandbox.values import converter, dump, identifier, is_unicode


@given(st.integers())
def test_integers_survive_as_numbers_and_as_strings(number: int) -> None:
    read = converter("number")
    assert read(number) == read(str(number)) == json.loads(dump(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_floats_survive_as_numbers_and_as_strings(number: float) -> None:
    read = converter("number")
    assert read(number) == read(repr(number)) == json.loads(dump(number)) == number


@given(st.text())
def test_texts_survive_as_they_are(text: str) -> None:
    assert converter("text")(text) == text == json.loads(dump(text))
    assert is_unicode(text)


@given(st.dates())
def test_dates_are_stored_in_one_form_whatever_they_were_read_from(day: Any) -> None:
    for name, pattern in (("YYYY-MM-DD", "%4Y-%m-%d"), ("DD/MM/YYYY", "%d/%m/%4Y"), ("MM/DD/YYYY", "%m/%d/%4Y")):
        text = pattern.replace("%4Y", f"{day.year:04}").replace("%m", f"{day.month:02}").replace("%d", f"{day.day:02}")
        assert converter("date", name)(text) == day.isoformat()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "1,5"),
        ("number", "nan"),
        ("number", "1e999"),
        ("number", "٣"),
        ("number", []),
        ("date", "2023-02-29"),
        ("date", "2023-2-3"),
        ("date", "2023-02-03T00:00:00"),
        ("date", 20230203),
        ("boolean", "yes"),
        ("boolean", 1),
        ("text", ["a"]),
        ("text", "\udc00"),
    ],
)
def test_what_is_not_of_the_type_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        converter(kind)(value)


@pytest.mark.parametrize(("kind", "kept"), [("text", ""), ("number", None), ("date", None), ("boolean", None)])
def test_blank_clears_every_type_but_text(kind: str, kept: str | None) -> None:
    assert converter(kind)("") == kept
    assert converter(kind)(None) is None


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        converter("colour")


def test_identifiers_are_compared_as_texts() -> None:
    assert [identifier(value) for value in (7, 7.0, "7", "07", None, True)] == ["7", "7", "7", "07", "", "True"]
