from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import StateError
from bulkimport.journal import entries
from bulkimport.journal.facts import RefreshFacts
from bulkimport.model import DatasetStatus, ItemCounts
from bulkimport.refresh.events import (
    EarlierImportSucceeded,
    Event,
    ImportRequested,
    PayloadChecked,
    RefreshEnded,
    RefreshResumed,
    ResultCollected,
    SourceRead,
    TurnCame,
)
from tests.journal.samples import ERROR, a_connection, fold, happen, moment, source_read, succeeded
from tests.support.vocabulary import a_payload

NUMBERS = st.integers(0, 2**63 - 1)
ITEMS = st.builds(ItemCounts, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
STATUSES = st.sampled_from(DatasetStatus)
COUNTED: dict[type, st.SearchStrategy[Event]] = {
    SourceRead: st.builds(source_read, NUMBERS, st.text()),
    ResultCollected: st.builds(ResultCollected, STATUSES, ITEMS),
    EarlierImportSucceeded: st.builds(
        EarlierImportSucceeded, st.text(), st.builds(a_payload, NUMBERS), st.just(PayloadChecked("live")), ITEMS
    ),
    RefreshEnded: st.builds(RefreshEnded, STATUSES, st.just(ERROR), ITEMS),
}
EVENTS = st.lists(st.one_of([COUNTED.get(each, st.from_type(each)) for each in get_args(Event)]), max_size=12)


def test_an_entry_comes_back_as_append_gave_it() -> None:
    connection = a_connection("run-1")
    written = happen(connection, "run-1", TurnCame(), source_read(), ImportRequested())
    assert entries.read(connection, "run-1", "people") == written
    assert [entry.seq for entry in written] == [1, 2, 3]
    assert written[1].at == moment(1)


def test_each_dataset_of_each_run_counts_from_one() -> None:
    connection = a_connection("run-1", "run-2", datasets=("people", "links"))
    happen(connection, "run-1", TurnCame(), TurnCame())
    assert happen(connection, "run-1", TurnCame(), dataset="links")[0].seq == 1
    assert happen(connection, "run-2", TurnCame())[0].seq == 1
    assert happen(connection, "run-1", TurnCame())[0].seq == 3


def test_a_runs_entries_are_in_the_order_of_writing() -> None:
    connection = a_connection("run-1", datasets=("people", "links"))
    for dataset in ("people", "links", "people"):
        happen(connection, "run-1", TurnCame(), dataset=dataset, at=-1)
    assert [(entry.dataset, entry.seq) for entry in entries.read(connection, "run-1")] == [
        ("people", 1),
        ("links", 1),
        ("people", 2),
    ]


def test_what_is_new_of_a_run_is_read_once() -> None:
    connection = a_connection("run-1", "run-2", datasets=("people", "links"))
    first = happen(connection, "run-1", TurnCame(), source_read())
    happen(connection, "run-2", TurnCame())
    found, mark = entries.read_after(connection, "run-1", 0)
    assert found == first
    assert entries.read_after(connection, "run-1", mark) == ([], mark)
    second = happen(connection, "run-1", TurnCame(), dataset="links")
    assert entries.read_after(connection, "run-1", mark)[0] == second
    assert entries.read_after(connection, "nope", 0) == ([], 0)


def test_what_is_new_is_not_looked_for_in_the_whole_journal() -> None:
    connection = a_connection()
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    entries.read_after(connection, "run-1", 7)
    (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
    assert "USING INTEGER PRIMARY KEY (rowid>?)" in plan[3]


@pytest.mark.parametrize(("run_id", "dataset"), [("run-2", "people"), ("run-1", "unheard-of")])
def test_an_event_of_an_unregistered_dataset_is_a_state_error(run_id: str, dataset: str) -> None:
    connection = a_connection("run-1")
    with pytest.raises(StateError, match="not written down"):
        happen(connection, run_id, TurnCame(), dataset=dataset)
    assert entries.facts_of(connection, run_id, dataset) is None


@given(events=EVENTS)
def test_the_kept_facts_equal_a_fold_of_the_events(events: list[Event]) -> None:
    connection = a_connection("run-1", datasets=("people", "links"))
    happen(connection, "run-1", *events)
    assert entries.facts_of(connection, "run-1", "people") == fold(entries.read(connection, "run-1", "people"))
    assert entries.facts_of(connection, "run-1", "links") == RefreshFacts()


@given(events=EVENTS, others=EVENTS)
def test_a_rebuild_restores_every_kept_column(events: list[Event], others: list[Event]) -> None:
    connection = a_connection("run-1", "run-2")
    happen(connection, "run-1", *events)
    happen(connection, "run-2", *others)
    kept = connection.execute("SELECT * FROM datasets").fetchall()
    connection.execute(
        "UPDATE datasets SET status = 'partial', ended_at = 'x', row_count = 9, sha256 = 'x', created = 9, updated = 9,"
        " deleted = 9, skipped = 9, failed = 9, accepted_at = 'x', job_seconds = 9, in_flight = 9, ended_by = 999"
    )
    entries.rebuild_facts(connection)
    assert connection.execute("SELECT * FROM datasets").fetchall() == kept


def test_what_ended_a_refresh_is_forgotten_when_it_is_resumed() -> None:
    connection = a_connection("run-1")
    happen(connection, "run-1", succeeded())
    assert connection.execute("SELECT ended_by IS NULL FROM datasets").fetchone() == (0,)
    happen(connection, "run-1", RefreshResumed())
    assert connection.execute("SELECT ended_by IS NULL FROM datasets").fetchone() == (1,)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE datasets SET status = 'sucseeded'",
        "UPDATE datasets SET ended_at = 'noon'",
        "UPDATE events SET at = 'noon'",
        "UPDATE events SET at = 5",
        "UPDATE events SET event = 'x'",
        "UPDATE events SET event = x'00ff'",
    ],
)
def test_damaged_rows_are_a_state_error(damage: str) -> None:
    connection = a_connection("run-1")
    happen(connection, "run-1", succeeded())
    connection.execute(damage)
    with pytest.raises(StateError):
        (entries.read(connection, "run-1"), entries.facts_of(connection, "run-1", "people"))
