"""Saved plans: what is written is read again, and a run is held to what was shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import GuardError, UsageError
from bulkimport.model import Changes
from bulkimport.saved_plan import (
    Approval,
    SavedPlan,
    approvals_document,
    check_changes_are_as_planned,
    check_payload_is_as_planned,
    document_of,
    new_plan_id,
    read_approvals,
    read_plan,
    wants_new_plan,
)
from tests.support.vocabulary import a_payload

COUNTS = st.none() | st.integers(0, 10**9)
APPROVALS = st.builds(
    Approval, sha256=st.text(), deletions=COUNTS, baseline=st.sampled_from(["live", "none"]), allow_delete=COUNTS
)
NEW = "bulkimport plan a.yaml --only people --save plan.json"
PLAN = SavedPlan("a1", "/configs/all.yaml", "https://x/ACME", "2026-11-23T02:00:00.000Z", {"people": Approval("ab", 3)})


def written(folder: Path, document: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps(document))
    return path


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    assert read_plan(written(tmp_path, document_of(PLAN))) == PLAN


@given(st.dictionaries(st.text(), APPROVALS))
def test_approvals_survive_the_journal(approvals: dict[str, Approval]) -> None:
    assert read_approvals(json.loads(json.dumps(approvals_document(approvals)))) == approvals


def test_no_two_plans_have_one_id() -> None:
    assert len({new_plan_id() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "bulkimport.plan/1"},
        {"plan_id": ...},
        {"datasets": ["people"]},
        {"datasets": {"people": {"sha256": "ab"}}},
        {"datasets": {"people": {"sha256": "ab", "deletions": "3", "baseline": "live", "allow_delete": None}}},
        {"datasets": {"people": {"sha256": "ab", "deletions": -1, "baseline": "live", "allow_delete": None}}},
        {"datasets": {"people": {"sha256": "ab", "deletions": 1, "baseline": "live", "allow_delete": True}}},
    ],
)
def test_a_document_that_is_no_plan_is_a_usage_error(change: dict[str, Any], tmp_path: Path) -> None:
    document = {key: value for key, value in (document_of(PLAN) | change).items() if value is not ...}
    with pytest.raises(UsageError, match="no plan that bulkimport saved"):
        read_plan(written(tmp_path, document))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_a_file_that_is_no_plan_is_a_usage_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(UsageError, match="no plan that bulkimport saved"):
        read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_is_a_usage_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_plan(tmp_path / name)


def test_another_payload_than_the_planned_one_is_refused() -> None:
    payload = a_payload(3)
    check_payload_is_as_planned(Approval(payload.sha256, 0), payload, NEW)
    with pytest.raises(GuardError, match="differs") as refused:
        check_payload_is_as_planned(Approval("cd" * 32, 0), payload, NEW)
    assert payload.sha256[:12] in refused.value.message
    assert refused.value.hint == f"Make and read a new plan, then apply that one: {NEW}"
    assert wants_new_plan(refused.value.hint)


@pytest.mark.parametrize("deleted", [0, 3])
def test_as_many_deletions_as_were_shown_or_fewer_pass(deleted: int) -> None:
    check_changes_are_as_planned(Approval("ab", 3), "live", Changes(9, 9, deleted, 9), NEW)


def test_more_deletions_than_were_shown_are_refused_with_the_difference() -> None:
    with pytest.raises(GuardError, match="delete 5 items, while the plan showed 3, 2 fewer"):
        check_changes_are_as_planned(Approval("ab", 3), "live", Changes(0, 0, 5, 0), NEW)


@pytest.mark.parametrize(("baseline", "changes"), [("last_run", Changes(0, 0, 0, 9)), ("none", None)])
def test_what_was_counted_exactly_must_be_countable_again(baseline: str, changes: Changes | None) -> None:
    with pytest.raises(GuardError, match="nobody can tell"):
        check_changes_are_as_planned(Approval("ab", 3), baseline, changes, NEW)


def test_a_plan_by_the_last_run_holds_by_the_last_run() -> None:
    check_changes_are_as_planned(Approval("ab", 3, baseline="last_run"), "last_run", Changes(0, 0, 3, 9), NEW)
    with pytest.raises(GuardError):
        check_changes_are_as_planned(Approval("ab", 3, baseline="last_run"), "last_run", Changes(0, 0, 4, 9), NEW)


def test_a_plan_that_showed_unknown_deletions_promises_nothing_about_them() -> None:
    check_changes_are_as_planned(Approval("ab", None, baseline="none"), "none", None, NEW)
