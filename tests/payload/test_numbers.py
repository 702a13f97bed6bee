import json
from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.payload.encode import dumps
from bulkimport.payload.numbers import number_text, number_value, one_spelling
from bulkimport.sources import ExactNumber

WRITTEN = st.from_regex(r"[+-]?([0-9]{1,25}(\.[0-9]{0,25})?|\.[0-9]{1,25})([eE][+-]?[0-9]{1,2})?", fullmatch=True)


@given(WRITTEN)
def test_a_number_keeps_its_value_to_the_last_digit(text: str) -> None:
    for written in (number_text(text), dumps(number_value(text)).decode()):
        assert json.loads(written, parse_int=Decimal, parse_float=Decimal) == Decimal(text)


@given(WRITTEN, st.integers(0, 5), st.integers(-30, 30))
def test_all_spellings_of_a_number_are_one_and_those_of_others_are_not(text: str, zeros: int, power: int) -> None:
    number = Decimal(text)
    assert Decimal(one_spelling(text)) == number
    shifted = number.scaleb(-power, Context(prec=99))
    plain = f"{number:f}"
    for other in (plain, f"{shifted:f}e{power}", f"{plain}{'' if '.' in plain else '.'}{'0' * zeros}"):
        assert one_spelling(other) == one_spelling(text)
    assert number == 0 or one_spelling(f"{number:f}e1") != one_spelling(text)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("7.0", "7"),
        ("70e-1", "7"),
        ("-0", "0"),
        ("1e3", "1000"),
        ("0.50", "0.5"),
        ("-12.50", "-12.5"),
        ("1e40", "1e40"),
    ],
)
def test_one_spelling_is_the_usual_one(text: str, spelling: str) -> None:
    assert one_spelling(text) == spelling


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("65000", 65000),
        ("-12", -12),
        ("+5", 5),
        ("007", 7),
        ("-0", 0),
        ("0.10", 0.1),
        (".5", 0.5),
        ("5.", 5),
        ("1e5", 100000.0),
        ("123456789012345678", 123456789012345678),
        ("1234567890123456789012", ExactNumber("1234567890123456789012")),
        ("0.12345678901234567", ExactNumber("0.12345678901234567")),
        ("+01.50e-400", ExactNumber("1.50e-400")),
    ],
)
def test_integers_stay_integers_and_long_numbers_stay_exact(text: str, value: object) -> None:
    found = number_value(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["5E400", "12E456", "-1e+309", "9" * 400, "1E999"])
def test_numbers_beyond_all_floats_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is a number too large for JSON"):
        number_value(text)


def test_the_largest_and_the_smallest_floats_are_numbers() -> None:
    assert number_value("1.7976931348623157e308") == ExactNumber("1.7976931348623157e308")
    assert number_value("1e-300") == ExactNumber("1e-300")


@pytest.mark.parametrize(
    ("text", "written"), [("+007", "7"), (".50", "0.50"), ("5.", "5"), ("1E+5", "1e+5"), ("-00.1", "-0.1")]
)
def test_as_text_a_number_keeps_its_digits(text: str, written: str) -> None:
    assert number_text(text) == written


@pytest.mark.parametrize(
    "text",
    ["", "1,000", "1 000", "£5", "5%", "NaN", "Infinity", "0x1F", "1_000", "--1", "1.2.3", "e5", ".", "١٢", "²", "1e"],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    for read in (number_text, number_value):
        with pytest.raises(ValueError, match="is not a number"):
            read(text)
