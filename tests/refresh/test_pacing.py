from itertools import islice
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import Poll
from bulkimport.refresh.pacing import poll_delays


@given(initial=st.floats(0.001, 60), most=st.floats(0.001, 300), seed=st.integers())
def test_delays_start_near_the_initial_one_grow_and_never_exceed_the_longest(
    initial: float, most: float, seed: int
) -> None:
    delays = list(islice(poll_delays(Poll(initial, most, 1800), Random(seed)), 40))
    assert min(most, initial * 0.9) <= delays[0] <= min(most, initial * 1.1)
    assert all(0 < delay <= most for delay in delays)
    assert min(delays[-5:]) >= 0.9 * most or initial > most


@given(first=st.floats(0.25, 60), seed=st.integers())
def test_a_first_look_at_a_known_time_is_followed_by_close_ones(first: float, seed: int) -> None:
    poll = Poll(1.0, 30.0, 1800)
    delays = list(islice(poll_delays(poll, Random(seed), first), 40))
    assert min(30.0, first * 0.9) <= delays[0] <= min(30.0, first * 1.1)
    assert delays[1] <= min(1.0, first / 10) * 1.1
    assert all(0 < delay <= poll.max for delay in delays)
    assert min(delays[-5:]) >= 0.9 * poll.max


def test_jobs_that_were_submitted_together_are_not_looked_at_together() -> None:
    first, second = (list(islice(poll_delays(Poll(), Random(seed)), 6)) for seed in (1, 2))
    assert all(one != other for one, other in zip(first, second, strict=True))
