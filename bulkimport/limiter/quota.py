"""The tenant's requests of one UTC day, counted across runs."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

import anyio

from bulkimport.clock import Clock
from bulkimport.errors import TenantError

BLOCK = 50


class DayCount(Protocol):
    """The tenant's count of requests per UTC day, kept somewhere that outlives the run."""

    async def add(self, day: date, n: int) -> int:
        """Adds `n` (negative: gives back) to the count of `day`, atomically; returns the new count."""
        ...


class RunCount:
    """Counts for the length of one process, where nothing else is to be had."""

    def __init__(self) -> None:
        self._counts: dict[date, int] = {}

    async def add(self, day: date, n: int) -> int:
        self._counts[day] = self._counts.get(day, 0) + n
        return self._counts[day]


class DayQuota:
    """Reserves the day's requests in blocks, so that not every request costs a write.

    A process that dies leaves its unused reservation counted: the quota errs towards fewer requests, never more.
    """

    def __init__(self, quota: int, count: DayCount, clock: Clock) -> None:
        self._quota = quota
        self._count = count
        self._clock = clock
        self._day: date | None = None
        self._left = 0
        self._used_up = False
        self._unreserved: int | None = None

    @property
    def left(self) -> int | None:
        """Requests that may still be sent today, as it was known at the last reservation; None before the first."""
        if self._unreserved is None:
            return None
        return 0 if self._used_up else self._unreserved + self._left

    async def reserve(self) -> None:
        """Returns once at least one request of today is reserved; raises TenantError when the quota is used up.

        Must not be called twice at once.
        """
        today = self._clock.now().astimezone(UTC).date()
        if today != self._day:
            self._day, self._left, self._used_up = today, 0, False
        if self._left > 0:
            return
        if not self._used_up:
            # What the count has been told must not be forgotten, even when the request is cancelled meanwhile.
            with anyio.CancelScope(shield=True):
                self._left = await self._reserve_block(today)
            self._used_up = self._left == 0
        if self._used_up:
            raise quota_exceeded(self._quota, self._clock.now())

    async def _reserve_block(self, day: date) -> int:
        total = await self._count.add(day, BLOCK)
        self._unreserved = max(0, self._quota - total)
        excess = min(BLOCK, max(0, total - self._quota))
        if excess:
            await self._count.add(day, -excess)
        return BLOCK - excess

    def spend(self) -> None:
        """One reserved request is sent."""
        self._left -= 1

    def exhaust(self) -> None:
        """The service itself says that the quota is used up."""
        self._left, self._used_up, self._unreserved = 0, True, 0
        self._day = self._clock.now().astimezone(UTC).date()

    async def release(self) -> None:
        """Gives back what was reserved and not spent."""
        left, self._left = self._left, 0
        if left > 0 and self._day is not None:
            with anyio.CancelScope(shield=True):
                await self._count.add(self._day, -left)


def quota_exceeded(quota: int, now: datetime) -> TenantError:
    """The error every request of the rest of the day gets."""
    today = now.astimezone(UTC).date()
    turn = datetime.combine(today + timedelta(days=1), time(), UTC)
    return TenantError(
        f"The tenant's quota of {quota} requests for {today.isoformat()} (UTC) is used up. Nothing more can be sent"
        f" today.",
        hint=f"The day turns at {turn:%Y-%m-%d %H:%M} UTC: run again after that (`--failed` makes up for it). The"
        " quota is `limits.requests_per_day`; it counts all runs of this state directory.",
        code="42902",
        name="QuotaExceeded",
    )
