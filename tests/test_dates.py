from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.dates import DateReader
from bulkimport.model import DateFormat

FORMATS: list[DateFormat] = ["YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY"]
STRPTIME: dict[DateFormat, str] = {"YYYY-MM-DD": "%Y-%m-%d", "DD/MM/YYYY": "%d/%m/%Y", "MM/DD/YYYY": "%m/%d/%Y"}


@given(st.dates(), st.sampled_from(FORMATS), st.sampled_from(FORMATS))
def test_any_date_of_one_format_is_written_in_another(day: date, source: DateFormat, output: DateFormat) -> None:
    text = DateReader(None, source)(day.isoformat())

    assert DateReader(STRPTIME[source], output)(text) == DateReader(None, output)(day.isoformat())
    assert DateReader(None, source)(text) == text


@pytest.mark.parametrize(
    ("text", "output", "expected"),
    [
        ("2026-03-01", "DD/MM/YYYY", "01/03/2026"),
        ("2026-03-01", "MM/DD/YYYY", "03/01/2026"),
        ("1/3/2026", "DD/MM/YYYY", "01/03/2026"),
        ("1/3/2026", "MM/DD/YYYY", "01/03/2026"),
        ("0099-03-01", "YYYY-MM-DD", "0099-03-01"),
        ("2026-03-01T00:00:00", "YYYY-MM-DD", "2026-03-01"),
        ("2026-03-01 00:00", "YYYY-MM-DD", "2026-03-01"),
        ("2026-03-01T00:00:00.000Z", "DD/MM/YYYY", "01/03/2026"),
    ],
)
def test_without_a_pattern_the_import_format_and_iso_are_read(text: str, output: DateFormat, expected: str) -> None:
    assert DateReader(None, output)(text) == expected


def test_a_pattern_may_have_a_time_which_is_left_out() -> None:
    assert DateReader("%d %b %Y %H:%M", "YYYY-MM-DD")("05 Feb 2024 13:45") == "2024-02-05"


@pytest.mark.parametrize(
    ("text", "pattern", "output", "words"),
    [
        ("2026-02-30", None, "YYYY-MM-DD", "not a day of the calendar"),
        ("13/13/2026", None, "DD/MM/YYYY", "not a day of the calendar"),
        ("2026-03-01T08:00", None, "YYYY-MM-DD", "has a time of day"),
        ("01/03/2026", None, "YYYY-MM-DD", "is not a date"),
        ("20260301", None, "YYYY-MM-DD", "is not a date"),
        ("45000", None, "YYYY-MM-DD", "is not a date"),
        ("2026-W05-1", None, "YYYY-MM-DD", "is not a date"),
        ("31/02/2026", "%d/%m/%Y", "YYYY-MM-DD", "in the format %d/%m/%Y"),
        ("2026-01-01", "%d/%m/%Y", "YYYY-MM-DD", "in the format %d/%m/%Y"),
    ],
)
def test_what_is_no_date_is_refused(text: str, pattern: str | None, output: DateFormat, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DateReader(pattern, output)(text)
