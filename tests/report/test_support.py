from dataclasses import replace

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.report.support import about, support_lines
from tests.report.examples import BLOCKED, EXPIRED, SUCCEEDED, TRACE, UNKNOWN, ended, run_of
from tests.report.nights import an_account


def test_a_ticket_has_the_run_and_every_trace_of_what_did_not_succeed() -> None:
    failed = replace(ended(DatasetStatus.FAILED, "people", EXPIRED), trace_ids=("Root=1-a", TRACE))
    untraced = replace(BLOCKED, trace_ids=())
    lines = support_lines(an_account(run_of(SUCCEEDED, untraced, failed)))
    assert lines == [
        "bulkimport 0.1.0, run 20261123T020000Z-7f3a",
        "from 2026-11-23T02:00:00.000Z to 2026-11-23T02:03:10.412Z",
        f"dataset people {SUCCEEDED.dataset_id}: failed, stage import, HTTP 403, 40302, ApiTokenExpired",
        "trace Root=1-a",
        f"trace {TRACE}",
    ]


def test_where_all_succeeded_every_trace_is_at_hand_and_without_traces_there_is_nothing_to_paste() -> None:
    lines = support_lines(an_account(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED)))
    assert lines[-1] == f"trace {TRACE}"
    assert support_lines(an_account(run_of(replace(UNKNOWN, trace_ids=())))) == []


def test_a_run_that_has_not_ended_says_so() -> None:
    running = replace(SUCCEEDED, status=None, state="polling")
    lines = support_lines(an_account(run_of(running, status=RunStatus.RUNNING)))
    assert lines[1].endswith(", not ended")
    assert lines[2].endswith(": polling")


def test_versions_and_what_the_run_was_asked_for_are_told() -> None:
    options = {"selectors": {"only": ["people", "tag:x"], "exclude": []}, "allow_delete": {"people": 12}}
    pairs = dict(about(an_account(run_of(SUCCEEDED), options=options, parent_run_id="run-0")))
    assert pairs["Options"] == "--only people,tag:x --allow-delete people=12"
    assert pairs["Run by"] == "bulkimport 0.1.0"
    assert "Python 3" in pairs["Told by"]
    assert (pairs["Follows"], pairs["Ran on"]) == ("run-0", "host, process 1")
    assert {"Options", "Follows"}.isdisjoint(dict(about(an_account(run_of(SUCCEEDED)))))
