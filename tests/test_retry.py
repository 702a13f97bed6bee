from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import Retries
from bulkimport.retry import (
    Failure,
    GiveUp,
    RequestKind,
    RetryPolicy,
    Verdict,
    Wait,
    judge_answer,
    judge_failure,
    parse_retry_after,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
POLICY = RetryPolicy.of(Retries(attempts=6, max_wait=30.0, total=300.0))


@given(st.integers(1, 5), st.floats(0, 250), st.integers())
def test_the_backoff_is_jittered_below_a_doubling_ceiling(attempt: int, elapsed: float, seed: int) -> None:
    decision = POLICY.decide(attempt=attempt, elapsed=elapsed, retry_after=None, rng=Random(seed))
    assert isinstance(decision, Wait)
    assert 0 <= decision.delay <= min(30.0, 0.5 * 2 ** (attempt - 1))


def test_the_jitter_is_full() -> None:
    delays = [POLICY.decide(attempt=5, elapsed=0, retry_after=None, rng=Random(seed)) for seed in range(200)]
    spread = [delay.delay for delay in delays if isinstance(delay, Wait)]
    assert min(spread) < 0.5
    assert max(spread) > 7.5


def test_the_longest_single_wait_bounds_the_backoff() -> None:
    assert RetryPolicy(100, 30.0, 1e9).backoff_ceiling(99) == 30.0


def test_attempts_are_bounded() -> None:
    assert isinstance(POLICY.decide(attempt=6, elapsed=0, retry_after=None, rng=Random(0)), GiveUp)


@given(st.integers(1, 10_000), st.floats(0, 400), st.none() | st.floats(0, 1e9), st.integers())
def test_no_wait_ever_reaches_beyond_the_total(attempt: int, elapsed: float, asked: float | None, seed: int) -> None:
    policy = RetryPolicy(100_000, 30.0, 300.0)
    decision = policy.decide(attempt=attempt, elapsed=elapsed, retry_after=asked, rng=Random(seed))
    assert isinstance(decision, GiveUp) or elapsed + decision.delay < 300.0


def test_retry_after_wins_over_the_backoff_and_its_bound() -> None:
    assert POLICY.decide(attempt=1, elapsed=0, retry_after=120.0, rng=Random(0)) == Wait(120.0)
    assert POLICY.decide(attempt=5, elapsed=0, retry_after=0.0, rng=Random(0)) == Wait(0.0)


def test_a_wait_longer_than_what_is_left_is_not_begun_and_its_length_is_told() -> None:
    decision = POLICY.decide(attempt=1, elapsed=288.0, retry_after=3600.0, rng=Random(0))
    assert decision == GiveUp("the server asks to wait 3600 s and 12 s are left of the 300 s a request may take")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Mon, 23 Nov 2026 02:00:40 GMT", 30.0),
        ("Mon, 23 Nov 2020 02:00:40 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_measured_against_the_servers_own(
    value: str | None, seconds: float | None
) -> None:
    assert parse_retry_after(value, date="Mon, 23 Nov 2026 02:00:10 GMT", now=NOW + timedelta(hours=5)) == seconds


def test_without_a_date_header_our_own_clock_has_to_do() -> None:
    assert parse_retry_after("Mon, 23 Nov 2026 02:00:40 GMT", date=None, now=NOW) == 40.0


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds are naive
def test_every_http_date_is_understood(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    waited = parse_retry_after(format_datetime(moment, usegmt=True), date=None, now=moment - timedelta(seconds=9))
    assert waited == 9.0


@given(st.text(max_size=40), st.none() | st.text(max_size=40))
def test_no_header_text_is_an_error(value: str, date: str | None) -> None:
    waited = parse_retry_after(value, date=date, now=NOW)
    assert waited is None or waited >= 0.0


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_retried_where_nothing_is_at_stake(status: int) -> None:
    assert judge_answer(RequestKind.API, status, None) is Verdict.RETRY
    assert judge_answer(RequestKind.STORE, status, None) is Verdict.RETRY


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 418, 422, 451, 501, 505])
def test_a_refusal_by_the_api_is_final(status: int) -> None:
    assert judge_answer(RequestKind.API, status, None) is Verdict.FINAL


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (400, "RequestTimeout", Verdict.RETRY),
        (400, "IncompleteBody", Verdict.RETRY),
        (400, "BadDigest", Verdict.RETRY),
        (503, "SlowDown", Verdict.RETRY),
        (400, "ExpiredToken", Verdict.EXPIRED),
        (403, "AccessDenied", Verdict.EXPIRED),
        (410, None, Verdict.EXPIRED),
        (404, "NoSuchKey", Verdict.MISSING),
        (400, "EntityTooLarge", Verdict.FINAL),
        (411, "MissingContentLength", Verdict.FINAL),
        (501, "NotImplemented", Verdict.FINAL),
        (307, None, Verdict.FINAL),
    ],
)
def test_the_object_storage_is_judged_by_its_own_codes(status: int, code: str | None, verdict: Verdict) -> None:
    assert judge_answer(RequestKind.STORE, status, code) is verdict


def test_a_used_up_quota_is_never_retried() -> None:
    assert judge_answer(RequestKind.API, 429, "42902") is Verdict.FINAL
    assert judge_answer(RequestKind.IMPORT, 429, "42902") is Verdict.FINAL


@given(st.integers(100, 599), st.none() | st.sampled_from(["42901", "40302", "InternalError"]))
def test_an_import_is_repeated_only_when_it_was_turned_away_at_the_door(status: int, code: str | None) -> None:
    assert (judge_answer(RequestKind.IMPORT, status, code) is Verdict.RETRY) == (status == 429)


@pytest.mark.parametrize("status", [200, 202, 204, 302, 307, 408, 500, 502, 503, 504])
def test_an_import_without_a_usable_answer_may_be_running(status: int) -> None:
    assert judge_answer(RequestKind.IMPORT, status, None) is Verdict.AMBIGUOUS


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415])
def test_an_import_that_was_refused_is_not_running(status: int) -> None:
    assert judge_answer(RequestKind.IMPORT, status, None) is Verdict.FINAL


@pytest.mark.parametrize("kind", RequestKind)
def test_what_was_never_sent_can_always_be_sent_again(kind: RequestKind) -> None:
    assert judge_failure(kind, Failure.UNREACHABLE) is Verdict.RETRY
    assert judge_failure(kind, Failure.UNTRUSTED) is Verdict.FINAL


@pytest.mark.parametrize("failure", [Failure.LOST, Failure.GARBLED])
def test_an_answer_lost_or_garbled_is_ambiguous_for_an_import_alone(failure: Failure) -> None:
    assert judge_failure(RequestKind.IMPORT, failure) is Verdict.AMBIGUOUS
    assert judge_failure(RequestKind.API, failure) is Verdict.RETRY
    assert judge_failure(RequestKind.STORE, failure) is Verdict.RETRY
