"""What is known of every dataset of a run while it runs. Pure: the time comes in as an argument, nothing is shown."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from bulkimport.model import DatasetStatus
from bulkimport.wording import counted, duration, number, percent, size

PENDING = "pending"
_RATE_WINDOW = 5.0  # seconds that a rate looks back
_RATE_STEP = 0.25  # at most one sample in this time


@dataclass(slots=True)
class Rate:
    """Bytes a second over the last few seconds, from running totals."""

    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, total: int, now: float) -> None:
        if self._samples and total < self._samples[-1][1]:
            self._samples.clear()  # it began anew
        if not self._samples or now - self._samples[-1][0] >= _RATE_STEP:
            self._samples.append((now, total))
        while now - self._samples[0][0] > _RATE_WINDOW and len(self._samples) > 1:
            self._samples.popleft()

    def seconds_for(self, rest: int, now: float) -> float | None:
        """How long so many bytes more will take; None where that cannot be told."""
        rate = self.per_second(now)
        return rest / rate if rate else None

    def per_second(self, now: float) -> int | None:
        """None until enough was seen to tell."""
        if not self._samples or now - self._samples[0][0] < 2 * _RATE_STEP:
            return None
        (since, before), (_, after) = self._samples[0], self._samples[-1]
        return int((after - before) / (now - since))


@dataclass(slots=True)
class DatasetProgress:
    """One dataset. `since` and `ended_at` are the clock's monotonic seconds; `since` is when its turn came.

    `limited` counts its requests that wait for the limiter's permission.
    """

    name: str
    state: str = PENDING
    detail: str = ""
    waits_for: str = ""
    limited: int = 0
    rows: int = 0
    done_bytes: int = 0
    total_bytes: int = 0
    polls: int = 0
    job_status: str = ""
    rate: Rate = field(default_factory=Rate)
    since: float | None = None
    ended_at: float | None = None
    status: DatasetStatus | None = None
    message: str = ""

    @property
    def is_active(self) -> bool:
        return self.status is None and self.state != PENDING

    def elapsed(self, now: float) -> float:
        return 0.0 if self.since is None else (now if self.ended_at is None else self.ended_at) - self.since

    def describe(self, now: float) -> str:
        """What it is at, what matters most first: the share that was read or sent, its speed and the time left, polls,
        what it waits for; or how it ended."""
        if self.status is not None:
            return self.message or (counted(self.rows, "row") if self.rows else "")
        parts = [self._waits()] if self.waits_for or self.limited else []
        if self.total_bytes:
            parts += self._advance(now)
        if self.polls:
            parts.append(f"{counted(self.polls, 'poll')}, {self.job_status}")
        if self.rows and self.state != "uploading":
            parts.append(counted(self.rows, "row"))
        return ", ".join([*parts, self.detail] if self.detail else parts)

    def _waits(self) -> str:
        what = self.waits_for or "the limiter"
        return f"for {what}" if self.state == PENDING else f"waits for {what}"

    def _advance(self, now: float) -> list[str]:
        parts = [f"{percent(self.done_bytes, self.total_bytes)} of {size(self.total_bytes)}"]
        rate, rest = self.rate.per_second(now), self.total_bytes - self.done_bytes
        if rate is None or rest <= 0:
            return parts
        left = self.rate.seconds_for(rest, now)
        return [*parts, f"{size(rate)}/s", *([] if left is None else [f"{duration(left)} left"])]


@dataclass(frozen=True, slots=True)
class TrafficStatus:
    """`waiting` counts requests that wait for the limiter's permission, `left_today` is None where nobody knows it."""

    requests: int = 0
    in_flight: int = 0
    throttled: int = 0
    waiting: int = 0
    left_today: int | None = None


