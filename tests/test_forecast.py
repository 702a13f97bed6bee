"""When to look first, and what to start first."""

import heapq
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.forecast import SOONEST, first_look, start_order
from bulkimport.model import Poll

SECONDS = st.floats(0, 10_000)
POLLS = st.builds(Poll, st.floats(0.001, 60), st.floats(0.001, 300), st.just(1800.0))


@given(poll=POLLS, jobs=st.lists(SECONDS, min_size=1, max_size=10))
def test_the_first_look_comes_before_a_quick_job_would_be_over_and_within_the_limits(
    poll: Poll, jobs: list[float]
) -> None:
    seconds = first_look(poll, jobs)
    assert seconds is not None
    assert 0 < seconds <= poll.max
    at_least_as_long = sum(job >= seconds for job in jobs)
    assert at_least_as_long >= 3 * len(jobs) / 4 or seconds <= SOONEST


@given(jobs=st.lists(SECONDS, max_size=10))
def test_a_wait_that_the_config_names_stays(jobs: list[float]) -> None:
    assert first_look(Poll(learns=False), jobs) is None


def test_without_earlier_jobs_nothing_is_learnt() -> None:
    assert first_look(Poll(), []) is None


def test_one_slow_night_does_not_make_the_next_one_wait() -> None:
    assert first_look(Poll(), [29.0, 10.0, 10.0, 10.0]) == pytest.approx(9.0)


def test_jobs_that_have_become_faster_are_found_out() -> None:
    """Every job is over after 2 s; what was seen of it is when it was looked at."""
    seen = [20.0] * 10
    for _ in range(100):
        look = first_look(Poll(), seen)
        assert look is not None
        seen = [max(2.0, look), *seen][:10]
    assert seen[0] < 2.3


@st.composite
def gated(draw: st.DrawFn) -> tuple[dict[str, tuple[str, ...]], dict[str, list[float]]]:
    """Up to a dozen datasets, each waiting for some of those before it, some with a past; in any order."""
    names = [f"d{number}" for number in range(draw(st.integers(1, 12)))]
    gates = {
        name: tuple(sorted(draw(st.sets(st.sampled_from(names[:place]), max_size=3)))) if place else ()
        for place, name in enumerate(names)
    }
    runs = {name: draw(st.lists(st.floats(0.1, 1000), max_size=4)) for name in names}
    return {name: gates[name] for name in draw(st.permutations(names))}, runs


@given(gated())
def test_every_dataset_has_its_place_and_comes_before_those_that_wait_for_it(
    known: tuple[dict[str, tuple[str, ...]], dict[str, list[float]]],
) -> None:
    gates, runs = known
    order = start_order(gates, runs)
    assert sorted(order) == sorted(gates)
    assert all(order.index(other) < order.index(name) for name in gates for other in gates[name])


@given(gated(), st.integers(1, 4))
def test_a_run_in_this_order_is_never_longer_than_twice_the_best(
    known: tuple[dict[str, tuple[str, ...]], dict[str, list[float]]], places: int
) -> None:
    """Graham's bound holds for any order that leaves no place empty; a wrong simulation would break it."""
    gates, _ = known
    seconds = {name: float(len(name) + place) for place, name in enumerate(gates)}
    order = start_order(gates, {name: [one] for name, one in seconds.items()})
    best = max(sum(seconds.values()) / places, *_chains(gates, seconds).values())
    assert _makespan(order, gates, seconds, places) <= 2 * best + 1e-6


def test_the_longest_comes_first_and_with_it_the_longest_chain() -> None:
    gates: dict[str, tuple[str, ...]] = {"a": (), "b": (), "c": ("a",), "d": ()}
    runs = {"a": [1.0], "b": [5.0], "c": [9.0], "d": [3.0]}
    assert start_order(gates, runs) == ("a", "c", "b", "d")
    assert _makespan(("b", "d", "a", "c"), gates, {name: own[0] for name, own in runs.items()}, 2) == 13.0
    assert _makespan(("a", "c", "b", "d"), gates, {name: own[0] for name, own in runs.items()}, 2) == 10.0


def test_what_never_ran_comes_first_and_equals_keep_their_order() -> None:
    gates: dict[str, tuple[str, ...]] = dict.fromkeys(("a", "b", "c", "d"), ())
    assert start_order(gates, {}) == ("a", "b", "c", "d")
    assert start_order(gates, {"a": [5.0], "b": [1.0], "d": [9.0, 1.0, 8.0]}) == ("c", "d", "a", "b")


def test_a_chain_of_a_thousand_is_no_trouble() -> None:
    gates = {f"d{number}": (f"d{number - 1}",) if number else () for number in reversed(range(1000))}
    assert start_order(gates, {})[0] == "d0"


def _chains(gates: Mapping[str, Sequence[str]], seconds: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    while len(found) < len(gates):
        for name, others in gates.items():
            if name not in found and all(other in found for other in others):
                found[name] = seconds[name] + max((found[other] for other in others), default=0.0)
    return found


def _makespan(
    order: Sequence[str], gates: Mapping[str, Sequence[str]], seconds: Mapping[str, float], places: int
) -> float:
    """When the last one ends, if a free place always goes to the first in `order` that need not wait."""
    now, waiting, ended = 0.0, list(order), set[str]()
    at_work: list[tuple[float, str]] = []
    while waiting or at_work:
        ready = [name for name in waiting if ended.issuperset(gates[name])]
        for name in ready[: places - len(at_work)]:
            waiting.remove(name)
            heapq.heappush(at_work, (now + seconds[name], name))
        now, name = heapq.heappop(at_work)
        ended.add(name)
    return now
