"""The arithmetic of rate and concurrency: no waiting, no clock; every method is told the time, in seconds.

Why a sliding second is never exceeded: the server counts a request at some moment between its sending and its answer.
A rate slot is taken before the sending and comes back `WINDOW` seconds after the answer, so two requests on the same
slot are always more than a second apart for the server too, whatever the network does in between. The price is the
round trip: `rate / (WINDOW + round trip)` requests a second.
"""

import math
from bisect import bisect_right, insort

# A second, and a margin for servers whose window includes both of its ends and for clocks that tick differently.
WINDOW = 1.005
# A request we gave up on may still be on its way, and arrive up to this much later.
TRANSIT = 1.0
# The server takes a request off its count at about the moment we have read the answer; let it be the first.
SETTLING = 0.005
# The share of the full rate that comes back per second after throttling has ended.
RECOVERY = 0.05


class Pool:
    """Things that are taken, and come back some time after they were let go."""

    def __init__(self) -> None:
        self._held = 0
        self._returning: list[float] = []  # ascending

    @property
    def held(self) -> int:
        """How many were taken and not let go."""
        return self._held

    def out(self, now: float) -> int:
        """How many are not there: held, or on their way back."""
        del self._returning[: bisect_right(self._returning, now)]
        return self._held + len(self._returning)

    def take(self) -> None:
        self._held += 1

    def let_go(self, returns_at: float) -> None:
        self._held -= 1
        insort(self._returning, returns_at)

    def free_at(self, now: float, size: int) -> float | None:
        """When one of `size` will be there: `now` or later, None if that depends on one still held."""
        must_return = self.out(now) - size + 1
        if must_return <= 0:
            return now
        return self._returning[must_return - 1] if must_return <= len(self._returning) else None


class Pace:
    """How many rate slots are in use: halved by throttling, growing back steadily once the pause is over."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._lowered_to = float(rate)
        self._grows_from = -math.inf

    def slots(self, now: float) -> int:
        grown = max(0.0, now - self._grows_from) * self._rate * RECOVERY
        return max(1, int(min(self._rate, self._lowered_to + grown)))

    def grows_at(self, now: float) -> float | None:
        """When there will be one slot more; None at full rate."""
        slots = self.slots(now)
        if slots >= self._rate:
            return None
        # Later than now even where rounding says otherwise: it is not there yet.
        return max(math.nextafter(now, math.inf), self._grown_at(slots + 1))

    def _grown_at(self, slots: int) -> float:
        return self._grows_from + (slots - self._lowered_to) / (self._rate * RECOVERY)

    def lower(self, now: float, resumes_at: float) -> None:
        """Halves the pace. Answers to one burst all say the same thing: one pause lowers it once."""
        if now >= self._grows_from:
            self._lowered_to = max(1.0, self.slots(now) / 2)
        self._grows_from = max(self._grows_from, resumes_at)


class Slots:
    """All that decides whether a request may be sent now. `now` must never go back from call to call."""

    def __init__(self, rate: int, concurrency: int) -> None:
        self._concurrency = concurrency
        self._pace = Pace(rate)
        self._sent = Pool()
        self._open = Pool()
        self._paused_until = -math.inf

    @property
    def in_flight(self) -> int:
        """Requests sent whose answers have not been read to the end."""
        return self._open.held

    def pace(self, now: float) -> int:
        """Rate slots in use, at most the configured rate."""
        return self._pace.slots(now)

    def available_at(self, now: float) -> float | None:
        """When the next request may be sent as far as is known: `now`, later, or None while only an answer can tell."""
        sent_at = self._sent.free_at(now, self._pace.slots(now))
        grows_at = self._pace.grows_at(now)
        if grows_at is not None and sent_at != now:
            sent_at = grows_at if sent_at is None else min(sent_at, grows_at)
        open_at = self._open.free_at(now, self._concurrency)
        if sent_at is None or open_at is None:
            return None
        return max(now, sent_at, open_at, self._paused_until)

    def take(self) -> None:
        """A request is sent; only ever when `available_at` has said `now`."""
        self._sent.take()
        self._open.take()

    def answered(self, now: float) -> None:
        """The head of an answer arrived."""
        self._sent.let_go(now + WINDOW)

    def finished(self, now: float) -> None:
        """An answer, whose head was reported before, was read to the end."""
        self._open.let_go(now + SETTLING)

    def abandoned(self, now: float, *, answered: bool) -> None:
        """A request failed or was cancelled. It was perhaps sent, and is perhaps still worked on."""
        if not answered:
            self._sent.let_go(now + TRANSIT + WINDOW)
        self._open.let_go(now + TRANSIT)

    def pause(self, now: float, seconds: float) -> bool:
        """Nothing is sent for `seconds`; a longer pause stands. True if that is news: not just the next answer of a
        burst that was throttled as one.
        """
        before = self._paused_until
        self._paused_until = max(before, now + seconds)
        return self._paused_until > (now if before <= now else before + 1.0)

    def throttled(self, now: float, seconds: float) -> bool:
        """The server said: too many. A pause, and a lower pace after it; returns what `pause` does."""
        is_news = self.pause(now, seconds)
        self._pace.lower(now, self._paused_until)
        return is_news
