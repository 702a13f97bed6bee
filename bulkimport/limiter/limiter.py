"""Waiting for permission, first come, first served, in front of the arithmetic of `slots` and `quota`."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import anyio

from bulkimport.clock import Clock
from bulkimport.event_sink import EventSink
from bulkimport.limiter.quota import DayCount, DayQuota, RunCount
from bulkimport.limiter.slots import Slots
from bulkimport.model import Limits

LONGEST_PAUSE = 300.0
# Below what timers resolve, a wait would only spin.
SHORTEST_WAIT = 0.0005


@dataclass(frozen=True, slots=True)
class LimiterStats:
    """`pace` is the number of rate slots in use, `total` the permits given, `pauses` how often everyone was stopped.

    `left_today` is what the quota leaves the tenant; None before the first request.
    """

    in_flight: int
    waiting: int
    total: int
    throttled: int
    pauses: int
    pace: int
    left_today: int | None = None


class Permit:
    """Permission for one request. Its slots come back by what became of the request, cancellation included."""

    def __init__(self, slots: Slots, clock: Clock, changed: Callable[[], None]) -> None:
        self._slots = slots
        self._clock = clock
        self._changed = changed
        self._answered = False

    def answered(self) -> None:
        """The head of the answer arrived; saying it twice is harmless."""
        if not self._answered:
            self._answered = True
            self._slots.answered(self._clock.monotonic())
            self._changed()

    def close(self, *, whole: bool) -> None:
        """The request is over; `whole` if its answer was read to the end. Called by the limiter."""
        now = self._clock.monotonic()
        if whole and self._answered:
            self._slots.finished(now)
        else:
            self._slots.abandoned(now, answered=self._answered)
        self._changed()


class _Waiter:
    def __init__(self) -> None:
        self.woken = anyio.Event()
        self.told = False


class Limiter:
    """The limits of one tenant. All requests to its host go through one of these."""

    def __init__(
        self,
        limits: Limits,
        clock: Clock,
        *,
        day_count: DayCount | None = None,
        rng: Random | None = None,
        event_sink: EventSink | None = None,
        on_wait: Callable[[bool], None] | None = None,
    ) -> None:
        """`on_wait` is called in the task of a request: True when it begins to wait, False when it no longer does."""
        self._clock = clock
        self._slots = Slots(limits.requests_per_second, limits.concurrent_requests)
        self._quota = DayQuota(limits.requests_per_day, day_count or RunCount(), clock)
        self._rng = rng or Random()
        self._event_sink = event_sink
        self._on_wait = on_wait or (lambda _: None)
        self._queue: deque[_Waiter] = deque()
        self._total = 0
        self._throttled = 0
        self._pauses = 0

    @asynccontextmanager
    async def permit(self) -> AsyncIterator[Permit]:
        """Waits for a turn. The block sends one request, says `answered()` at the head and ends after the body.

        Raises TenantError (42902) when the day's quota is used up.
        """
        await self._admit()
        permit = Permit(self._slots, self._clock, self._wake_first)
        whole = False
        try:
            yield permit
            whole = True
        finally:
            permit.close(whole=whole)

    def throttled(self, retry_after: float | None = None) -> None:
        """The service answered 429 Throttled: everyone pauses for `retry_after` seconds, then goes on more slowly."""
        seconds = self._clamp(retry_after)
        self._throttled += 1
        if self._slots.throttled(self._clock.monotonic(), seconds):
            self._paused(seconds, "throttled")

    def pause(self, seconds: float, reason: str) -> None:
        """Everyone waits for `seconds` (at most `LONGEST_PAUSE`); the pace stays."""
        seconds = self._clamp(seconds)
        if self._slots.pause(self._clock.monotonic(), seconds):
            self._paused(seconds, reason)

    def quota_exceeded(self) -> None:
        """The service answered 42902: nothing more goes out before the UTC day turns."""
        self._quota.exhaust()
        self._wake_first()

    async def release(self) -> None:
        """Gives back the day's requests that were reserved and not sent; to be called at the end of a run."""
        await self._quota.release()

    @property
    def stats(self) -> LimiterStats:
        return LimiterStats(
            in_flight=self._slots.in_flight,
            waiting=len(self._queue),
            total=self._total,
            throttled=self._throttled,
            pauses=self._pauses,
            pace=self._slots.pace(self._clock.monotonic()),
            left_today=self._quota.left,
        )

    def _clamp(self, seconds: float | None) -> float:
        # Without advice, different processes of one tenant must not come back at the same instant.
        return self._rng.uniform(0.25, 1.0) if seconds is None else min(max(0.0, seconds), LONGEST_PAUSE)

    def _paused(self, seconds: float, reason: str) -> None:
        self._pauses += 1
        if self._event_sink is not None:
            pace = self._slots.pace(self._clock.monotonic())
            self._event_sink("limiter.paused", seconds=round(seconds, 3), reason=reason, pace=pace)

    async def _admit(self) -> None:
        waiter = _Waiter()
        self._queue.append(waiter)
        try:
            while self._queue[0] is not waiter:
                self._tell_wait(waiter)
                await waiter.woken.wait()
            await self._take(waiter)
        finally:
            self._queue.remove(waiter)
            if waiter.told:
                self._on_wait(False)
            self._wake_first()

    def _tell_wait(self, waiter: _Waiter) -> None:
        if not waiter.told:
            waiter.told = True
            self._on_wait(True)

    async def _take(self, waiter: _Waiter) -> None:
        """Run by the first in the queue alone. Taking is the last thing it does, so nothing can be cancelled after."""
        while True:
            await self._quota.reserve()
            waiter.woken = anyio.Event()
            now = self._clock.monotonic()
            at = self._slots.available_at(now)
            if at is not None and at <= now:
                self._slots.take()
                self._quota.spend()
                self._total += 1
                return
            self._tell_wait(waiter)
            await self._wait(waiter.woken, None if at is None else at - now)

    async def _wait(self, woken: anyio.Event, seconds: float | None) -> None:
        """Returns when woken, or after `seconds`."""
        if seconds is None:
            await woken.wait()
            return
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._wake_after, woken, max(seconds, SHORTEST_WAIT))
            await woken.wait()
            tasks.cancel_scope.cancel()

    async def _wake_after(self, woken: anyio.Event, seconds: float) -> None:
        await self._clock.sleep(seconds)
        woken.set()

    def _wake_first(self) -> None:
        if self._queue:
            self._queue[0].woken.set()
