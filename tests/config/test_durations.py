"""Durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.config.durations import LONGEST, parse_duration

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("15m", 900),
        ("2h", 7200),
        ("1d", 86400),
        ("1.5s", 1.5),
        ("0s", 0),
        ("366d", LONGEST),
    ],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "30 s", " 30s", "30s ", "30S", "-1s", "+1s", "1h30m", "1.s", ".5s", "s", "1e3s", "٣s", "30s\n"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["30", "1.5"])
def test_a_bare_number_is_told_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=f"a unit is missing: write {text}s for seconds"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["367d", "9" * 400 + "h"])
def test_more_than_a_year_is_a_slip(text: str) -> None:
    with pytest.raises(ValueError, match="the longest is 366d"):
        parse_duration(text)


@given(st.integers(0, 366), st.integers(0, 999), st.sampled_from(sorted(UNITS)))
def test_every_number_with_a_unit_is_read(whole: int, thousandths: int, unit: str) -> None:
    expected = (whole + thousandths / 1000) * UNITS[unit]
    text = f"{whole}.{thousandths:03}{unit}"
    if expected <= LONGEST:
        assert parse_duration(text) == pytest.approx(expected)
    else:
        with pytest.raises(ValueError, match="longest"):
            parse_duration(text)


@given(st.text())
def test_a_text_is_a_duration_in_range_or_a_value_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 <= seconds <= LONGEST
