"""Where payloads are applied: in worker processes, so that the server's event loop stays free, or in a thread."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from subprocess import PIPE

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from bulkimport.sandbox.apply import ImportTask, JobOutcome, internal_error
from bulkimport.sandbox.worker import attempt, decode_outcome, encode_task
from bulkimport.sandbox.world import python_environment

_LONGEST_LINE = 4 * 1024 * 1024
_ATTEMPTS = 2


class WorkerLostError(Exception):
    """A worker process is no more; what became of its job is in the dataset's database."""


class WorkerPool:
    """At most `size` jobs are applied at once; size 0 applies one at a time in a thread of this process."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._places = anyio.CapacityLimiter(max(1, size))
        self._idle: list[_Worker] = []

    async def apply(self, task: ImportTask) -> JobOutcome:
        """Applies one payload, anew if its process dies: what was applied is found applied.

        Cancelling ends the worker process; a thread runs on, to its harmless end.
        """
        if self._size == 0:
            return await anyio.to_thread.run_sync(attempt, task, limiter=self._places, abandon_on_cancel=True)
        async with self._places:
            for _ in range(_ATTEMPTS):
                worker = self._idle.pop() if self._idle else await _Worker.start()
                try:
                    outcome = await worker.apply(task)
                except BaseException as error:
                    await worker.kill()
                    if not isinstance(error, WorkerLostError):
                        raise
                else:
                    self._idle.append(worker)
                    return outcome
        return internal_error("the process that applied the payload ended unexpectedly, more than once")

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().kill()


class _Worker:
    """One worker process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        if process.stdout is None or process.stdin is None:
            raise ValueError("a worker needs pipes")
        self._lines = BufferedByteReceiveStream(process.stdout)
        self._input = process.stdin

    @classmethod
    async def start(cls) -> "_Worker":
        command = [sys.executable, "-P", "-m", "bulkimport.sandbox.worker"]
        return cls(await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=None, env=python_environment()))

    async def apply(self, task: ImportTask) -> JobOutcome:
        try:
            await self._input.send(encode_task(task))
            return decode_outcome(await self._lines.receive_until(b"\n", _LONGEST_LINE))
        except (anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise WorkerLostError from error

    async def kill(self) -> None:
        with anyio.CancelScope(shield=True):
            if self._process.returncode is None:
                self._process.kill()
            await self._process.aclose()


@asynccontextmanager
async def worker_pool(size: int) -> AsyncIterator[WorkerPool]:
    """A pool whose processes end with the block."""
    pool = WorkerPool(size)
    try:
        yield pool
    finally:
        with anyio.CancelScope(shield=True):
            await pool.close()
