import asyncio
import math
from dataclasses import dataclass, field
from random import Random

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkimport.errors import TenantError
from bulkimport.limiter import Limiter
from bulkimport.limiter.limiter import LONGEST_PAUSE
from bulkimport.limiter.slots import TRANSIT
from bulkimport.model import Limits
from tests.support.clock import FakeClock


@dataclass
class Server:
    """Counts as a server does: each request at its arrival, open until its answer is written.

    A request cancelled on our side may still be on its way, or be worked on, for up to `TRANSIT`.
    """

    clock: FakeClock
    visits: list[tuple[float, float]] = field(default_factory=list)

    async def answer(self, there: float, work: float) -> None:
        sent = self.clock.monotonic()
        noticed = math.inf
        try:
            await self.clock.sleep(there + work)
        except asyncio.CancelledError:
            noticed = self.clock.monotonic() + TRANSIT
            raise
        finally:
            arrival = min(sent + there, noticed)
            self.visits.append((arrival, min(arrival + work, noticed)))

    def most_in_a_second(self) -> int:
        times = sorted(arrival for arrival, _ in self.visits)
        return max((sum(t <= later <= t + 1.0 for later in times[i:]) for i, t in enumerate(times)), default=0)

    def most_open(self) -> int:
        return max((sum(start <= at < end for start, end in self.visits) for at, _ in self.visits), default=0)


@dataclass(frozen=True)
class Trip:
    """One request: seconds until it is sent off, on the way there, worked on, on the way back, reading its body."""

    start: float
    there: float
    work: float
    back: float
    body: float
    cancelled_after: float | None = None


async def travel(limiter: Limiter, server: Server, clock: FakeClock, trip: Trip) -> None:
    async with limiter.permit() as permit:
        await server.answer(trip.there, trip.work)
        await clock.sleep(trip.back)
        permit.answered()
        await clock.sleep(trip.body)


async def send(limiter: Limiter, server: Server, clock: FakeClock, trip: Trip) -> None:
    await clock.sleep(trip.start)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(travel, limiter, server, clock, trip)
        if trip.cancelled_after is not None:
            await clock.sleep(trip.cancelled_after)
            tasks.cancel_scope.cancel()


seconds = st.floats(0.0, 2.0).map(lambda s: round(s, 3))
trips = st.lists(
    st.builds(Trip, seconds, seconds, seconds, seconds, seconds, st.none() | seconds), min_size=1, max_size=40
)


@settings(max_examples=150)
@given(trips, st.integers(1, 12), st.integers(1, 4))
async def test_the_server_never_sees_more_than_the_limits(sent: list[Trip], rate: int, concurrency: int) -> None:
    clock = FakeClock()
    server = Server(clock)
    limiter = Limiter(Limits(rate, concurrency), clock)
    async with anyio.create_task_group() as tasks:
        for trip in sent:
            tasks.start_soon(send, limiter, server, clock, trip)
    assert server.most_in_a_second() <= rate
    assert server.most_open() <= concurrency
    assert limiter.stats.in_flight == limiter.stats.waiting == 0
    # Nothing was lost on the way: a while later the whole rate is there again.
    await clock.sleep(3.0)
    before = clock.monotonic()
    for _ in range(min(rate, concurrency)):
        await limiter.permit().__aenter__()
    assert clock.monotonic() == before


@given(st.integers(2, 30), st.integers(1, 4), st.sets(st.integers(0, 29)), st.integers(0, 2**32))
async def test_first_come_first_served_whoever_is_cancelled(n: int, rate: int, cancelled: set[int], seed: int) -> None:
    clock = FakeClock()
    rng = Random(seed)
    limiter = Limiter(Limits(rate, 50), clock)
    served: list[int] = []

    async def one(number: int) -> None:
        async with limiter.permit() as permit:
            served.append(number)
            permit.answered()

    waiting = [asyncio.create_task(one(number)) for number in range(n)]
    await asyncio.sleep(0)
    await clock.sleep(rng.uniform(0.0, 3.0))
    for number in cancelled:
        if number < n:
            waiting[number].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert served == sorted(served)
    assert {*range(n)} - {*served} <= cancelled


