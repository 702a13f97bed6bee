"""What is known of a run, as every document and text about it needs it. Values only."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bulkimport.model import Changes, DatasetStatus, ErrorReport, ItemCounts, RunStatus
from bulkimport.wording import Typed

RUNNING = "running"
"""Stands for the status of a dataset that has not ended, where datasets are counted."""

NO_CAUSE = ErrorReport(
    stage=None,
    message="It ended so without a recorded cause.",
    hint="Look into the run's log, run.log in the run's folder.",
)


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """One dataset of a run.

    `status` is None while it runs; `state` is what its refresh is at. `rows`, `bytes` and `sha256` describe the
    payload as uploaded, None while there is none. `changes` is what the import was expected to do. `duration_s` is
    in seconds.
    """

    name: str
    dataset_id: str
    status: DatasetStatus | None
    state: str
    rows: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    items: ItemCounts = field(default_factory=ItemCounts)
    attempts: int = 0
    duration_s: float = 0.0
    trace_ids: tuple[str, ...] = ()
    error: ErrorReport | None = None
    baseline: str | None = None
    changes: Changes | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_problem(self) -> bool:
        return self.status is not None and not self.status.is_success

    @property
    def result_seen(self) -> bool:
        """Whether `items` says anything: zeros would otherwise claim that nothing was created or deleted."""
        return self.status in (DatasetStatus.SUCCEEDED, DatasetStatus.PARTIAL) or self.items != ItemCounts()

    @property
    def problem(self) -> ErrorReport | None:
        """Why it did not succeed: never None where it ended so, None where there is nothing to explain."""
        return (self.error or NO_CAUSE) if self.is_problem else None

    def redacted(self, redact: Callable[[str], str]) -> "DatasetFacts":
        """The same with `redact` applied to every text that came from elsewhere."""
        error = self.error
        if error is not None:
            error = error.redacted(redact)
        return replace(
            self,
            error=error,
            trace_ids=tuple(map(redact, self.trace_ids)),
            warnings=tuple(map(redact, self.warnings)),
        )


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run; times are aware. `datasets` are in the order of the config. `version` is the program's.
    `as_typed` makes commands that work wherever they are typed, if the journal has what it takes."""

    run_id: str
    config: str
    status: RunStatus
    sandbox: bool
    started_at: datetime
    finished_at: datetime | None
    datasets: tuple[DatasetFacts, ...]
    requests: int = 0
    throttled: int = 0
    version: str | None = None
    command: str = "run"
    follows: str | None = None
    warnings: tuple[str, ...] = ()
    as_typed: Typed | None = None

    @property
    def typed(self) -> Typed:
        """Commands about the run's config."""
        return self.as_typed or Typed(self.config)

    def counts(self) -> dict[str, int]:
        """How many datasets have which status (or are `running`), the statuses in the model's order."""
        found = Counter(dataset.status.value if dataset.status else RUNNING for dataset in self.datasets)
        names = [*(status.value for status in DatasetStatus), RUNNING]
        return {name: found[name] for name in names if found[name]}

    def redacted(self, redact: Callable[[str], str]) -> "RunFacts":
        """The same facts with `redact` applied to every text that came from elsewhere: a second line of defence,
        before a text is wrapped and a secret in it could no longer be recognised."""
        return replace(
            self,
            warnings=tuple(map(redact, self.warnings)),
            datasets=tuple(dataset.redacted(redact) for dataset in self.datasets),
        )

    def as_history(self) -> "HistoryEntry":
        return HistoryEntry(
            self.run_id,
            self.config,
            self.status,
            self.started_at,
            self.finished_at,
            self.counts(),
            self.command,
            self.sandbox,
            self.follows,
        )


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A run in the list of runs; `datasets` counts them by status."""

    run_id: str
    config: str
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    datasets: Mapping[str, int] = field(default_factory=dict)
    command: str = "run"
    sandbox: bool = False
    follows: str | None = None
