import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import START, FakeClock


@given(st.lists(st.floats(0.001, 1e6), max_size=20))
async def test_sleepers_wake_in_the_order_of_their_ends_at_exactly_their_time(sleeps: list[float]) -> None:
    clock = FakeClock()
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        assert clock.monotonic() == seconds
        woken.append(seconds)

    await asyncio.gather(*map(sleep, sleeps))
    assert woken == sorted(sleeps)


async def test_a_cancelled_sleep_moves_no_time() -> None:
    clock = FakeClock()
    sleeping = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    await clock.sleep(1)
    assert clock.monotonic() == 1
    assert clock.now() == START + timedelta(seconds=1)


async def test_the_smallest_sleep_moves_time() -> None:
    clock = FakeClock()
    clock.advance(1e9)
    await clock.sleep(1e-12)
    assert clock.monotonic() > 1e9
