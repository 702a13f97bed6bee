"""What a result's entries mean, and when a completed job is a success."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import DatasetStatus, ItemCounts, Stage
from bulkimport.results import Judgement, Tally, judge, outcome, reason

FAILED_FILE = "runs/20261123T020000Z-7f3a/people.failed.ndjson"


def judged(
    items: ItemCounts, rows: int, *, implicit: int = 0, allowed: int = 0, reasons: tuple[str, ...] = ()
) -> Judgement:
    return judge(items, implicit, rows, allowed, reasons, FAILED_FILE)


def message(judgement: Judgement) -> str:
    assert judgement.status is DatasetStatus.PARTIAL
    assert judgement.error is not None
    assert judgement.error.stage is Stage.RESULT
    return judgement.error.message


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"_status": "skipped", "_action": "update"}, "skipped"),
        ({"_status": "implicitDelete", "_action": "delete"}, "deleted"),
        ({"_status": "success", "_action": "delete"}, "deleted"),
        ({"_status": "success", "_action": "create"}, "created"),
        ({"_status": "success", "_action": "update"}, "updated"),
        ({"_status": "success", "_action": "replace"}, "updated"),
        ({"_status": "success", "_action": "createOrUpdate"}, "updated"),
        ({"_status": "success", "_action": "createOrReplace"}, "updated"),
        ({"_status": "success", "_action": "noop"}, "skipped"),
        ({"_status": "success", "_action": "create", "error": None, "errors": []}, "created"),
        ({"_status": "success"}, "failed"),
        ({"_status": "success", "_action": "explode"}, "failed"),
        ({"_status": "success", "_action": ["create"]}, "failed"),
        ({"_status": "success", "_action": "create", "error": "no"}, "failed"),
        ({"_status": "skipped", "errors": [{"message": "no"}]}, "failed"),
        ({"_status": "error", "_action": "create"}, "failed"),
        ({"_status": "SUCCESS", "_action": "create"}, "failed"),
        ({"_status": 1}, "failed"),
        ({"error": {"message": "no"}}, "failed"),
        ({"employeeID": "E1"}, "failed"),
        ({}, "failed"),
    ],
)
def test_an_entry_counts_as_what_it_says_and_as_failed_otherwise(entry: dict[str, Any], expected: str) -> None:
    assert outcome(entry) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"error": "no such city"}, "no such city"),
        ({"error": {"name": "Bad", "code": "400777", "message": "no such city"}}, "no such city"),
        ({"error": {"name": "Bad", "code": "400777"}}, "Bad"),
        ({"error": {"code": "400777"}}, "400777"),
        ({"error": {"why": 5}}, "{'why': 5}"),
        ({"errors": [{"message": "one"}, "two", None, {"name": "Three"}]}, "one; two; Three"),
        ({"_status": "error", "message": "no such city"}, "no such city"),
        ({"_status": "rejected"}, "reported as rejected"),
        ({}, "reported as neither applied nor rejected"),
    ],
)
def test_a_reason_is_in_the_services_words_as_far_as_there_are_any(entry: dict[str, Any], expected: str) -> None:
    assert reason(entry) == expected


def test_a_tally_counts_entries_and_tells_which_failed() -> None:
    tally = Tally()
    entries = [
        {"_status": "success", "_action": "create"},
        {"_status": "success", "_action": "update"},
        {"_status": "success", "_action": "update"},
        {"_status": "skipped"},
        {"_status": "implicitDelete", "_action": "delete"},
        {"_status": "success", "_action": "delete"},
        {"error": "no such city"},
    ]
    assert [tally.add(entry) for entry in entries] == [False] * 6 + [True]
    assert tally.counts == ItemCounts(created=1, updated=2, deleted=2, skipped=1, failed=1)
    assert tally.implicit == 1
    assert tally.reasons == {"no such city": 1}


def test_reasons_are_bounded_in_number_and_length() -> None:
    tally = Tally()
    for number in range(1_500):
        tally.add({"error": f"{number:04} " + "x" * 10_000})
    tally.add({"error": "0007 " + "x" * 10_000})
    assert len(tally.reasons) == 1_001
    assert tally.reasons["other reasons"] == 500
    assert max(map(len, tally.reasons)) == 200
    assert tally.reasons.most_common(2)[1] == ("0007 " + "x" * 194 + "…", 2)


def test_a_result_that_answers_every_row_is_a_success() -> None:
    items = ItemCounts(created=3, updated=2, deleted=4, skipped=1)
    assert judged(items, 6, implicit=4) == Judgement(DatasetStatus.SUCCEEDED, None)


def test_deletions_of_other_items_answer_no_row() -> None:
    text = message(judged(ItemCounts(created=3, deleted=4), 7, implicit=4))
    assert "says nothing of 4 of 7 items" in text


def test_an_empty_payload_is_answered_by_deletions_alone() -> None:
    assert judged(ItemCounts(deleted=4), 0, implicit=4).status is DatasetStatus.SUCCEEDED


def test_failed_items_within_the_allowance_are_a_success() -> None:
    assert judged(ItemCounts(created=8, failed=2), 10, allowed=2).status is DatasetStatus.SUCCEEDED


def test_one_failed_item_more_is_partial_and_tells_why_and_where() -> None:
    judgement = judged(ItemCounts(created=1_197, failed=3), 1_200, allowed=2, reasons=("a", "b", "c", "d"))
    assert message(judgement) == (
        "The job completed, but Orgvue rejected 3 of 1,200 items, more than guards.allow_item_errors = 2, "
        "mostly: a; b; c. All other items were applied."
    )
    assert judgement.error is not None
    assert FAILED_FILE in judgement.error.hint


def test_nothing_is_said_of_other_items_where_there_are_none() -> None:
    assert message(judged(ItemCounts(failed=1), 1)) == "The job completed, but Orgvue rejected 1 of 1 item."


def test_rows_without_an_entry_are_partial_even_within_the_allowance() -> None:
    text = message(judged(ItemCounts(created=5, failed=1), 10, allowed=9))
    assert "says nothing of 4 of 10 items, so what became of them is not known" in text
    assert "rejected" not in text


def test_both_complaints_are_told() -> None:
    text = message(judged(ItemCounts(created=5, failed=1), 10))
    assert "rejected 1 of 10 items, and its result says nothing of 4 of 10 items" in text


COUNTS = st.integers(0, 30)
ITEMS = st.builds(ItemCounts, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)


@given(items=ITEMS, lost=COUNTS, allowed=COUNTS, data=st.data())
def test_success_means_all_rows_answered_and_no_more_failures_than_allowed(
    items: ItemCounts, lost: int, allowed: int, data: st.DataObject
) -> None:
    implicit = data.draw(st.integers(0, items.deleted))
    rows = items.created + items.updated + items.skipped + items.failed + items.deleted - implicit + lost
    judgement = judged(items, rows, implicit=implicit, allowed=allowed)
    assert (judgement.status is DatasetStatus.SUCCEEDED) is (items.failed <= allowed and lost == 0)
    assert (judgement.error is None) is (judgement.status is DatasetStatus.SUCCEEDED)
