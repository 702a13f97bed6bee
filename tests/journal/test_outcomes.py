import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import StateError
from bulkimport.journal import entries, outcomes, runs
from bulkimport.journal.records import Outcome, StatusCount
from bulkimport.model import DatasetStatus, ItemCounts
from bulkimport.refresh.events import (
    ImportAccepted,
    ImportRequested,
    JobCompleted,
    RefreshEnded,
    RefreshResumed,
    ResultCollected,
    TurnCame,
)
from tests.journal.samples import (
    ERROR,
    SECRET_URL,
    TENANT,
    a_connection,
    a_dataset,
    a_run,
    ended,
    happen,
    moment,
    source_read,
    succeeded,
)

GOOD = (DatasetStatus.SUCCEEDED, DatasetStatus.UNCHANGED)


def newest(connection: sqlite3.Connection, *statuses: DatasetStatus, dataset_id: str = "ID-people") -> str | None:
    outcome = outcomes.newest(connection, TENANT, dataset_id, statuses or GOOD)
    return None if outcome is None else outcome.run_id


def test_an_outcome_tells_all_that_guards_and_polling_need() -> None:
    connection = a_connection("run-1")
    job = (ImportRequested(), ImportAccepted(SECRET_URL), JobCompleted(SECRET_URL), succeeded(created=4))
    happen(connection, "run-1", source_read(1200, "abc"), *job)
    assert outcomes.newest(connection, TENANT, "ID-people", GOOD) == Outcome(
        run_id="run-1",
        dataset="people",
        status=DatasetStatus.SUCCEEDED,
        at=moment(4),
        rows=1200,
        sha256="abc",
        items=ItemCounts(created=4, deleted=1),
        fingerprint="fingerprint of people",
        job_seconds=1.0,
    )


def test_only_the_statuses_asked_for_count() -> None:
    connection = a_connection("run-1", "run-2", "run-3", "run-4")
    happen(connection, "run-1", succeeded())
    happen(connection, "run-2", RefreshEnded(DatasetStatus.UNCHANGED, ERROR))
    happen(connection, "run-3", ResultCollected(DatasetStatus.PARTIAL, ItemCounts(), ERROR))
    happen(connection, "run-4", TurnCame())
    assert newest(connection) == "run-2"
    assert newest(connection, *DatasetStatus) == "run-3"
    assert newest(connection, DatasetStatus.BLOCKED) is None


def test_the_newest_is_what_ended_last_whatever_the_clock_said() -> None:
    connection = a_connection("run-1", "run-2")
    happen(connection, "run-2", succeeded(), at=100)
    happen(connection, "run-1", succeeded(), at=50)
    assert newest(connection) == "run-1"


def test_a_resumed_refresh_is_no_outcome_until_it_ends_again() -> None:
    connection = a_connection("run-1", "run-2")
    happen(connection, "run-1", succeeded())
    happen(connection, "run-2", ImportRequested(), ended(DatasetStatus.UNKNOWN), RefreshResumed())
    assert newest(connection, *DatasetStatus) == "run-1"
    happen(connection, "run-2", succeeded())
    assert newest(connection) == "run-2"


def test_other_tenants_and_datasets_do_not_count_and_case_of_the_id_does_not_matter() -> None:
    connection = a_connection("run-1")
    happen(connection, "run-1", succeeded())
    assert newest(connection, dataset_id="id-PEOPLE") == "run-1"
    assert newest(connection, dataset_id="ID-links") is None
    assert outcomes.newest(connection, "https://other", "ID-people", GOOD) is None


def test_a_success_that_read_no_source_knows_no_rows() -> None:
    connection = a_connection("run-1", "run-2")
    happen(connection, "run-1", source_read(), succeeded())
    happen(connection, "run-2", succeeded())
    outcome = outcomes.newest(connection, TENANT, "ID-people", GOOD)
    assert outcome is not None
    assert (outcome.run_id, outcome.rows, outcome.sha256) == ("run-2", None, None)


