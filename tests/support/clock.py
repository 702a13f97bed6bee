"""A clock that jumps whenever our code sleeps: hours of waiting take no time, and real sockets still work."""

import asyncio
import heapq
import math
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class FakeClock:
    """Time stands still until everybody who can run has run; then it jumps to the earliest end of a sleep.

    "Can run" is judged by giving way to the event loop `patience` times, so time may pass while a task waits for a
    socket, as it does in reality. `sleeps` lists what was asked for, in order.
    """

    def __init__(self, start: datetime = START, *, patience: int = 12) -> None:
        self._start = start
        self._patience = patience
        self._elapsed = 0.0
        self._ends: list[tuple[float, int]] = []
        self._numbers = count()
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Lets time pass without anybody sleeping."""
        self._elapsed += seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        end = max(self._elapsed + seconds, math.nextafter(self._elapsed, math.inf))
        entry = (end, next(self._numbers))
        heapq.heappush(self._ends, entry)
        try:
            while self._elapsed < end:
                await self._jump_if_first(entry)
        finally:
            self._ends.remove(entry)
            heapq.heapify(self._ends)

    async def _jump_if_first(self, entry: tuple[float, int]) -> None:
        for _ in range(self._patience):
            await asyncio.sleep(0)
            if self._ends[0] != entry:
                return
        self._elapsed = max(self._elapsed, entry[0])
