from datetime import date

import pytest

from bulkimport.coherence import check_one_day
from bulkimport.errors import GuardError

TODAY, YESTERDAY = date(2026, 11, 25), date(2026, 11, 24)


def test_extracts_of_one_day_belong_together() -> None:
    check_one_day("people", {"people": {TODAY}, "positions": {TODAY}})
    check_one_day("people", {"people": {TODAY}})
    check_one_day("people", {})


def test_every_extract_is_refused_when_their_days_differ() -> None:
    days = {"people": {TODAY}, "positions": {YESTERDAY}, "links": {TODAY}}
    for name in days:
        with pytest.raises(GuardError, match="2026-11-24: positions; 2026-11-25: people and links"):
            check_one_day(name, days)


def test_one_extract_of_several_days_is_refused() -> None:
    with pytest.raises(GuardError, match="different days"):
        check_one_day("people", {"people": {TODAY, YESTERDAY}})


def test_what_has_no_day_is_not_concerned() -> None:
    check_one_day("rates", {"people": {TODAY}, "positions": {YESTERDAY}})


def test_many_names_are_counted() -> None:
    days = {f"d{number}": {TODAY} for number in range(9)} | {"old": {YESTERDAY}}
    with pytest.raises(GuardError, match="d0, d1, d2, d3, d4 and 4 more"):
        check_one_day("old", days)
