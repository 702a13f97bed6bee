"""When each dataset of a run was at which stage, from the times of its events. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from bulkimport.journal import Entry
from bulkimport.model import Stage
from bulkimport.refresh.driver import STAGES
from bulkimport.refresh.events import RefreshResumed
from bulkimport.refresh.machine import Refresh, State, apply

_LEAST_PAUSE = timedelta(seconds=5)
_BREAK = 0.03
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_MOST_TICKS = 6

Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Span:
    """A dataset was at one stage, or waited (None)."""

    stage: Stage | None
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Timeline:
    """`rows` maps datasets, in the order given, to their spans. `pauses` are times in which no process was at work."""

    start: datetime
    end: datetime
    pauses: tuple[Period, ...]
    rows: dict[str, tuple[Span, ...]]

    def place(self, moment: datetime) -> float:
        """Where a moment lies between the start (0) and the end (1) of the run; pauses are squeezed."""
        gap = _BREAK * self._worked
        whole = self._worked + gap * len(self.pauses)
        if whole <= 0:
            return 0.0
        seconds = self.worked_until(moment) + gap * sum(end <= moment for _, end in self.pauses)
        return min(1.0, max(0.0, seconds / whole))

    def worked_until(self, moment: datetime) -> float:
        """Seconds of work between the start of the run and a moment."""
        paused = sum(max(0.0, (min(end, moment) - start).total_seconds()) for start, end in self.pauses)
        return (moment - self.start).total_seconds() - paused

    def ticks(self) -> list[tuple[float, float]]:
        """Round numbers of seconds of work, and their places."""
        step = next((step for step in _STEPS if self._worked / step <= _MOST_TICKS), _STEPS[-1])
        seconds = [round(number * step, 1) for number in range(int(self._worked / step) + 1)]
        return [(self.place(self._moment(one)), one) for one in seconds]

    @property
    def _worked(self) -> float:
        return max(0.0, self.worked_until(self.end))

    def _moment(self, seconds: float) -> datetime:
        """When so many seconds had been worked."""
        moment = self.start + timedelta(seconds=seconds)
        for start, end in self.pauses:
            if moment >= start:
                moment += end - start
        return moment


def timeline(started_at: datetime, end: datetime, names: Iterable[str], entries: Sequence[Entry]) -> Timeline:
    """The timeline of a run from all its `entries`, in the order of writing; `end` is its end, or now.

    Raises IllegalEventError where the events make no sense.
    """
    of: dict[str, list[Entry]] = {name: [] for name in names}
    for entry in entries:
        of.setdefault(entry.dataset, []).append(entry)
    pauses = _pauses(started_at, entries)
    end = max(end, *(entry.at for entry in entries)) if entries else end
    return Timeline(started_at, end, pauses, {name: _spans(started_at, end, own) for name, own in of.items()})


def _pauses(started_at: datetime, entries: Iterable[Entry]) -> tuple[Period, ...]:
    """A resumed run begins with RefreshResumed; before it nothing happened for as long as no process was there."""
    found, before = [], started_at
    for entry in entries:
        if isinstance(entry.event, RefreshResumed) and entry.at - before > _LEAST_PAUSE:
            found.append((before, entry.at))
        before = max(before, entry.at)
    return tuple(found)


def _spans(started_at: datetime, end: datetime, entries: Sequence[Entry]) -> tuple[Span, ...]:
    refresh, since = Refresh(), started_at
    spans: list[Span] = []
    for entry in entries:
        if not isinstance(entry.event, RefreshResumed):  # how long a process that died was still at it is not known
            _extend(spans, refresh.state, since, entry.at)
        refresh, since = apply(refresh, entry.event), entry.at
    _extend(spans, refresh.state, since, end)
    return tuple(spans)


def _extend(spans: list[Span], state: State, start: datetime, end: datetime) -> None:
    """Adds a span, or makes the last one longer; a clock that was set back leaves nothing."""
    if state is State.DONE or end <= start:
        return
    stage = STAGES[state]
    if spans and spans[-1].stage is stage and spans[-1].end == start:
        start = spans.pop().start
    spans.append(Span(stage, start, end))


def seconds_by_stage(spans: Iterable[Span]) -> dict[Stage | None, float]:
    """How long it was at each stage in all, in the order of the stages, waiting first."""
    total: dict[Stage | None, float] = dict.fromkeys(chain([None], Stage), 0.0)
    for span in spans:
        total[span.stage] += span.seconds
    return {stage: seconds for stage, seconds in total.items() if seconds}
