"""How things end: statuses, counts and errors."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum


class Stage(StrEnum):
    """Where in a refresh an error happened, as the summary names it."""

    SOURCE = "source"
    GUARD = "guard"
    GENERATE = "generate"
    UPLOAD = "upload"
    IMPORT = "import"
    POLL = "poll"
    RESULT = "result"


class DatasetStatus(StrEnum):
    """How one dataset ended."""

    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"
    FAILED = "failed"
    REFUSED = "refused"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"

    @property
    def is_success(self) -> bool:
        return self in (DatasetStatus.SUCCEEDED, DatasetStatus.UNCHANGED)


class RunStatus(StrEnum):
    """How a run ended; `RUNNING` is only ever seen while it is alive."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Entries of a job's result, by what became of each item."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import would do to a dataset, in items; the examples are keys, a handful at most.

    `rekeyed` counts deletions whose other values come back in a creation under another key (old, new in the examples).
    """

    created: int
    updated: int
    deleted: int
    unchanged: int
    deleted_examples: tuple[str, ...] = ()
    created_examples: tuple[str, ...] = ()
    rekeyed: int = 0
    rekeyed_examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An error as the summary shows it. `hint` says what to do next; `stage` is None where none was reached."""

    stage: Stage | None
    message: str
    hint: str
    http_status: int | None = None
    code: str | None = None
    name: str | None = None
    trace_id: str | None = None
    retryable: bool = False
    blocked_by: tuple[str, ...] = ()

    def redacted(self, redact: Callable[[str], str]) -> "ErrorReport":
        """The same with `redact` applied to every text in it that may have come from elsewhere."""
        return replace(
            self,
            message=redact(self.message),
            hint=redact(self.hint),
            code=redact(self.code) if self.code else self.code,
            name=redact(self.name) if self.name else self.name,
            trace_id=redact(self.trace_id) if self.trace_id else self.trace_id,
        )
