"""Timestamps as they leave the program and come back, and the machine's clock."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.clock import SystemClock, parse_timestamp, timestamp

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))])
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), timezones=ZONES)  # noqa: DTZ001 - bounds of naive values


@given(MOMENTS)
def test_a_timestamp_comes_back_to_the_millisecond(moment: datetime) -> None:
    text = timestamp(moment)
    assert text.endswith("Z")
    assert timedelta() <= moment - parse_timestamp(text) < timedelta(milliseconds=1)


def test_a_timestamp_is_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 23, 3, 0, tzinfo=timezone(timedelta(hours=1)))
    assert timestamp(moment) == "2026-11-23T02:00:00.000Z"


@pytest.mark.parametrize("text", ["", "soon", "2026-11-23", "2026-11-23T02:00:00", "2026-11-23T02:00:00.000"])
def test_what_names_no_moment_is_refused(text: str) -> None:
    """Without a zone it would be read as local time, and a URL would live an hour longer on some machines."""
    with pytest.raises(ValueError, match=r"imestamp|isoformat"):
        parse_timestamp(text)


async def test_the_system_clock_is_aware_goes_on_and_sleeps() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(-1)
    await clock.sleep(0.001)
    assert clock.monotonic() > before
    assert clock.now().utcoffset() == timedelta(0)
