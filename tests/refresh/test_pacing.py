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


def test_jobs_that_were_submitted_together_are_not_looked_at_together() -> None:
    first, second = (list(islice(poll_delays(Poll(), Random(seed)), 6)) for seed in (1, 2))
    assert all(one != other for one, other in zip(first, second, strict=True))
