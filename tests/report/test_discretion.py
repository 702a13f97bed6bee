import re
import sys
from dataclasses import replace
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, Stage
from bulkimport.payload.shape import Problem
from bulkimport.report.discretion import HIDDEN, discreet_reason, discreet_run
from bulkimport.results import judge
from tests.report.examples import EXPIRED, ended, run_of

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
VALUES = st.one_of(
    WORDS, st.text("'\".\\ ", max_size=80), st.integers(), st.lists(WORDS), st.dictionaries(WORDS, WORDS)
)


def told(error: ErrorReport) -> str:
    (dataset,) = discreet_run(run_of(ended(DatasetStatus.FAILED, error=error))).datasets
    assert dataset.error is not None
    return dataset.error.message


def error(stage: Stage | None, message: str) -> ErrorReport:
    return replace(EXPIRED, stage=stage, message=message)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("from_id: there is no item '000131' to link", "from_id: there is no item '…' to link"),
        ("salary: 'O'Brien' is not a number", "salary: '…' is not a number"),
        ('the name "A, B" is taken', "the name '…' is taken"),
        ("65,000.50 is above 1000", "… is above …"),
        ("born 1980-02-31, not a day", "born …, not a day"),
        ("the item's owner can't be changed", "the item's owner can't be changed"),
        ("address2 is no property", "address2 is no property"),
    ],
)
def test_a_reason_keeps_its_words_and_loses_what_it_quotes(reason: str, expected: str) -> None:
    assert discreet_reason(reason, {}) == expected


def test_a_reason_loses_the_values_of_its_item_however_they_stand_there() -> None:
    entry = {
        "_status": "error",
        "_action": "update",
        "employeeID": "E17",
        "city": "New York",
        "notes": ["confidential", {"deep": "Smith"}],
        "active": True,
        "errors": [{"name": "ValueInvalid", "message": "x"}],
    }
    reason = "cannot update E17: Smith of New York is confidential (ValueInvalid)"
    assert discreet_reason(reason, entry) == "cannot update …: … of … is … (ValueInvalid)"


@given(st.text("ab c_1.", max_size=30), st.lists(st.text("ab c_1.", min_size=1, max_size=4), max_size=5))
def test_values_are_hidden_where_they_are_words_of_their_own_the_longest_first(reason: str, values: list[str]) -> None:
    longest_first = sorted(set(values), key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
    expected = re.sub(pattern, HIDDEN, reason) if values else reason
    assert discreet_reason(reason, {"cells": values}) == discreet_reason(expected, {})


def test_hiding_the_values_of_many_items_takes_little_work_for_each() -> None:
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    items = [{f"property {index}": f"{number} {index}" for index in range(10)} for number in range(100)]
    sys.setprofile(count)
    try:
        told = {discreet_reason(f"cannot link {item['property 3']} here", item) for item in items}
    finally:
        sys.setprofile(None)
    assert told == {f"cannot link {HIDDEN} here"}
    assert calls < 100 * len(items)


@given(VALUES)
def test_no_cell_that_our_own_messages_quote_is_told(value: object) -> None:
    problem = str(Problem(0, "salary", value, "is not a number"))
    message = told(error(Stage.SOURCE, f"people.csv, line 7: {problem}"))
    if " is not " not in str(value):
        assert message == f"people.csv, line 7: column 'salary': {HIDDEN} is not a number"
    assert message.startswith(f"people.csv, line 7: column 'salary': {HIDDEN} is not ")


def test_the_reasons_in_the_message_of_a_partial_dataset_are_left_to_their_own_table() -> None:
    reasons = ("salary: 'a lot. All other' is not a number (2 times)", "b")
    judgement = judge(ItemCounts(created=5, failed=3), 0, 10, 0, reasons, "x.failed.ndjson")
    assert judgement.error is not None
    assert told(judgement.error) == (
        "The job completed, but Orgvue rejected 3 of 10 items, and its result says nothing of 2 of 10 items, so what "
        "became of them is not known. All other items were applied."
    )


def test_what_a_failed_job_says_again_and_again_is_told_once_without_its_values() -> None:
    message = "The import job failed: V (9): salary: 'x' is wrong; V (9): salary: 'y' is wrong; other. Nothing; more."
    assert (
        told(error(Stage.POLL, message)) == "The import job failed: V (9): salary: '…' is wrong; other. Nothing; more."
    )


def test_keys_that_a_guard_names_and_everything_else_stay() -> None:
    message = "This load would delete 183 of 300 items (61%), among them 'A 1', 122, more than guards.max = 20."
    assert told(error(Stage.GUARD, message)) == message
    assert discreet_run(run_of(ended(DatasetStatus.SUCCEEDED))) == run_of(ended(DatasetStatus.SUCCEEDED))


def test_warnings_quote_no_cell_either() -> None:
    warned = replace(ended(DatasetStatus.SUCCEEDED), warnings=("a.csv, line 2: column 'x': 'secret' is odd",))
    (dataset,) = discreet_run(run_of(warned)).datasets
    assert dataset.warnings == ("a.csv, line 2: column 'x': … is odd",)
