"""The tenant's limits: the arithmetic, and what the service answers."""

from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import Limits
from bulkimport.sandbox.limits import Meter
from tests.support.sandbox import calling, faults, quick_options


@given(st.lists(st.floats(0, 0.5), max_size=60), st.integers(1, 10))
def test_no_sliding_second_lets_more_in_than_the_rate(gaps: list[float], rate: int) -> None:
    meter, now, accepted, seen = Meter(Limits(rate, 1000)), 0.0, [], []
    for gap in gaps:
        now += gap
        seen.append(now)
        if meter.arrive(now):
            accepted.append(now)
    for moment in seen:
        assert sum(0 <= moment - time < 1 for time in accepted) <= rate
    stats = meter.stats()
    assert stats.throttled == len(seen) - len(accepted)
    assert stats.peak_per_second == max((sum(0 <= a - b < 1 for b in seen) for a in seen), default=0)


def test_requests_at_once_are_limited() -> None:
    meter = Meter(Limits(1000, 2))
    assert [meter.arrive(0), meter.arrive(0), meter.arrive(0)] == [True, True, False]
    meter.leave()
    assert meter.arrive(0)
    assert meter.stats().peak_concurrency == 2


async def test_too_many_in_a_second_are_throttled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them come in one instant, however long they take."""
    options = quick_options(tmp_path, limits=Limits(requests_per_second=2), retry_after=1)
    arrive = Meter.arrive
    monkeypatch.setattr(Meter, "arrive", lambda meter, now: arrive(meter, 1.0))
    async with calling(options) as (sandbox, caller):
        replies = [await caller.api("GET", "datasets") for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert replies[2].json()["errors"][0]["code"] == "42901"
        assert replies[2].headers["Retry-After"] == "1"
        assert (sandbox.stats().peak_per_second, sandbox.stats().throttled) == (3, 1)
        assert (await caller.send("GET", f"{sandbox.storage_url}/x")).status == 403


async def test_too_many_at_once_are_throttled(tmp_path: Path) -> None:
    plan = faults({"match": {"step": "list", "nth": 1}, "action": {"stall": 1000}})
    options = quick_options(tmp_path, limits=Limits(concurrent_requests=1), faults=plan)
    async with calling(options) as (sandbox, caller), anyio.create_task_group() as tasks:
        tasks.start_soon(caller.api, "GET", "datasets")
        with anyio.fail_after(60):
            while not sandbox.requests:
                await anyio.sleep(0.005)
        reply = await caller.api("GET", "datasets")
        assert (reply.status, "Retry-After" in reply.headers) == (429, False)
        tasks.cancel_scope.cancel()


async def test_the_quota_of_the_day_outlives_the_server(tmp_path: Path) -> None:
    options = quick_options(tmp_path, limits=Limits(requests_per_day=2))
    async with calling(options) as (_, caller):
        assert (await caller.api("GET", "datasets")).status == 200
    async with calling(options) as (_, caller):
        assert (await caller.api("GET", "datasets")).status == 200
        reply = await caller.api("GET", "datasets")
        assert (reply.status, reply.json()["errors"][0]["code"]) == (429, "42902")
        other = f"{caller.address.base_url}/api/v1/OTHER/datasets"
        assert (await caller.send("GET", other, None, {"Authorization": "Bearer x"})).status == 200
