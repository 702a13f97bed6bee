"""How long an event loop lets its tasks wait, and where it was meanwhile.

As a program (`python -m tests.bench.pauses`) it measures a loop that does nothing else until its input ends: what the
machine alone does to a loop.
"""

import asyncio
import json
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

_SCHEDULING = Path("/proc/thread-self/schedstat")
BEAT = 0.005
LATE = 0.03
"""Seconds after which the stack of a loop that does not answer is written down."""


@dataclass
class Pauses:
    """How late timers were, in seconds. `blocked` leaves out the time in which the loop's thread was ready to run and
    no core was free: what remains is the program's own doing (work on the loop, the interpreter lock, the disk).
    `stack` is where the loop was in the longest of those, if it was seen."""

    longest: float = 0.0
    blocked: float = 0.0
    blocked_over_50_ms: int = 0
    beats: int = 0
    stack: list[str] = field(default_factory=list)


class _Heartbeat:
    def __init__(self) -> None:
        self.pauses = Pauses()
        self._beat_at = time.perf_counter()
        self._seen: list[str] = []
        self._thread = threading.get_ident()
        self._over = threading.Event()

    async def beat(self) -> None:
        pauses, waited = self.pauses, _waited_for_a_core()
        while True:
            self._beat_at = time.perf_counter()
            await asyncio.sleep(BEAT)
            late = time.perf_counter() - self._beat_at - BEAT
            before, waited = waited, _waited_for_a_core()
            stack, self._seen = self._seen, []
            blocked = late - (waited - before)
            pauses.beats += 1
            pauses.longest = max(pauses.longest, late)
            pauses.blocked_over_50_ms += blocked > 0.05
            if blocked > pauses.blocked:
                pauses.blocked, pauses.stack = blocked, stack

    def watch(self) -> None:
        """In a thread of its own: looks at the loop's stack while a beat is overdue."""
        while not self._over.wait(0.01):
            if time.perf_counter() - self._beat_at > BEAT + LATE and not self._seen:
                frame = sys._current_frames().get(self._thread)
                self._seen = traceback.format_stack(frame)[-12:]

    def end(self) -> None:
        self._over.set()


def _waited_for_a_core() -> float:
    """Seconds that this thread has been ready to run without running, since it began (Linux)."""
    try:
        return int(_SCHEDULING.read_bytes().split()[1]) / 1e9
    except OSError:
        return 0.0


@asynccontextmanager
async def measured_pauses() -> AsyncIterator[Pauses]:
    """Measures the running loop for the length of the block."""
    heart = _Heartbeat()
    watchdog = threading.Thread(target=heart.watch, daemon=True)
    watchdog.start()
    beating = asyncio.create_task(heart.beat())
    try:
        yield heart.pauses
    finally:
        beating.cancel()
        heart.end()
        watchdog.join()


async def _idle() -> None:
    async with measured_pauses() as pauses:
        await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(asdict(pauses)))  # noqa: T201 (read by the benchmark)


if __name__ == "__main__":
    asyncio.run(_idle())
