"""What there is to tell of a run. Pure."""

from bulkimport.model import DatasetStatus, NotifyEvent, RunStatus
from bulkimport.report.facts import RunFacts

_NO_FAILURE = (DatasetStatus.REFUSED, DatasetStatus.BLOCKED)
"""A refusal is told as one, and what it blocked is its consequence."""


def events_of(run: RunFacts, *, recovered: bool) -> tuple[NotifyEvent, ...]:
    """The events that a finished run amounts to, the gravest first. A run that was stopped is a failure.

    `recovered`: something of this config was out of order before, and nothing is any more.
    """
    if run.status is RunStatus.SUCCEEDED:
        return ("recovery", "success") if recovered else ("success",)
    problems = {dataset.status for dataset in run.datasets if dataset.is_problem}
    refused = DatasetStatus.REFUSED in problems
    failed = run.status is RunStatus.INTERRUPTED or bool(problems.difference(_NO_FAILURE)) or not refused
    return (*(("failure",) if failed else ()), *(("refusal",) if refused else ()))