async def test_saturated_and_near_the_server_it_keeps_up_the_rate() -> None:
    clock = FakeClock()
    limiter = Limiter(Limits(100, 50), clock)

    async def worker() -> None:
        while clock.monotonic() < 20.0:
            async with limiter.permit() as permit:
                await clock.sleep(0.001)
                permit.answered()

    async with anyio.create_task_group() as tasks:
        for _ in range(60):
            tasks.start_soon(worker)
    assert limiter.stats.total / clock.monotonic() >= 95


async def test_a_cancelled_request_frees_its_place_only_a_second_later() -> None:
    clock = FakeClock()
    limiter = Limiter(Limits(1, 1), clock)
    with anyio.CancelScope() as scope:
        async with limiter.permit():
            scope.cancel()
            await anyio.sleep_forever()
    async with limiter.permit():
        assert clock.monotonic() > 1.0


async def test_throttling_pauses_everyone_for_as_long_as_the_service_asks() -> None:
    clock = FakeClock()
    events: list[tuple[str, dict[str, object]]] = []
    limiter = Limiter(Limits(10, 10), clock, event_sink=lambda event, /, **fields: events.append((event, fields)))
    limiter.throttled(7.0)
    limiter.throttled(7.0)
    async with limiter.permit() as permit:
        permit.answered()
    assert clock.monotonic() >= 7.0
    assert events == [("limiter.paused", {"seconds": 7.0, "reason": "throttled", "pace": 5})]
    assert (limiter.stats.throttled, limiter.stats.pauses) == (2, 1)


async def test_throttling_without_advice_is_a_short_pause() -> None:
    clock = FakeClock()
    limiter = Limiter(Limits(10, 10), clock, rng=Random(1))
    limiter.throttled()
    async with limiter.permit():
        assert 0.25 <= clock.monotonic() <= 1.0


async def test_a_pause_is_never_longer_than_its_bound() -> None:
    clock = FakeClock()
    limiter = Limiter(Limits(10, 10), clock)
    limiter.pause(1e9, "unavailable")
    async with limiter.permit():
        assert clock.monotonic() == pytest.approx(LONGEST_PAUSE)


async def test_while_throttled_fewer_slots_are_used_and_in_time_all_again() -> None:
    clock = FakeClock()
    limiter = Limiter(Limits(40, 40), clock)
    limiter.throttled(1.0)
    assert limiter.stats.pace == 20
    await clock.sleep(30.0)
    assert limiter.stats.pace == 40


async def test_a_used_up_quota_reaches_everyone_who_waits() -> None:
    clock = FakeClock()
    limiter = Limiter(Limits(1, 50), clock)
    outcomes: list[str | None] = []

    async def one() -> None:
        try:
            async with limiter.permit() as permit:
                limiter.quota_exceeded()
                permit.answered()
        except TenantError as error:
            outcomes.append(error.code)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(one)
    assert outcomes == ["42902"] * 4


async def test_a_permit_that_never_heard_an_answer_is_an_abandoned_request() -> None:
    clock = FakeClock()
    limiter = Limiter(Limits(100, 1), clock)
    with pytest.raises(RuntimeError):
        async with limiter.permit():
            raise RuntimeError
    async with limiter.permit():
        assert clock.monotonic() >= TRANSIT


async def test_what_was_reserved_for_the_day_and_not_sent_is_given_back() -> None:
    clock = FakeClock()
    limiter = Limiter(Limits(100, 50, requests_per_day=3), clock)
    for _ in range(2):
        async with limiter.permit() as permit:
            permit.answered()
    await limiter.release()
    async with limiter.permit() as permit:
        permit.answered()
    with pytest.raises(TenantError):
        await limiter.permit().__aenter__()


async def test_waiting_is_told_once_and_its_end_however_it_ends() -> None:
    told: list[bool] = []
    clock = FakeClock()
    limiter = Limiter(Limits(concurrent_requests=1), clock, on_wait=told.append)
    async with limiter.permit() as permit:
        assert told == []  # the first need not wait
        permit.answered()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(limiter._admit)
            tasks.start_soon(limiter._admit)
            await anyio.wait_all_tasks_blocked()
            assert told == [True, True]
            tasks.cancel_scope.cancel()
    assert told == [True, True, False, False]
    assert limiter.stats.left_today == Limits().requests_per_day - 1
