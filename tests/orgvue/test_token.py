import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.orgvue.token import TokenLife, in_days, read_life, refusal, warning

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def jwt(claims: Any) -> str:
    """A token with these claims, signed by nobody."""
    parts: tuple[Any, ...] = ({"alg": "none"}, claims, "")
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def life(**days: float) -> TokenLife:
    return TokenLife(**{name: NOW + timedelta(days=count) for name, count in days.items()})


def test_a_token_says_when_it_begins_and_ends() -> None:
    claims = {"nbf": NOW.timestamp(), "exp": NOW.timestamp() + 3600, "sub": "ünïcode-of-any-length"}
    assert read_life(jwt(claims)) == TokenLife(NOW, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    "token",
    ["", "opaque", "a.b", "a.!!.c", "a.bm8ganNvbg.c", jwt([]), jwt({"exp": "soon", "nbf": True}), jwt({"exp": 1e30})],
)
def test_a_token_that_says_nothing_is_not_judged(token: str) -> None:
    assert read_life(token) == TokenLife()
    assert refusal(TokenLife(), NOW) is None
    assert warning(TokenLife(), NOW) is None


@given(st.text())
def test_no_text_is_too_strange_to_be_a_token(text: str) -> None:
    read_life(text)
    read_life(f"a.{text}.c")


def test_an_expired_token_and_one_of_tomorrow_are_refused_as_orgvue_would() -> None:
    expired, early = refusal(life(ends=-1), NOW), refusal(life(begins=1, ends=9), NOW)
    assert expired is not None
    assert early is not None
    assert (expired.code, expired.name) == ("40302", "ApiTokenExpired")
    assert "expired on 2026-11-22 02:00 UTC" in expired.message
    assert "clock" in expired.hint
    assert (early.code, early.name) == ("40301", "ApiTokenNotYetActive")
    assert refusal(life(begins=-1, ends=0.001), NOW) is None
    assert refusal(life(ends=0), NOW) is not None


@pytest.mark.parametrize(("days", "words"), [(13.9, "in 13 days"), (1.5, "in 1 day,"), (0.2, "in less than a day")])
def test_its_end_is_announced_for_two_weeks(days: float, words: str) -> None:
    sentence = warning(life(ends=days), NOW)
    assert sentence is not None
    assert words in sentence


def test_long_before_it_is_not_and_afterwards_it_is_told_as_it_is() -> None:
    assert warning(life(ends=14.01), NOW) is None
    assert "has" not in in_days(timedelta(days=20))
    assert "expired on" in str(warning(life(ends=-3), NOW))