def test_an_outcome_without_its_end_is_damage() -> None:
    connection = a_connection("run-1")
    happen(connection, "run-1", succeeded())
    connection.execute("UPDATE datasets SET ended_at = NULL")
    with pytest.raises(StateError, match="damaged"):
        newest(connection)


def test_durations_are_the_newest_first_and_limited() -> None:
    connection = a_connection(*(f"run-{seconds}" for seconds in (1, 2, 3, 4)))
    for seconds in (1, 2, 4):
        happen(connection, f"run-{seconds}", ImportRequested(), ImportAccepted(SECRET_URL))
        happen(connection, f"run-{seconds}", JobCompleted(SECRET_URL), succeeded(), at=1 + seconds)
    happen(connection, "run-3", ended(DatasetStatus.REFUSED))
    assert outcomes.job_durations(connection, TENANT, "ID-people", 10) == [4.0, 2.0, 1.0]
    assert outcomes.job_durations(connection, TENANT, "ID-people", 2) == [4.0, 2.0]


def test_the_durations_of_runs_are_those_of_successes_in_one_go() -> None:
    connection = a_connection("run-1", "run-2", "run-3", "run-4", "run-5")
    happen(connection, "run-1", TurnCame(), source_read(), succeeded(), at=10)
    happen(connection, "run-2", TurnCame(), ended())
    happen(connection, "run-3", TurnCame(), RefreshResumed(), TurnCame(), succeeded())
    happen(connection, "run-4", TurnCame(), succeeded())
    runs.insert(connection, a_run("run-6", command="restore"), [a_dataset()])
    happen(connection, "run-6", TurnCame(), source_read(), source_read(), succeeded())
    happen(connection, "run-5", TurnCame())
    assert outcomes.run_durations(connection, TENANT, "id-PEOPLE", 5) == [1.0, 2.0]
    assert outcomes.run_durations(connection, TENANT, "ID-people", 1) == [1.0]
    assert outcomes.run_durations(connection, TENANT, "ID-positions", 5) == []


@given(plan=st.lists(st.sampled_from([None, *DatasetStatus]), max_size=12))
def test_the_counts_of_a_run_add_up(plan: list[DatasetStatus | None]) -> None:
    names = tuple(f"dataset-{number}" for number in range(len(plan)))
    connection = a_connection("run-1", "run-2", datasets=names)
    for name, status in zip(names, plan, strict=True):
        if status is not None:
            happen(connection, "run-1", ended(status), dataset=name)
    counts = outcomes.status_counts(connection, ["run-1", "run-2", "run-3"])
    assert {count.status: count.count for count in counts["run-1"]} == {status: plan.count(status) for status in plan}
    assert counts["run-2"] == ([StatusCount(None, len(plan))] if plan else [])
    assert counts["run-3"] == []


def test_many_runs_can_be_counted_at_once() -> None:
    connection = a_connection()
    run_ids = [f"run-{number}" for number in range(1203)]
    for run_id in run_ids:
        runs.insert(connection, a_run(run_id), [a_dataset()])
    counts = outcomes.status_counts(connection, run_ids)
    assert list(counts) == run_ids
    assert all(count == [StatusCount(None, 1)] for count in counts.values())


def test_statuses_are_told_by_run_and_dataset_in_their_order() -> None:
    connection = a_connection("run-1", "run-2", datasets=("people", "links"))
    happen(connection, "run-1", ended(DatasetStatus.REFUSED), dataset="links")
    happen(connection, "run-2", ended(DatasetStatus.FAILED))
    assert outcomes.statuses(connection, ["run-1", "run-2", "nope"]) == {
        "run-1": {"people": None, "links": DatasetStatus.REFUSED},
        "run-2": {"people": DatasetStatus.FAILED, "links": None},
        "nope": {},
    }
    assert list(outcomes.statuses(connection, ["run-1"])["run-1"]) == ["people", "links"]


