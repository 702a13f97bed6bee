"""Datasets that ended the same way for the same reason, such as an expired token: explained once. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bulkimport.model import DatasetStatus, ErrorReport
from bulkimport.report.facts import DatasetFacts
from bulkimport.report.meaning import for_the_data

_ATTENTION = (
    DatasetStatus.FAILED,
    DatasetStatus.UNKNOWN,
    DatasetStatus.REFUSED,
    DatasetStatus.PARTIAL,
    DatasetStatus.BLOCKED,
    DatasetStatus.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Alike:
    """Datasets with one problem; `meaning` is what it means for their data."""

    status: DatasetStatus
    error: ErrorReport
    meaning: str
    names: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)


def attention(dataset: DatasetFacts) -> int:
    """The smaller the sooner somebody should look at it."""
    return _ATTENTION.index(dataset.status) if dataset.status in _ATTENTION else len(_ATTENTION)


def alike(datasets: Iterable[DatasetFacts]) -> list[Alike]:
    """The problems of these datasets, in their order; what succeeded or still runs has none."""
    groups: dict[object, Alike] = {}
    for dataset in datasets:
        error = dataset.problem
        if error is None or dataset.status is None:
            continue
        meaning = for_the_data(dataset)
        key = (dataset.status, error.stage, error.message, error.hint, meaning)
        group = groups.setdefault(key, Alike(dataset.status, error, meaning))
        group.names.append(dataset.name)
        if error.trace_id and error.trace_id not in group.traces:
            group.traces.append(error.trace_id)
    return list(groups.values())


def in_full(error: ErrorReport) -> str:
    """The message and, where it does not say so itself, what the service called the error."""
    facts = [f"HTTP {error.http_status}" if error.http_status else "", error.code or "", error.name or ""]
    missing = [fact for fact in facts if fact and fact.removeprefix("HTTP ") not in error.message]
    return f"{error.message} [{', '.join(missing)}]" if missing else error.message