class Board:
    """Takes in what happens to the datasets; `now` is monotonic seconds."""

    def __init__(self, names: Sequence[str], now: float) -> None:
        self.started = now
        self.datasets = {name: DatasetProgress(name) for name in names}
        self.traffic = TrafficStatus()
        self._requests = Rate()

    def of(self, name: str) -> DatasetProgress:
        return self.datasets.setdefault(name, DatasetProgress(name))

    def state_changed(self, name: str, state: str, detail: str, now: float) -> None:
        dataset = self.of(name)
        dataset.state, dataset.detail, dataset.waits_for = state.casefold(), detail, ""
        dataset.done_bytes = dataset.total_bytes = 0
        dataset.rate = Rate()
        if dataset.is_active and dataset.since is None:
            dataset.since = now

    def advanced(self, name: str, done_bytes: int, total_bytes: int, now: float, *, rows: int | None = None) -> None:
        """So many bytes of the source were read, or of the payload sent."""
        dataset = self.of(name)
        dataset.rows = dataset.rows if rows is None else rows
        dataset.done_bytes, dataset.total_bytes = done_bytes, total_bytes
        dataset.rate.add(done_bytes, now)

    def polled(self, name: str, count: int, job_status: str) -> None:
        dataset = self.of(name)
        dataset.polls, dataset.job_status = count, job_status

    def sent(
        self, requests: int, in_flight: int, throttled: int, waiting: int, left_today: int | None, now: float
    ) -> None:
        """The run's traffic as it stands."""
        self.traffic = TrafficStatus(requests, in_flight, throttled, waiting, left_today)
        self._requests.add(requests, now)

    def ended(self, name: str, status: DatasetStatus, message: str, now: float) -> None:
        dataset = self.of(name)
        dataset.status, dataset.message, dataset.ended_at = status, message, now

    def choose(self, places: int) -> tuple[list[DatasetProgress], str]:
        """The datasets to show in `places` lines, in their own order, and a line about the others (empty if none).

        Active ones come first, then those that went wrong, those that ended last, and those that still wait. The
        line about the others takes one of the places.
        """
        everything = list(self.datasets.values())
        if len(everything) <= places:
            return everything, ""
        ranked = sorted(everything, key=_rank)
        chosen = {dataset.name for dataset in ranked[: max(0, places - 1)]}
        return [dataset for dataset in everything if dataset.name in chosen], _folded(
            [dataset for dataset in everything if dataset.name not in chosen]
        )

    def run_line(self, now: float, width: int = 1000) -> str:
        """`1m 05s: 3 of 20 datasets done, 1 not succeeded, 412 requests, 6/s, 12 in flight, 499,588 left today`.

        Where that is wider than `width`, in short words, and of these as many as have room.
        """
        ended = [dataset.status for dataset in self.datasets.values() if dataset.status is not None]
        bad = sum(not status.is_success for status in ended)
        traffic, speed = self.traffic, self._requests.per_second(now) or 0
        done, every = number(len(ended)), len(self.datasets)
        forms = [(f"{done} of {counted(every, 'dataset')} done", f"{done}/{number(every)} done")]
        forms += [(f"{number(bad)} not succeeded", f"{number(bad)} bad")] if bad else []
        forms += [(f"{counted(traffic.requests, 'request')}, {number(speed)}/s", f"{number(speed)} req/s")]
        forms += [(f"{number(traffic.in_flight)} in flight",) * 2]
        forms += [(f"{number(traffic.throttled)} throttled",) * 2] if traffic.throttled else []
        left = traffic.left_today
        forms += [] if left is None else [(f"{number(left)} left today", f"{number(left)} left")]
        forms += [(f"{number(traffic.waiting)} waiting",) * 2] if traffic.waiting else []
        time = f"{duration(now - self.started)}: "
        whole = time + ", ".join(long for long, _ in forms)
        if len(whole) <= width:
            return whole
        while len(forms) > 1 and len(time + ", ".join(short for _, short in forms)) > width:
            forms.pop()
        return time + ", ".join(short for _, short in forms)


def _rank(dataset: DatasetProgress) -> tuple[int, float]:
    if dataset.is_active:
        return 0, 0.0
    if dataset.status is None:
        return 3, 0.0
    return (2 if dataset.status.is_success else 1), -(dataset.ended_at or 0.0)


def _folded(datasets: list[DatasetProgress]) -> str:
    counts = Counter(
        dataset.status.value if dataset.status is not None else "active" if dataset.is_active else "waiting"
        for dataset in datasets
    )
    return f"and {counted(len(datasets), 'other')}: " + ", ".join(
        f"{number(count)} {word}" for word, count in counts.most_common()
    )
