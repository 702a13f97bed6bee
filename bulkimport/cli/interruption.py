"""What signals do to a run: the first lets requests in flight finish, the second ends everything at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import anyio

from bulkimport.alongside import receiving_signals
from bulkimport.log import logger
from bulkimport.progress.region import SHOW_CURSOR
from bulkimport.refresh.stop import Stop
from bulkimport.signals import exit_at_once

LONGEST_END = 10.0
"""Seconds that the end may take after the second signal; a file system that does not answer would take for ever."""


class Interruption:
    """The signals of one run. `received` is the number of the first, None before it; it halts by `stop`."""

    def __init__(self) -> None:
        self.received: int | None = None
        self.stop = Stop()
        self._scope: anyio.CancelScope | None = None

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """What is done within is cancelled by the second signal."""
        with anyio.CancelScope() as self._scope:
            yield

    async def watch(self, run_id: str) -> None:
        """Until it is cancelled, which it has to be once the run has ended."""
        giving_up: threading.Timer | None = None
        try:
            with receiving_signals() as signals:
                async for number in signals:
                    if self.received is None:
                        self.received = int(number)
                        logger().warning("run.stopping", signal=signal.Signals(number).name)
                        self.stop.halt()
                    elif giving_up is None:
                        if self._scope is not None:
                            self._scope.cancel()
                        giving_up = threading.Timer(LONGEST_END, _give_up, (self.received, run_id))
                        giving_up.daemon = True
                        giving_up.start()
        finally:
            if giving_up is not None:
                giving_up.cancel()


def _give_up(number: int, run_id: str) -> None:
    """As if killed, from which a run can always be resumed: something blocks that nobody can end."""
    if sys.stderr.isatty():
        with suppress(OSError):
            os.write(2, SHOW_CURSOR.encode())
    exit_at_once(
        number,
        f"Stopped by {signal.Signals(number).name}, without a summary: something could not be ended, such as reading"
        " from a network folder that does not answer.",
        f"`bulkimport status {run_id}` shows how far it came, and how to continue it.",
    )
