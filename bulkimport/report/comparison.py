"""A run beside the last ones of the same config: rows, duration and deletions of every dataset. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.report.facts import DatasetFacts, RunFacts
from bulkimport.wording import counted


@dataclass(frozen=True, slots=True)
class Point:
    """One dataset in one run. `rows` is None if no payload was made, `deleted` if no result was seen."""

    run_id: str
    status: DatasetStatus | None
    rows: int | None
    deleted: int | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One run, its numbers summed up over its datasets; `duration_s` is None while it runs."""

    run_id: str
    started_at: datetime
    status: RunStatus
    duration_s: float | None
    rows: int
    deleted: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`runs` from the oldest to the run in question; `series` has a point for each of them, None where the dataset was
    no part of it. `unreadable` counts earlier runs whose events this program cannot read."""

    runs: tuple[RunPoint, ...]
    series: dict[str, tuple[Point | None, ...]]
    unreadable: int = 0

    @property
    def left_out(self) -> str:
        """A sentence about the unreadable runs; empty without any."""
        if not self.unreadable:
            return ""
        are = "is" if self.unreadable == 1 else "are"
        return f"{counted(self.unreadable, 'earlier run')} could not be read and {are} left out."


def compare_runs(run: RunFacts, earlier: Sequence[RunFacts], unreadable: int = 0) -> Comparison:
    """`earlier` runs are given from the oldest to the newest; only datasets of `run` are looked at one by one."""
    every = [*earlier, run]
    by_name = [{dataset.name: dataset for dataset in one.datasets} for one in every]
    series = {
        dataset.name: tuple(_point(one, names.get(dataset.name)) for one, names in zip(every, by_name, strict=True))
        for dataset in run.datasets
    }
    return Comparison(tuple(map(_run_point, every)), series, unreadable)


def usual(values: Sequence[float | None]) -> float | None:
    """The median of the values but the last, which is to be compared with it; None without any."""
    known = [value for value in values[:-1] if value is not None]
    return median(known) if known else None


def _point(run: RunFacts, dataset: DatasetFacts | None) -> Point | None:
    if dataset is None:
        return None
    deleted = dataset.items.deleted if dataset.result_seen else None
    return Point(run.run_id, dataset.status, dataset.rows, deleted, dataset.duration_s)


def _run_point(run: RunFacts) -> RunPoint:
    return RunPoint(
        run_id=run.run_id,
        started_at=run.started_at,
        status=run.status,
        duration_s=(run.finished_at - run.started_at).total_seconds() if run.finished_at else None,
        rows=sum(dataset.rows or 0 for dataset in run.datasets),
        deleted=sum(dataset.items.deleted for dataset in run.datasets),
        counts=run.counts(),
    )
