"""When a request may be sent again, and how long to wait before: pure decisions, no clock, no I/O.

The rules: full jitter over a doubling ceiling; attempts *and* total time are bounded; `Retry-After` wins over the
backoff but never over the total; a request with effects is repeated only when it was certainly not carried out.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum, auto
from random import Random

from bulkimport.model import Retries

BASE_WAIT = 0.5


class RequestKind(StrEnum):
    """What a request is to its server, as far as repeating it goes."""

    API = auto()  # of the tenant's API, without lasting effects
    IMPORT = auto()  # starts an import: at most once
    STORE = auto()  # of the object storage; repeating it overwrites or reads the same bytes


class Failure(StrEnum):
    """How a request can end without an answer worth the name."""

    UNREACHABLE = auto()  # no connection: nothing was sent
    UNTRUSTED = auto()  # the server could not prove who it is: nothing was sent
    LOST = auto()  # sent in part or whole; the answer did not come, or not whole
    GARBLED = auto()  # an answer that is not what the service speaks


class Verdict(StrEnum):
    """What an outcome means for the request."""

    RETRY = auto()
    FINAL = auto()
    EXPIRED = auto()  # the presigned URL is no longer accepted
    MISSING = auto()  # the presigned URL is accepted, but there is nothing behind it
    AMBIGUOUS = auto()  # it may have been carried out


TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
QUOTA_EXCEEDED = "42902"
# Object stores report some passing faults as 400 (and one expiry): only the XML code tells.
TRANSIENT_STORE_CODES = frozenset(
    {
        "BadDigest",
        "IncompleteBody",
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
    }
)
EXPIRED_STORE_CODES = frozenset({"ExpiredToken", "TokenRefreshRequired"})


def judge_answer(kind: RequestKind, status: int, code: str | None) -> Verdict:
    """The verdict on an answer that was not the hoped-for one; `code` is the service's own error code, if any."""
    match kind:
        case RequestKind.API:
            return _judge_api(status, code)
        case RequestKind.STORE:
            return _judge_store(status, code)
        case RequestKind.IMPORT:
            return _judge_import(status, code)


def _judge_api(status: int, code: str | None) -> Verdict:
    if code == QUOTA_EXCEEDED:
        return Verdict.FINAL
    return Verdict.RETRY if status in TRANSIENT_STATUSES else Verdict.FINAL


def _judge_store(status: int, code: str | None) -> Verdict:
    if code in EXPIRED_STORE_CODES:
        return Verdict.EXPIRED
    if code in TRANSIENT_STORE_CODES or status in TRANSIENT_STATUSES:
        return Verdict.RETRY
    if status == 404:
        return Verdict.MISSING
    return Verdict.EXPIRED if status in (401, 403, 410) else Verdict.FINAL


def _judge_import(status: int, code: str | None) -> Verdict:
    if status == 429 and code != QUOTA_EXCEEDED:
        return Verdict.RETRY  # turned away at the door
    if 400 <= status < 500 and status != 408:
        return Verdict.FINAL
    return Verdict.AMBIGUOUS  # a success we cannot use, a redirect elsewhere, a gateway's or server's error


def judge_failure(kind: RequestKind, failure: Failure) -> Verdict:
    """The verdict on a request that got no usable answer."""
    match failure:
        case Failure.UNREACHABLE:
            return Verdict.RETRY
        case Failure.UNTRUSTED:
            return Verdict.FINAL
        case Failure.LOST | Failure.GARBLED:
            return Verdict.AMBIGUOUS if kind is RequestKind.IMPORT else Verdict.RETRY


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after `delay` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again; `reason` completes the sentence "given up, as …"."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` in all (1 = no retry), `max_wait` bounds one backoff, `total` everything; seconds."""

    attempts: int
    max_wait: float
    total: float

    @classmethod
    def of(cls, retries: Retries) -> "RetryPolicy":
        return cls(retries.attempts, retries.max_wait, retries.total)

    def decide(self, *, attempt: int, elapsed: float, retry_after: float | None, rng: Random) -> Wait | GiveUp:
        """What to do after attempt number `attempt` (1-based) failed, `elapsed` seconds into the request.

        `retry_after` is what the server asked for, in seconds. The wait always ends before `total` does.
        """
        if attempt >= self.attempts:
            return GiveUp("every attempt was used" if self.attempts > 1 else "the configuration allows one attempt")
        left = self.total - elapsed
        if retry_after is not None and retry_after >= left:
            return GiveUp(
                f"the server asks to wait {_seconds(retry_after)} and {_seconds(max(0.0, left))} are left"
                f" of the {_seconds(self.total)} a request may take"
            )
        delay = retry_after if retry_after is not None else rng.uniform(0.0, self.backoff_ceiling(attempt))
        if delay >= left:
            return GiveUp(f"a request may take {_seconds(self.total)} in all")
        return Wait(delay)

    def backoff_ceiling(self, attempt: int) -> float:
        """The longest backoff after attempt number `attempt`, in seconds."""
        doublings = min(attempt - 1, 32)  # far beyond any max_wait, far below overflow
        return min(self.max_wait, BASE_WAIT * float(2**doublings))


def parse_retry_after(value: str | None, *, date: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for, never negative; None if absent or not understood.

    An HTTP date is measured against the answer's own `Date` header, so that clocks need not agree, else against `now`.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return float(value)
    moment = parse_http_date(value)
    if moment is None:
        return None
    return max(0.0, (moment - (parse_http_date(date) or now)).total_seconds())


def parse_http_date(value: str | None) -> datetime | None:
    """An HTTP date (RFC 9110, 5.6.7) as an aware moment; None if absent or not understood."""
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