def unsettled(connection: sqlite3.Connection) -> list[str]:
    return [found.run_id for found in outcomes.unsettled_imports(connection, TENANT, "id-people")]


def test_an_import_without_a_seen_end_is_unsettled_and_comes_with_its_entries() -> None:
    connection = a_connection("run-1", "run-2", "run-3")
    written = happen(connection, "run-2", TurnCame(), ImportRequested(), ImportAccepted(SECRET_URL))
    happen(connection, "run-1", ImportRequested(), ended(DatasetStatus.UNKNOWN))
    happen(connection, "run-3", ImportRequested(), succeeded())
    assert unsettled(connection) == ["run-1", "run-2"]
    second = outcomes.unsettled_imports(connection, TENANT, "ID-people")[1]
    assert second.dataset == "people"
    assert list(second.entries) == written
    assert "s3cr3t" not in repr(second)


def test_a_settled_import_stays_settled_until_another_is_requested() -> None:
    connection = a_connection("run-1")
    happen(connection, "run-1", ImportRequested(), ended(DatasetStatus.UNKNOWN))
    outcomes.settle(connection, "run-1", "people", "the result lies at its location")
    assert unsettled(connection) == []
    entries.rebuild_facts(connection)
    assert unsettled(connection) == []
    happen(connection, "run-1", RefreshResumed(), ImportRequested())
    assert unsettled(connection) == ["run-1"]


def test_a_settlement_keeps_its_note() -> None:
    connection = a_connection("run-1")
    outcomes.settle(connection, "run-1", "people", "ruled out")
    assert connection.execute("SELECT settled_note FROM datasets").fetchone() == ("ruled out",)


def test_settling_an_unknown_refresh_is_a_state_error() -> None:
    with pytest.raises(StateError, match="'nobody'"):
        outcomes.settle(a_connection("run-1"), "run-1", "nobody", "x")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT run_id FROM datasets WHERE tenant_key = ? AND dataset_id = ? AND ended_by IS NOT NULL"
        " ORDER BY ended_by DESC LIMIT 1",
        "SELECT name FROM datasets WHERE tenant_key = ? AND dataset_id = ? AND in_flight IS NOT NULL",
    ],
)
def test_questions_about_a_dataset_do_not_scan_all_runs(query: str) -> None:
    plan = a_connection().execute(f"EXPLAIN QUERY PLAN {query}", ("t", "d")).fetchall()
    details = " ".join(row[3] for row in plan)
    assert "USING INDEX" in details or "USING COVERING INDEX" in details
    assert "SCAN" not in details
    assert "TEMP B-TREE" not in details


def test_the_last_import_is_that_of_the_run_that_requested_one_last() -> None:
    connection = a_connection("run-1", "run-2", "run-3")
    assert outcomes.last_import(connection, TENANT, "ID-people") is None
    happen(connection, "run-2", source_read(), ImportRequested(), ended(DatasetStatus.UNKNOWN))
    happen(connection, "run-1", source_read(), ImportRequested())
    happen(connection, "run-3", ended(DatasetStatus.REFUSED))
    last = outcomes.last_import(connection, TENANT, "ID-people")
    assert last is not None
    assert (last.run_id, last.fingerprint, len(last.entries)) == ("run-1", "fingerprint of people", 2)
    assert outcomes.last_import(connection, "OTHER", "ID-people") is None


def test_what_was_there_before_a_restore_says_nothing_any_more() -> None:
    connection = a_connection("run-1", "run-2")
    happen(connection, "run-1", source_read(), ImportRequested(), ended(DatasetStatus.UNKNOWN))
    happen(connection, "run-2", ImportRequested())
    connection.execute("UPDATE runs SET command = 'restore' WHERE run_id = 'run-2'")
    assert outcomes.last_import(connection, TENANT, "ID-people") is None
