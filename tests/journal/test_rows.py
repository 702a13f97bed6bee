from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.clock import parse_timestamp
from bulkimport.errors import StateError
from bulkimport.journal.rows import (
    expecting_sound_rows,
    json_object,
    json_text,
    moment_text,
    optional_moment,
    storable,
)

ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=ZONES)  # noqa: DTZ001 # bounds are naive


@given(moment=MOMENTS)
def test_a_moment_comes_back_to_the_microsecond_in_utc(moment: datetime) -> None:
    restored = parse_timestamp(moment_text(moment))
    assert restored == moment
    assert restored.tzinfo is UTC


@given(first=MOMENTS, second=MOMENTS)
def test_texts_sort_as_their_moments_do(first: datetime, second: datetime) -> None:
    assert (moment_text(first) < moment_text(second)) == (first < second)


def test_an_empty_column_is_no_moment() -> None:
    assert optional_moment(None) is None


@given(value=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())))
def test_an_object_comes_back_from_its_json(value: dict[str, object]) -> None:
    text = json_text(value)
    assert text.isascii()
    assert json_object(text) == value


@pytest.mark.parametrize("text", ["", "[]", "null", "{"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # any kind of it: the caller calls it damage
        json_object(text)


@given(text=st.text(st.characters()))
def test_any_path_can_be_stored(text: str) -> None:
    stored = storable(text)
    stored.encode("utf-8")
    assert stored == text or any("\ud800" <= character <= "\udfff" for character in text)


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError])
def test_a_record_that_makes_no_sense_is_called_damage(error: type[Exception]) -> None:
    with pytest.raises(StateError, match="damaged") as caught, expecting_sound_rows():
        raise error("https://store.example/secret")
    assert "move journal.db" in caught.value.hint
    assert "secret" not in str(caught.value)


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), expecting_sound_rows():
        raise ZeroDivisionError
