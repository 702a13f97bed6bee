import math

from hypothesis import given
from hypothesis import strategies as st

from bulkimport.limiter.slots import SETTLING, TRANSIT, WINDOW, Pace, Pool, Slots


def drain(slots: Slots, now: float) -> int:
    """Sends as much as may be sent now."""
    sent = 0
    while slots.available_at(now) == now:
        slots.take()
        sent += 1
    return sent


def test_the_rate_is_available_at_once() -> None:
    assert drain(Slots(100, 1000), 0.0) == 100


def test_concurrency_bounds_what_is_open_at_once() -> None:
    slots = Slots(100, 7)
    assert drain(slots, 0.0) == 7
    assert slots.in_flight == 7
    assert slots.available_at(0.0) is None


def test_a_slot_returns_a_window_after_the_answer_not_after_the_sending() -> None:
    slots = Slots(1, 10)
    slots.take()
    assert slots.available_at(5.0) is None
    slots.answered(5.0)
    slots.finished(5.0)
    assert slots.available_at(5.5) == 5.0 + WINDOW


def test_a_finished_answer_makes_room_for_another_at_once() -> None:
    slots = Slots(100, 1)
    slots.take()
    slots.answered(1.0)
    assert slots.available_at(1.0) is None
    slots.finished(2.0)
    assert slots.available_at(2.0) == 2.0 + SETTLING


def test_an_abandoned_request_may_still_arrive_and_keeps_its_slots_until_that_is_over() -> None:
    slots = Slots(1, 10)
    slots.take()
    slots.abandoned(3.0, answered=False)
    assert slots.available_at(3.0) == 3.0 + TRANSIT + WINDOW
    assert slots.in_flight == 0


def test_an_answer_cut_short_keeps_the_request_open_for_a_while() -> None:
    slots = Slots(100, 1)
    slots.take()
    slots.answered(2.9)
    slots.abandoned(3.0, answered=True)
    assert slots.available_at(3.0) == 3.0 + TRANSIT


def test_a_pause_stops_everyone_until_it_ends() -> None:
    slots = Slots(10, 10)
    assert slots.pause(1.0, 30.0)
    assert slots.available_at(1.0) == 31.0
    assert drain(slots, 31.0) == 10


def test_a_shorter_pause_does_not_cut_a_longer_one_short() -> None:
    slots = Slots(10, 10)
    slots.pause(0.0, 30.0)
    assert not slots.pause(1.0, 2.0)
    assert slots.available_at(1.0) == 30.0


def test_a_burst_of_throttled_answers_is_one_pause_and_halves_the_pace_once() -> None:
    slots = Slots(100, 50)
    news = [slots.throttled(0.001 * i, 1.0) for i in range(50)]
    assert news == [True] + [False] * 49
    assert slots.pace(1.0) == 50


def test_throttling_again_after_the_pause_halves_the_pace_again_but_never_to_nothing() -> None:
    slots = Slots(8, 50)
    paces = []
    for i in range(6):
        slots.throttled(float(i), 1.0)
        paces.append(slots.pace(float(i)))
    assert paces == [4, 2, 1, 1, 1, 1]


def test_the_pace_grows_back_steadily_after_the_pause() -> None:
    pace = Pace(100)
    pace.lower(0.0, 2.0)
    assert [pace.slots(t) for t in (0.0, 2.0, 3.0, 7.0, 12.0, 100.0)] == [50, 50, 55, 75, 100, 100]
    assert pace.grows_at(100.0) is None


@given(st.integers(1, 200), st.floats(0, 1e6), st.floats(0, 100))
def test_growth_is_always_ahead_and_always_comes(rate: int, start: float, after: float) -> None:
    pace = Pace(rate)
    pace.lower(start, start)
    now = start + after
    at = pace.grows_at(now)
    if at is None:
        assert pace.slots(now) == rate
    else:
        assert at > now
        assert pace.slots(at + 0.001) > pace.slots(now)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.floats(0, 12), st.integers(1, 40))
def test_a_pool_tells_exactly_when_there_is_room(returns: list[float], now: float, size: int) -> None:
    pool = Pool()
    for _ in returns:
        pool.take()
    for at in returns:
        pool.let_go(at)
    free_at = pool.free_at(now, size)
    assert free_at is not None
    out_then = sum(at > free_at for at in returns)
    assert out_then < size
    if free_at > now:
        out_before = sum(at > math.nextafter(free_at, 0.0) for at in returns)
        assert out_before >= size
