"""The core schema of YAML 1.2."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.config.scalars import Atom, ZeroPadded, scalar_value


@pytest.mark.parametrize(
    "word", ["no", "NO", "yes", "on", "off", "y", "n", "tRUE", "1_000", "0b1", "12:30", "2026-11-23", "1e", "."]
)
def test_what_only_yaml_1_1_or_nobody_reads_as_something_else_is_text(word: str) -> None:
    assert scalar_value(word) == word


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("-12", -12),
        ("007", ZeroPadded(7)),
        ("0", 0),
        ("0o17", 15),
        ("0xFf", 255),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("2e3", 2000.0),
        ("-.inf", -math.inf),
    ],
)
def test_plain_scalars_have_their_values(word: str, value: Atom) -> None:
    resolved = scalar_value(word)
    assert resolved == value
    assert type(resolved) is type(value)


def test_nan_is_a_number() -> None:
    resolved = scalar_value(".nan")
    assert isinstance(resolved, float)
    assert math.isnan(resolved)


def test_thousands_of_digits_are_text_rather_than_an_exception() -> None:
    assert isinstance(scalar_value("9" * 5000), float | str)


@given(st.integers())
def test_every_integer_is_read_back(value: int) -> None:
    assert scalar_value(str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_back(value: float) -> None:
    assert scalar_value(repr(value)) == value


@given(st.text())
def test_no_text_raises(text: str) -> None:
    scalar_value(text)
