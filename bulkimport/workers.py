"""Where work that would hold up the event loop is done: small work in a thread, large work in a process of its own.

Row encoding holds the interpreter lock, so threads would only share one core; a process costs its start-up and its
memory, which a small source does not repay.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

import anyio.to_process
import anyio.to_thread

from bulkimport.errors import StateError

T = TypeVar("T")

SMALL = 512 * 1024
"""Bytes of input up to which a thread is used."""

MAX_PROCESSES = 4
MAX_WAITING = 8
"""Worker processes at once for rows that come from elsewhere: they wait for others most of their time."""

_PR_SET_PDEATHSIG = 1


class Workers:
    """A bounded number of worker processes, started when first needed, and as many threads for small work."""

    def __init__(self, processes: int | None = None) -> None:
        count = processes or max(1, min(MAX_PROCESSES, os.cpu_count() or 1))
        self._processes = anyio.CapacityLimiter(count)
        self._threads = anyio.CapacityLimiter(count)
        self._waiting = anyio.CapacityLimiter(MAX_WAITING)

    async def run(self, function: Callable[..., T], *args: Any, size: int | None) -> T:
        """`function(*args)` off the event loop; its result or its exception.

        Function, arguments, result and exception must pickle. `size` is the input in bytes, None if it is not on this
        machine yet. A process is killed when the caller is cancelled; small work is waited for. Raises StateError when
        a worker process dies.
        """
        if size is not None and size <= SMALL:
            return await anyio.to_thread.run_sync(lambda: function(*args), limiter=self._threads)
        try:
            limiter = self._waiting if size is None else self._processes
            return await anyio.to_process.run_sync(
                _undisturbed, os.getpid(), function, args, cancellable=True, limiter=limiter
            )
        # anyio lets the second through where the process dies while it starts.
        except (anyio.BrokenWorkerProcess, ProcessLookupError) as error:
            raise StateError(
                "A worker process died while it worked on this dataset; its work is lost.",
                hint="Often the machine was out of memory: look at the system log, then run this dataset again.",
            ) from error


_NICER = 3
"""By how much a worker process gives way. On two busy cores the event loop then gets its turn a third more often."""


def _undisturbed(parent: int, function: Callable[..., T], args: tuple[Any, ...]) -> T:
    """Runs in the worker process: Ctrl-C in a terminal and the SIGTERM of a service manager reach every process of the
    group, but only the parent decides what ends; it ends a worker with SIGKILL or by closing its input. A parent that
    is killed takes its workers with it, and thereby whatever they are waiting for."""
    sys.modules.setdefault("__main__", ModuleType("__main__"))  # there is none where the parent's is no file
    if threading.current_thread() is threading.main_thread():
        _give_way()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died just before
            os.kill(os.getpid(), signal.SIGKILL)
    return function(*args)


@cache
def _give_way() -> None:
    """Once in the life of a worker process: the event loop has deadlines to keep, row encoding has none."""
    os.nice(_NICER)
