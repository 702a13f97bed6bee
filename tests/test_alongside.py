import os
import signal

import anyio
import pytest

from bulkimport.alongside import alongside, receiving_signals


async def test_it_runs_beside_the_block_and_ends_with_it() -> None:
    ticks: list[str] = []

    async def tick(name: str) -> None:
        while True:
            ticks.append(name)
            await anyio.sleep(0)

    async with alongside(tick, "t"):
        for _ in range(10):
            await anyio.sleep(0)
    count = len(ticks)
    await anyio.sleep(0.001)
    assert count > 3
    assert len(ticks) == count


async def test_an_error_of_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError, match="block"):
        async with alongside(anyio.sleep_forever):
            raise KeyError("block")


async def test_an_error_of_the_function_ends_the_block_and_comes_out_as_it_is() -> None:
    async def fail() -> None:
        raise KeyError("function")

    with anyio.fail_after(60), pytest.raises(KeyError, match="function"):
        async with alongside(fail):
            await anyio.sleep_forever()


async def test_the_blocks_own_error_counts_for_more() -> None:
    async def fail_at_the_end() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise KeyError("function")

    async def both() -> None:
        async with alongside(fail_at_the_end):
            await anyio.sleep(0)
            raise ValueError("block")

    with pytest.raises(ValueError, match="block"):
        await both()


async def test_a_function_that_ends_early_does_not_end_the_block() -> None:
    async with alongside(anyio.sleep, 0):
        for _ in range(5):
            await anyio.sleep(0)


async def test_the_cancellation_of_the_caller_reaches_both() -> None:
    ended: list[str] = []

    async def note() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("function")

    with anyio.CancelScope() as scope:
        async with alongside(note):
            await anyio.sleep(0)
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert ended == ["function"]


async def test_signals_that_were_received_do_afterwards_what_they_did_before() -> None:
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    originally = {number: signal.signal(number, lambda number, _: came.append(number)) for number in numbers}
    try:
        with anyio.fail_after(60), receiving_signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            async for number in signals:
                assert number is signal.SIGHUP
                break
        assert came == []
        for number in numbers:
            os.kill(os.getpid(), number)
        assert came == list(numbers)
    finally:
        for number, handler in originally.items():
            signal.signal(number, handler)
