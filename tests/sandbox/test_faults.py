"""The fault file, and when a rule fires."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.sandbox.faults import FaultFileError, FaultPlan, parse_rules, rules_from


def rule(step: str = "poll", action: dict[str, Any] | None = None, **match: Any) -> dict[str, Any]:
    return {"match": {"step": step, **match}, "action": action or {"status": 503}}


def fired(plan: FaultPlan, count: int, step: str = "poll", dataset: tuple[str, ...] = ()) -> list[int]:
    return [number for number in range(1, count + 1) if plan.next(step, dataset)]


@pytest.mark.parametrize(
    ("match", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"always": True}, [1, 2, 3, 4, 5]),
        ({"nth": 3}, [3]),
        ({"first_n": 2}, [1, 2]),
        ({"after_n": 3}, [4, 5]),
        ({"probability": 0}, []),
        ({"probability": 1}, [1, 2, 3, 4, 5]),
    ],
)
def test_each_occasion_means_what_it_says(match: dict[str, Any], numbers: list[int]) -> None:
    assert fired(FaultPlan(rules_from([rule(**match)])), 5) == numbers


@given(st.floats(0, 1), st.integers(0, 1000))
def test_chance_is_the_same_for_the_same_seed(probability: float, seed: int) -> None:
    rules = rules_from([rule(probability=probability, seed=seed)])
    assert fired(FaultPlan(rules), 50) == fired(FaultPlan(rules), 50)


def test_a_rule_counts_only_what_it_matches() -> None:
    plan = FaultPlan(rules_from([rule("poll", dataset="People", nth=2)]))
    assert plan.next("poll", ("ID", "people")) is None
    assert plan.next("poll", ("OTHER", "other")) is None
    assert plan.next("import", ("ID", "people")) is None
    assert plan.next("poll", ("ID", "people")) is not None


def test_the_first_rule_acts_and_all_count() -> None:
    plan = FaultPlan(rules_from([rule(action={"stall": 1}, nth=2), rule(action={"html": True}, first_n=2)]))
    actions = [plan.next("poll") for _ in range(3)]
    assert [action.kind if action else None for action in actions] == ["html", "stall", None]


@pytest.mark.parametrize(
    ("place", "step", "covered"),
    [
        ("api", "import", True),
        ("api", "poll", False),
        ("storage", "poll", True),
        ("storage", "generate", False),
        ("api", "job", False),
    ],
)
def test_api_and_storage_stand_for_their_steps(place: str, step: str, covered: bool) -> None:
    assert (FaultPlan(rules_from([rule(place)])).next(step) is not None) == covered


@pytest.mark.parametrize(
    "action",
    [
        {"status": 429, "retry_after": 3},
        {"status": 503, "retry_after": "Wed, 21 Oct 2026 07:28:00 GMT", "body": {"a": 1}, "headers": {"X": "y"}},
        {"status": 500, "process": True},
        {"reset_before": True},
        {"reset_after": True},
        {"stall": 0.5},
        {"stall_after": 1},
        {"truncate": 0},
        {"html": True},
        {"malformed": True},
        {"drip": 0.01, "chunk": 10},
        {"redirect": True},
        {"expire": True},
    ],
)
def test_every_documented_action_is_accepted(action: dict[str, Any]) -> None:
    (parsed,) = parse_rules(json.dumps([rule(action=action)]))
    assert parsed.action.kind in action


@pytest.mark.parametrize("action", [{"job_fail": ["no"]}, {"job_reject": ["1", "2"]}])
def test_jobs_have_actions_of_their_own(action: dict[str, Any]) -> None:
    assert rules_from([rule("job", action, dataset="people")])
    with pytest.raises(FaultFileError, match="cannot happen at step poll"):
        rules_from([rule("poll", action)])


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (1, "expected an object"),
        ({}, "match and action"),
        ({**rule(), "more": 1}, "unknown key 'more'"),
        (rule("nowhere"), "match.step"),
        (rule(colour="red"), "unknown key 'colour'"),
        (rule("generate", dataset="people"), "not known at step generate"),
        (rule(dataset=7), "match.dataset"),
        (rule(nth=0), "match.nth"),
        (rule(nth=1.5), "match.nth"),
        (rule(nth=True), "match.nth"),
        (rule(nth=1, first_n=2), "only one of"),
        (rule(probability=2), "match.probability"),
        (rule(always=False), "match.always"),
        (rule(seed=1), "match.seed"),
        (rule(action={"status": 99}), "action.status"),
        (rule(action={"status": 503, "stall": 1}), "exactly one of"),
        (rule(action={"explode": True}), "exactly one of"),
        (rule(action={"truncate": 1}), "action.truncate"),
        (rule(action={"stall": -1}), "action.stall"),
        (rule(action={"html": False}), "action.html"),
        (rule(action={"html": True, "process": True}), "does not belong to html"),
        (rule(action={"status": 429, "retry_after": 1.5}), "action.retry_after"),
        (rule(action={"status": 429, "headers": {"A": 1}}), "action.headers"),
        (rule(action={"drip": 1, "chunk": 0}), "action.chunk"),
        (rule("import", {"redirect": True}), "presigned"),
        (rule("job"), "cannot happen at step job"),
        (rule("job", {"job_fail": []}), "action.job_fail"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(entry: Any, complaint: str) -> None:
    with pytest.raises(FaultFileError, match=complaint) as caught:
        rules_from([rule(), entry])
    assert all(problem.startswith("rule 2: ") for problem in caught.value.problems)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(FaultFileError) as caught:
        rules_from([rule("nowhere", {"stall": -1}, nth=0), rule(action={"what": 1})])
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize("document", [b"", b"{", b"{}", b"null", b"\xff"])
def test_a_file_that_is_no_array_is_refused(document: bytes) -> None:
    with pytest.raises(FaultFileError):
        parse_rules(document)
