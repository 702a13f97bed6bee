"""Date patterns and defaults of properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.config.expectations import MismatchError
from bulkimport.config.fields import check_date_pattern, typed_value
from bulkimport.config.models import FieldBlock, ImportBlock
from bulkimport.config.scalars import FromEnvironment
from bulkimport.model import Scalar

ISO = "YYYY-MM-DD"


def field(kind: str | None, pattern: str | None, default: Scalar) -> FieldBlock:
    return FieldBlock.model_validate({"type": kind, "format": pattern, "default": default})


def imports(date_format: str) -> ImportBlock:
    return ImportBlock.model_validate({"date_format": date_format, "noop_token": "#", "clear_token": "!"})


@pytest.mark.parametrize(
    "pattern", ["%d/%m/%Y", "%Y%m%d", "%d.%m.%y", "%d %B %Y", "%Y-%m-%dT%H:%M:%S", "%Y-%j", "%%%Y-%m-%d"]
)
def test_patterns_with_day_month_and_year(pattern: str) -> None:
    check_date_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "%d/%m",
        "%Y",
        "%m/%Y",
        "dd/mm/yyyy",
        "%d/%m/%Q",
        "%",
        "%d %d %m %Y",
        "%H:%M",
        "%d/%m/%%Y",
        "%-d/%-m/%Y",
        "\0%Y",
        "(%Y",
    ],
)
def test_patterns_that_lose_a_part_or_cannot_be_read(pattern: str) -> None:
    with pytest.raises(MismatchError, match="day, month and year"):
        check_date_pattern(pattern)


@given(st.text(st.sampled_from("%dmYyHjBbUwWAGVuZzfpcxX -/.\\([\0")))
def test_any_pattern_passes_or_is_a_mismatch(pattern: str) -> None:
    try:
        check_date_pattern(pattern)
    except MismatchError as mismatch:
        assert "date pattern" in str(mismatch)  # noqa: PT017 — either outcome is right


@pytest.mark.parametrize(
    ("kind", "pattern", "date_format", "default", "expected"),
    [
        (None, None, ISO, None, None),
        (None, None, ISO, 5, 5),
        (None, None, ISO, True, True),
        (None, None, ISO, FromEnvironment("5"), "5"),
        ("text", None, ISO, "", ""),
        ("number", None, ISO, 2.5, 2.5),
        ("number", None, ISO, FromEnvironment("2.5"), 2.5),
        ("boolean", None, ISO, False, False),
        ("boolean", None, ISO, FromEnvironment("true"), True),
        ("date", None, ISO, "2026-11-23", "2026-11-23"),
        ("date", None, "DD/MM/YYYY", "23/11/2026", "23/11/2026"),
        ("date", None, "DD/MM/YYYY", "2026-11-23", "2026-11-23"),
        ("date", "%d.%m.%y", ISO, "23.11.26", "23.11.26"),
        ("number", None, ISO, "#", "#"),
        ("date", None, ISO, "!", "!"),
    ],
)
def test_defaults_that_fit(
    kind: str | None, pattern: str | None, date_format: str, default: Scalar, expected: Scalar
) -> None:
    value = typed_value(default, field(kind, pattern, default), imports(date_format))
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("kind", "pattern", "date_format", "default", "words"),
    [
        ("text", None, ISO, 5, "a text, as the type is text: put it in quotes"),
        ("number", None, ISO, "5", "a number, as the type is number"),
        ("number", None, ISO, True, "a number, as the type is number"),
        ("boolean", None, ISO, "true", "true or false, as the type is boolean"),
        ("boolean", None, ISO, 1, "true or false, as the type is boolean"),
        ("date", None, ISO, "23/11/2026", "a date written as YYYY-MM-DD"),
        ("date", None, ISO, "2026-1-5", "a date written as YYYY-MM-DD"),
        ("date", None, "MM/DD/YYYY", "23/11/2026", "a date written as MM/DD/YYYY"),
        ("date", None, ISO, "2026-02-30", "a date written as YYYY-MM-DD"),
        ("date", "%d.%m.%y", ISO, "2026-11-23", "a date written as %d.%m.%y"),
        ("date", None, ISO, 20261123, "a date written as YYYY-MM-DD"),
    ],
)
def test_defaults_that_do_not_fit(
    kind: str, pattern: str | None, date_format: str, default: Scalar, words: str
) -> None:
    with pytest.raises(MismatchError) as caught:
        typed_value(default, field(kind, pattern, default), imports(date_format))
    assert str(caught.value) == words
