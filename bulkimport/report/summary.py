"""The JSON documents about runs, from facts. Pure."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from bulkimport.clock import timestamp
from bulkimport.model import Changes, ErrorReport
from bulkimport.report.facts import DatasetFacts, HistoryEntry, RunFacts

RUN_SCHEMA = "bulkimport.run/1"
HISTORY_SCHEMA = "bulkimport.history/1"

Document = dict[str, Any]


def summary_document(run: RunFacts) -> Document:
    """`bulkimport.run/1`: what `summary.json` holds and `--output json` prints, during a run and after it."""
    return {
        "schema": RUN_SCHEMA,
        "version": run.version,
        "run_id": run.run_id,
        "follows": run.follows,
        "config": run.config,
        "status": run.status.value,
        "sandbox": run.sandbox,
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at) if run.finished_at else None,
        "requests": run.requests,
        "throttled": run.throttled,
        "warnings": list(run.warnings),
        "datasets": [dataset_document(dataset) for dataset in run.datasets],
    }


def history_document(runs: Iterable[HistoryEntry]) -> Document:
    """`bulkimport.history/1`: the list of runs, in the order given."""
    return {
        "schema": HISTORY_SCHEMA,
        "runs": [
            {
                "run_id": run.run_id,
                "config": run.config,
                "status": run.status.value,
                "started_at": timestamp(run.started_at),
                "finished_at": timestamp(run.finished_at) if run.finished_at else None,
                "datasets": dict(run.datasets),
                "command": run.command,
                "follows": run.follows,
                "sandbox": run.sandbox,
                "duration_s": round((run.finished_at - run.started_at).total_seconds(), 3) if run.finished_at else None,
            }
            for run in runs
        ],
    }


def error_document(error: ErrorReport) -> Document:
    """An error with all its keys; those that do not apply are null."""
    document: Document = {
        "stage": error.stage.value if error.stage else None,
        "http_status": error.http_status,
        "code": error.code,
        "name": error.name,
        "message": error.message,
        "hint": error.hint,
        "trace_id": error.trace_id,
        "retryable": error.retryable,
    }
    if error.blocked_by:
        document["blocked_by"] = list(error.blocked_by)
    return document


def dataset_document(dataset: DatasetFacts) -> Document:
    """One dataset of the summary."""
    problem = dataset.problem
    blocked = {"blocked_by": list(problem.blocked_by)} if problem and problem.blocked_by else {}
    return {
        "name": dataset.name,
        "dataset_id": dataset.dataset_id,
        "status": dataset.status.value if dataset.status else None,
        "state": dataset.state,
        "rows": dataset.rows,
        "bytes": dataset.bytes,
        "sha256": dataset.sha256,
        "items": asdict(dataset.items),
        "changes": changes_document(dataset.changes),
        "attempts": dataset.attempts,
        "duration_s": round(dataset.duration_s, 3),
        "trace_ids": list(dataset.trace_ids),
        "error": error_document(problem) if problem else None,
        **blocked,
        "baseline": dataset.baseline,
        "warnings": list(dataset.warnings),
    }


def changes_document(changes: Changes | None) -> Document | None:
    """What an import is expected to do, in the keys of a plan's `items`."""
    if changes is None:
        return None
    return {
        "created": changes.created,
        "updated": changes.updated,
        "deleted": changes.deleted,
        "unchanged": changes.unchanged,
    }
