import anyio
import pytest
from anyio.lowlevel import checkpoint

from bulkimport.places import Places


async def test_a_free_place_goes_to_the_lowest_rank_that_waits() -> None:
    places = Places(1)
    served: list[int] = []

    async def work(rank: int) -> None:
        await places.acquire(rank)
        served.append(rank)
        await checkpoint()
        places.release()

    await places.acquire(0)
    async with anyio.create_task_group() as tasks:
        for rank in (5, 2, 9, 2, 1):
            tasks.start_soon(work, rank)
        await anyio.wait_all_tasks_blocked()
        places.release()
    assert served == [1, 2, 2, 5, 9]


@pytest.mark.parametrize("handed_over", [False, True])
async def test_who_gives_up_takes_no_place_along(handed_over: bool) -> None:
    places = Places(1)

    async def work() -> None:
        await places.acquire(1)
        try:
            await anyio.sleep_forever()
        finally:
            places.release()

    await places.acquire(0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        await anyio.wait_all_tasks_blocked()
        if handed_over:
            places.release()
        tasks.cancel_scope.cancel()
    if not handed_over:
        places.release()
    with anyio.fail_after(60):
        await places.acquire(2)


async def test_no_more_than_there_are() -> None:
    places = Places(3)
    for rank in range(3):
        await places.acquire(rank)
    with anyio.move_on_after(0) as scope:
        await places.acquire(0)
    assert scope.cancelled_caught
