"""Something that runs beside a block of code and ends with it."""

import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio

from bulkimport.signals import ending


@asynccontextmanager
async def alongside(function: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> AsyncIterator[None]:
    """Runs `function(*args)` while the block runs and cancels it afterwards.

    An exception of either ends both and comes out as it is, not wrapped in an exception group; if both fail, the
    block's.
    """
    failure: Exception | None = None
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(function, *args)
            try:
                yield
            except Exception as error:  # noqa: BLE001 - raised again below, outside of the group
                failure = error
            group.cancel_scope.cancel()
    except ExceptionGroup as errors:
        failure = failure or errors.exceptions[0]
    if failure is not None:
        raise failure


@contextmanager
def receiving_signals() -> Iterator[AsyncIterator[signal.Signals]]:
    """The signals that would end the program; afterwards they do again what they did before."""
    before = {number: signal.getsignal(number) for number in ending()}
    try:
        with anyio.open_signal_receiver(*before) as signals:
            yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def cancel_at_signal(scope: anyio.CancelScope, received: list[int] | None = None) -> None:
    """Waits for a signal that ends the program, which meanwhile ends the scope alone; its number goes to `received`."""
    with receiving_signals() as signals:
        async for number in signals:
            if received is not None:
                received.append(int(number))
            scope.cancel()
            return
