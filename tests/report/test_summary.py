import json
from dataclasses import replace
from typing import Any

import pytest

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.report.facts import NO_CAUSE
from bulkimport.report.summary import history_document, summary_document
from tests.report.examples import BLOCKED, EXPIRED, PARTIAL, SUCCEEDED, TRACE, UNKNOWN, ended, run_of

ERROR_KEYS = ["stage", "http_status", "code", "name", "message", "hint", "trace_id", "retryable"]


def only(document: dict[str, Any]) -> dict[str, Any]:
    (dataset,) = document["datasets"]
    assert isinstance(dataset, dict)
    return dataset


def test_the_summary_has_the_contracts_shape() -> None:
    document = summary_document(run_of(ended(DatasetStatus.FAILED, "people", EXPIRED)))
    assert json.loads(json.dumps(document)) == {
        "schema": "bulkimport.run/1",
        "version": "0.1.0",
        "run_id": "20261123T020000Z-7f3a",
        "follows": None,
        "config": "configs/all.yaml",
        "status": "failed",
        "sandbox": False,
        "started_at": "2026-11-23T02:00:00.000Z",
        "finished_at": "2026-11-23T02:03:10.412Z",
        "requests": 412,
        "throttled": 3,
        "warnings": [],
        "datasets": [
            {
                "name": "people",
                "dataset_id": "6586F21B-AD4D-4D06-A309-712AF47184A2",
                "status": "failed",
                "state": "done",
                "rows": 24,
                "bytes": 345678,
                "sha256": "ab" * 32,
                "items": {"created": 0, "updated": 0, "deleted": 0, "skipped": 0, "failed": 0},
                "changes": None,
                "attempts": 1,
                "duration_s": 12.346,
                "trace_ids": [TRACE],
                "error": {
                    "stage": "import",
                    "http_status": 403,
                    "code": "40302",
                    "name": "ApiTokenExpired",
                    "message": "The API token has expired.",
                    "hint": "Put a new token into ORGVUE_API_TOKEN.",
                    "trace_id": TRACE,
                    "retryable": False,
                },
                "baseline": "live",
                "warnings": [],
            }
        ],
    }


def test_a_success_has_no_error_and_shows_what_was_expected_of_it() -> None:
    dataset = only(summary_document(run_of(replace(SUCCEEDED, error=EXPIRED), status=RunStatus.SUCCEEDED)))
    assert dataset["error"] is None
    assert dataset["changes"] == {"created": 3, "updated": 20, "deleted": 1, "unchanged": 0}
    assert dataset["items"]["updated"] == 20


@pytest.mark.parametrize("status", [status for status in DatasetStatus if not status.is_success])
def test_everything_else_has_an_error_with_every_key(status: DatasetStatus) -> None:
    error = only(summary_document(run_of(ended(status))))["error"]
    assert list(error) == ERROR_KEYS
    assert error["message"] == NO_CAUSE.message
    assert error["hint"]
    assert error["stage"] is None


def test_a_blocked_dataset_names_what_blocked_it() -> None:
    error = only(summary_document(run_of(BLOCKED)))["error"]
    assert list(error) == [*ERROR_KEYS, "blocked_by"]
    assert error["blocked_by"] == ["people"]


def test_a_running_dataset_has_a_state_and_no_status_yet() -> None:
    running = replace(SUCCEEDED, status=None, state="uploading", sha256=None, rows=None, bytes=None)
    document = summary_document(run_of(running, status=RunStatus.RUNNING))
    assert (document["status"], document["finished_at"]) == ("running", None)
    dataset = only(document)
    assert (dataset["status"], dataset["state"], dataset["error"], dataset["rows"]) == (None, "uploading", None, None)


def test_the_history_counts_datasets_by_status() -> None:
    entry = run_of(SUCCEEDED, SUCCEEDED, PARTIAL, UNKNOWN).as_history()
    running = run_of(SUCCEEDED, status=RunStatus.RUNNING).as_history()
    assert json.loads(json.dumps(history_document([entry, running]))) == {
        "schema": "bulkimport.history/1",
        "runs": [
            {
                "run_id": "20261123T020000Z-7f3a",
                "config": "configs/all.yaml",
                "status": "failed",
                "started_at": "2026-11-23T02:00:00.000Z",
                "finished_at": "2026-11-23T02:03:10.412Z",
                "datasets": {"succeeded": 2, "partial": 1, "unknown": 1},
                "command": "run",
                "follows": None,
                "sandbox": False,
                "duration_s": 190.412,
            },
            {
                "run_id": "20261123T020000Z-7f3a",
                "config": "configs/all.yaml",
                "status": "running",
                "started_at": "2026-11-23T02:00:00.000Z",
                "finished_at": None,
                "datasets": {"succeeded": 1},
                "command": "run",
                "follows": None,
                "sandbox": False,
                "duration_s": None,
            },
        ],
    }
