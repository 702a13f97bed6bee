"""A bounded number of places; a free one goes to whoever waits with the lowest rank, not to whoever came first."""

import heapq
from itertools import count

import anyio


class Places:
    """Like a semaphore with an order. Everyone who waits gets a place in the end, as long as places come back."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: list[tuple[int, int, anyio.Event]] = []
        self._arrivals = count()

    async def acquire(self, rank: int) -> None:
        """Returns with a place; of equal ranks the first to come is served first."""
        if self._free:
            self._free -= 1
            return
        entry = (rank, next(self._arrivals), anyio.Event())
        heapq.heappush(self._waiting, entry)
        try:
            await entry[2].wait()
        except BaseException:  # cancelled: a place that was handed over in that moment goes on to the next
            if entry[2].is_set():
                self.release()
            else:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)
            raise

    def release(self) -> None:
        """Gives a place back."""
        if self._waiting:
            heapq.heappop(self._waiting)[2].set()
        else:
            self._free += 1
