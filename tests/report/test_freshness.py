from datetime import timedelta

import pytest

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.report.freshness import PastRun, freshness, freshness_document
from tests.report.nights import START

HOUR = 3600.0
GOOD, BAD = DatasetStatus.SUCCEEDED, DatasetStatus.FAILED


def a_run(hours_ago: float, status: RunStatus = RunStatus.SUCCEEDED, **datasets: DatasetStatus | None) -> PastRun:
    """Runs take an hour."""
    ended = START - timedelta(hours=hours_ago)
    alive = status is RunStatus.RUNNING
    started = ended if alive else ended - timedelta(hours=1)
    return PastRun(f"run-{hours_ago:g}", "all.yaml", status, started, None if alive else ended, datasets)


def judged(*runs: PastRun, max_age: float = 26) -> tuple[bool, str]:
    found = freshness(runs, START, max_age * HOUR)
    return found.ok, found.line


def test_a_young_success_is_well() -> None:
    assert judged(a_run(3, people=GOOD)) == (True, "OK: run run-3 of all.yaml succeeded 3h 00m ago.")


def test_an_old_success_is_not() -> None:
    ok, line = judged(a_run(27, people=GOOD))
    assert not ok
    assert line == "NOT OK: run run-27 of all.yaml succeeded 27h 00m ago, which is more than 26h 00m."


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.INTERRUPTED])
def test_any_other_end_is_not_and_says_what_is_bad(status: RunStatus) -> None:
    many = {f"d{number}": BAD for number in range(5)}
    ok, line = judged(a_run(1, status, people=None, **many), a_run(25, people=GOOD))
    assert not ok
    assert (
        line == f"NOT OK: run run-1 of all.yaml {status} 1h 00m ago: people not ended, d0 failed, d1 failed and 3 more."
    )


def test_no_run_at_all_is_not_well() -> None:
    assert judged() == (False, "NOT OK: no run is on record.")
    assert judged(a_run(0.1, RunStatus.RUNNING)) == (
        False,
        "NOT OK: run run-0.1 is running, and none before it has ended.",
    )


def test_a_run_under_way_leaves_the_judgement_to_the_one_before_until_it_has_had_its_time() -> None:
    assert judged(a_run(0.1, RunStatus.RUNNING, people=None), a_run(24, people=GOOD))[0]
    assert not judged(a_run(0.1, RunStatus.RUNNING), a_run(24, RunStatus.FAILED, people=BAD))[0]
    ok, line = judged(a_run(30, RunStatus.RUNNING), a_run(1, people=GOOD))
    assert (ok, line) == (False, "NOT OK: run run-30 has been running for 30h 00m.")


def test_a_later_run_of_one_dataset_does_not_hide_that_another_failed() -> None:
    night = a_run(5, RunStatus.FAILED, people=BAD, links=DatasetStatus.BLOCKED, other=GOOD)
    ok, line = judged(a_run(1, people=GOOD), night)
    assert not ok
    assert line.endswith("but not all that an earlier one left: links blocked.")
    assert judged(a_run(0.5, links=GOOD), a_run(1, people=GOOD), night)[0]
    assert judged(a_run(1, people=GOOD), a_run(50, RunStatus.FAILED, gone=BAD))[0]


def test_the_document_says_the_same() -> None:
    found = freshness([a_run(3, people=GOOD)], START, 26 * HOUR)
    assert freshness_document(found) == {
        "schema": "bulkimport.freshness/1",
        "ok": True,
        "reason": "run run-3 of all.yaml succeeded 3h 00m ago.",
        "max_age_s": 93600.0,
        "age_s": 10800.0,
        "run_id": "run-3",
    }
    assert freshness_document(freshness([], START, 1))["run_id"] is None
