from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from bulkimport.errors import SourceError
from bulkimport.sources.extract import compile_pattern, date_in_name, modified_on

DAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    "name",
    [
        "2026-11-03.csv",
        "people-2026-11-03.csv",
        "people_2026_11_03_final.csv.gz",
        "people 2026.11.03.xlsx",
        "people_2026-11-3.csv",
        "20261103.csv",
        "people20261103T020000Z.csv",
        "people-20261103020000.csv",
        "people-202611030200.csv",
        "2026-11-03_20261103.csv",
        "v12-20261103-4711.csv",
        "people-99999999-20261103.csv",
    ],
)
def test_a_usual_date_is_found_in_a_name(name: str) -> None:
    assert date_in_name(f"/data/2025-01-01/{name}") == DAY


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("people.csv", "has no date in it"),
        ("people-03-11-2026.csv", "has no date in it"),
        ("people-2026-13-45.csv", "has no date in it"),
        ("people-1202611031.csv", "has no date in it"),
        ("people-2026-11.csv", "has no date in it"),
        ("2026-11-03 to 2026-11-04.csv", "has several dates in it: 2026-11-03, 2026-11-04"),
    ],
)
def test_a_name_with_no_or_several_dates_is_refused(name: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        date_in_name(f"/data/2025-01-01/{name}")
    assert caught.value.path == f"/data/2025-01-01/{name}"
    assert "{year}" in caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("people-{day}-{month}-{year}.csv", "people-03-11-2026.csv"),
        ("*{day}.{month}.{year}*", "Stand 3.11.2026 (neu).csv"),
        ("{year}{month}{day}_?.csv", "20261103_7.csv"),
        ("a[1]+{year}{month}{day}", "a[1]+20261103"),
        ("*_to_{year}-{month}-{day}.csv", "2026-10-03_to_2026-11-03.csv"),
    ],
)
def test_a_pattern_says_where_the_date_stands(pattern: str, name: str) -> None:
    assert date_in_name(f"x/{name}", compile_pattern(pattern)) == DAY


@pytest.mark.parametrize(
    ("name", "words"), [("people-2026.csv", "does not fit"), ("people-31-02-2026.csv", "no date of the calendar")]
)
def test_a_name_that_does_not_fit_its_pattern_is_refused(name: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        date_in_name(name, compile_pattern("people-{day}-{month}-{year}.csv"))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("people.csv", "each of"),
        ("{year}-{month}.csv", "each of"),
        ("{year}{month}{day}{day}", "each of"),
        ("{year}{month}{week}", "'{week}' is no part"),
        ("{year}{month}{day}}", "'}' is no part"),
    ],
)
def test_a_pattern_that_gives_no_date_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compile_pattern(pattern)


def test_the_day_of_a_modification_is_that_of_the_zone() -> None:
    late = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)

    assert modified_on(late, UTC) == date(2026, 11, 2)
    assert modified_on(late, timezone(timedelta(hours=1))) == DAY
