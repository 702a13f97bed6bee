from datetime import UTC, datetime, timedelta

import pytest

from bulkimport.errors import GuardError
from bulkimport.model import Stage
from bulkimport.sources.choice import FoundFile, Watch, newest, refuse_old

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def found(path: str, age: float, size: int = 10) -> FoundFile:
    return FoundFile(path, NOW - timedelta(seconds=age), size)


def test_the_newest_is_the_one_modified_last_whatever_date_its_name_has() -> None:
    assert (
        newest([found("people-2026-11-24.csv", 60), found("people-2026-11-01.csv", 5)]).path == "people-2026-11-01.csv"
    )


def test_of_files_modified_at_the_same_time_the_last_by_name_is_the_newest() -> None:
    assert newest([found("b", 5), found("c", 5), found("a", 5)]).path == "c"


def test_a_file_just_as_old_as_allowed_is_not_refused() -> None:
    refuse_old([found("a", 86_400), found("b", -30)], 86_400, NOW)


def test_the_oldest_of_the_files_is_refused_with_its_time_and_age() -> None:
    with pytest.raises(GuardError) as caught:
        refuse_old([found("a.csv", 10), found("b.csv", 93_780)], 86_400, NOW)

    assert caught.value.stage is Stage.GUARD
    assert caught.value.message == "b.csv was last written 2026-11-22 23:57:00 UTC, 26h 03m ago; max_age allows 24h 00m"
    assert "Nothing was sent" in caught.value.hint


def test_a_file_rests_when_it_was_modified_long_enough_ago() -> None:
    assert Watch((found("a", 30),), 100.0).unsettled(30, NOW, 100.0) is None
    assert Watch((found("a", 29), found("b", 3)), 100.0).unsettled(30, NOW, 100.0) == (found("b", 3), 27.0)


def test_a_file_rests_when_it_was_seen_unchanged_long_enough_whatever_its_clock_says() -> None:
    ahead = Watch((found("a", -3600),), 100.0)

    assert ahead.unsettled(30, NOW, 110.0) == (found("a", -3600), 20.0)
    assert ahead.unsettled(30, NOW, 130.0) is None


def test_a_look_at_other_files_begins_anew_and_one_at_the_same_does_not() -> None:
    watch = Watch((found("a", 5),), 100.0)

    assert watch.seen((found("a", 5),), 110.0) is watch
    assert watch.seen((found("a", 5, 11),), 110.0).since == 110.0
    assert watch.seen((found("b", 5),), 110.0).since == 110.0
