from datetime import UTC, date, datetime

import anyio
import pytest

from bulkimport.errors import TenantError
from bulkimport.limiter.quota import BLOCK, DayQuota, RunCount
from tests.support.clock import FakeClock

TODAY = date(2026, 11, 23)


class KeptCount(RunCount):
    """A day count that remembers how it was written to, and can be slow."""

    def __init__(self, start: int = 0, seconds: float = 0.0) -> None:
        super().__init__()
        self._counts[TODAY] = start
        self.written: list[int] = []
        self._seconds = seconds

    async def add(self, day: date, n: int) -> int:
        await anyio.sleep(self._seconds)
        self.written.append(n)
        return await super().add(day, n)

    def of(self, day: date) -> int:
        return self._counts[day]


async def spend(quota: DayQuota, n: int) -> None:
    for _ in range(n):
        await quota.reserve()
        quota.spend()


async def test_requests_are_reserved_in_blocks_and_the_rest_is_given_back() -> None:
    count = KeptCount()
    quota = DayQuota(1000, count, FakeClock())
    await spend(quota, BLOCK + 3)
    assert count.written == [BLOCK, BLOCK]
    await quota.release()
    assert count.of(TODAY) == BLOCK + 3


async def test_exactly_the_quota_can_be_spent() -> None:
    count = KeptCount()
    quota = DayQuota(BLOCK + 7, count, FakeClock())
    await spend(quota, BLOCK + 7)
    with pytest.raises(TenantError):
        await quota.reserve()
    assert count.of(TODAY) == BLOCK + 7


async def test_what_earlier_runs_sent_today_counts() -> None:
    quota = DayQuota(100, KeptCount(start=98), FakeClock())
    await spend(quota, 2)
    with pytest.raises(TenantError) as caught:
        await quota.reserve()
    assert caught.value.code == "42902"
    assert "2026-11-24 00:00 UTC" in caught.value.hint


async def test_processes_that_die_one_after_the_other_do_not_pass_the_quota() -> None:
    count = KeptCount()
    for _ in range(2):  # neither gives back what it has not spent
        await spend(DayQuota(4 * BLOCK, count, FakeClock()), BLOCK + 1)
    with pytest.raises(TenantError):
        await spend(DayQuota(4 * BLOCK, count, FakeClock()), 1)
    assert count.of(TODAY) == 4 * BLOCK


async def test_once_used_up_the_count_is_left_alone() -> None:
    count = KeptCount(start=100)
    quota = DayQuota(100, count, FakeClock())
    for _ in range(3):
        with pytest.raises(TenantError):
            await quota.reserve()
    assert count.written == [BLOCK, -BLOCK]
    assert count.of(TODAY) == 100


async def test_a_new_day_has_a_new_quota() -> None:
    clock = FakeClock(datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC))
    count = KeptCount(start=100)
    quota = DayQuota(100, count, clock)
    with pytest.raises(TenantError):
        await quota.reserve()
    clock.advance(1.0)
    await spend(quota, 1)
    await quota.release()
    assert count.of(date(2026, 11, 24)) == 1


async def test_when_the_service_says_so_the_quota_is_used_up_whatever_the_count_says() -> None:
    quota = DayQuota(100, KeptCount(), FakeClock())
    await spend(quota, 1)
    quota.exhaust()
    with pytest.raises(TenantError):
        await quota.reserve()


async def test_a_reservation_that_is_cancelled_is_not_lost() -> None:
    count = KeptCount(seconds=0.001)
    quota = DayQuota(1000, count, FakeClock())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await quota.reserve()
    await quota.release()
    assert count.of(TODAY) == 0


async def test_what_is_left_of_the_day_is_known_from_the_first_reservation_on() -> None:
    quota = DayQuota(BLOCK + 20, KeptCount(start=10), FakeClock())
    assert quota.left is None
    await spend(quota, 3)
    assert quota.left == BLOCK + 7
    await spend(quota, BLOCK + 7)
    assert quota.left == 0
    quota.exhaust()
    assert quota.left == 0
