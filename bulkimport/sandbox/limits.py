"""The tenant's limits as the service counts them: requests in any sliding second, and requests at once."""

from collections import deque
from dataclasses import dataclass

from bulkimport.model import Limits


@dataclass(frozen=True, slots=True)
class Stats:
    """The most the server saw: requests in any sliding second (refused ones included), requests at once, refusals."""

    peak_per_second: int = 0
    peak_concurrency: int = 0
    throttled: int = 0
    requests: int = 0


class Meter:
    """Counts one tenant's requests. Times are seconds of a monotonic clock, passed in."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._accepted: deque[float] = deque()
        self._seen: deque[float] = deque()
        self._at_once = 0
        self._peak_rate = self._peak_at_once = self._throttled = self._requests = 0

    def arrive(self, now: float) -> bool:
        """Whether a request is let in; if so, `leave` must follow. A refused request uses up nothing."""
        self._requests += 1
        for times in (self._accepted, self._seen):
            while times and now - times[0] >= 1.0:
                times.popleft()
        self._seen.append(now)
        self._peak_rate = max(self._peak_rate, len(self._seen))
        over_rate = len(self._accepted) >= self._limits.requests_per_second
        if over_rate or self._at_once >= self._limits.concurrent_requests:
            self._throttled += 1
            return False
        self._accepted.append(now)
        self._at_once += 1
        self._peak_at_once = max(self._peak_at_once, self._at_once)
        return True

    def leave(self) -> None:
        self._at_once -= 1

    def stats(self) -> Stats:
        return Stats(self._peak_rate, self._peak_at_once, self._throttled, self._requests)
