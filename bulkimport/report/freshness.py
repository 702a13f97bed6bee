"""Whether the last runs are what a monitor may be content with: succeeded, and not too long ago. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.report.summary import Document
from bulkimport.wording import duration, listed, printable

FRESHNESS_SCHEMA = "bulkimport.freshness/1"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that refreshed datasets; `datasets` has their statuses, None for those that have not ended."""

    run_id: str
    config: str
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    datasets: Mapping[str, DatasetStatus | None]

    def age(self, now: datetime) -> float:
        """Seconds since its end; since its start where that is not known."""
        return (now - (self.finished_at or self.started_at)).total_seconds()


@dataclass(frozen=True, slots=True)
class Freshness:
    """`reason` is one sentence. `age_s` is that of the run that was judged, None where there is none."""

    ok: bool
    reason: str
    max_age_s: float
    age_s: float | None = None
    run_id: str | None = None

    @property
    def line(self) -> str:
        """For the first line of a check's output."""
        return printable(f"{'OK' if self.ok else 'NOT OK'}: {self.reason}")


def freshness(runs: Sequence[PastRun], now: datetime, max_age_s: float) -> Freshness:
    """Judges `runs`, given from the newest to the oldest.

    It is well if the last run that has ended succeeded, not longer than `max_age_s` ago, and every dataset that runs of
    that time refreshed succeeded the last time: a later run of one dataset does not hide that another had failed. A
    run that is under way is given the same time from its start.
    """
    ended = [run for run in runs if run.status is not RunStatus.RUNNING]
    hanging = next((run for run in runs if run not in ended and run.age(now) > max_age_s), None)
    if not ended:
        reason = f"run {runs[0].run_id} is running, and none before it has ended." if runs else "no run is on record."
        return Freshness(False, reason, max_age_s)
    last = ended[0]
    age = last.age(now)
    what = f"run {last.run_id} of {last.config} {last.status} {duration(age)} ago"
    young = [run for run in ended if run.age(now) <= max_age_s]
    bad = _still_bad(young)
    if last.status is not RunStatus.SUCCEEDED:
        ok, reason = False, f"{what}{_and_bad(bad)}."
    elif age > max_age_s:
        ok, reason = False, f"{what}, which is more than {duration(max_age_s)}."
    elif hanging is not None:
        ok, reason = False, f"run {hanging.run_id} has been running for {duration(hanging.age(now))}."
    elif bad:
        ok, reason = False, f"{what}, but not all that an earlier one left{_and_bad(bad)}."
    else:
        ok, reason = True, f"{what}."
    return Freshness(ok, reason, max_age_s, round(age, 3), last.run_id)


def freshness_document(found: Freshness) -> Document:
    """`bulkimport.freshness/1`."""
    return {
        "schema": FRESHNESS_SCHEMA,
        "ok": found.ok,
        "reason": found.reason,
        "max_age_s": found.max_age_s,
        "age_s": found.age_s,
        "run_id": found.run_id,
    }


def _still_bad(runs: Sequence[PastRun]) -> dict[str, DatasetStatus | None]:
    """The datasets whose newest outcome is no success."""
    newest: dict[str, DatasetStatus | None] = {}
    for run in runs:
        for name, status in run.datasets.items():
            newest.setdefault(name, status)
    return {name: status for name, status in newest.items() if status is None or not status.is_success}


def _and_bad(bad: Mapping[str, DatasetStatus | None]) -> str:
    words = [f"{name} {status or 'not ended'}" for name, status in list(bad.items())[:_NAMED]]
    words += [f"{len(bad) - _NAMED:,} more"] if len(bad) > _NAMED else []
    return f": {listed(words)}" if words else ""
