"""Work on file systems that block, each in its own way: watched, given up when silent, and tried again.

It is done in threads. One that is given up is left alone: nothing can end it, but the process that it is in will.
"""

import errno
from collections.abc import Callable
from random import Random
from typing import TypeVar

import anyio
import anyio.to_thread

from bulkimport.clock import Clock
from bulkimport.errors import BulkimportError
from bulkimport.model import RemoteSource
from bulkimport.retry import RetryPolicy, Wait
from bulkimport.sources.answers import TransferError
from bulkimport.sources.filesystems import SILENCE, file_system_error_of

ATTEMPTS = 4
MAX_WAIT = 30.0

T = TypeVar("T")
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Patience:
    """How long and how often the file systems of one source are waited for. `name` is what was last waited for."""

    def __init__(self, source: RemoteSource, clock: Clock, rng: Random) -> None:
        self._options = source.options
        self._silence = min(SILENCE, source.timeout)
        self._policy = RetryPolicy(ATTEMPTS, MAX_WAIT, source.timeout)
        self._clock = clock
        self._rng = rng
        self._signs = 0
        self._last: TransferError | None = None
        self.name = ""

    def renewed(self) -> None:
        """There was a sign of life; called in the thread of the work."""
        self._signs += 1

    async def performed(self, work: Callable[[], T], name: str) -> T:
        """What `work` gives, tried again where that may help. Raises SourceError; OSError for a full disk."""
        self.name = name
        start, attempt = self._clock.monotonic(), 0
        while True:
            attempt += 1
            outcome = await self._attempt(work)
            if not isinstance(outcome, Exception):
                return outcome
            self._last = failed = await anyio.to_thread.run_sync(self._judged, outcome)
            if not failed.is_transient:
                raise failed.error()
            elapsed = self._clock.monotonic() - start
            decision = self._policy.decide(attempt=attempt, elapsed=elapsed, retry_after=None, rng=self._rng)
            if not isinstance(decision, Wait):
                raise failed.error(f" Given up, as {decision.reason}.")
            await self._clock.sleep(decision.delay)

    @property
    def trouble(self) -> str:
        """What went wrong last, as the end of a sentence; nothing if nothing did."""
        return "" if self._last is None else f"; before that, {self._last.message}"

    async def _attempt(self, work: Callable[[], T]) -> T | Exception:
        outcome: T | Exception = TransferError(f"{self.name} was silent for {self._silence:g} s", is_transient=True)

        def done() -> T | Exception:
            try:
                return work()
            except Exception as error:  # noqa: BLE001 - file systems of any library raise anything; judged by the caller
                return error

        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, group.cancel_scope)
            outcome = await anyio.to_thread.run_sync(done, abandon_on_cancel=True)
            group.cancel_scope.cancel()
        return outcome

    async def _watch(self, scope: anyio.CancelScope) -> None:
        """Network time, so not `Clock`'s."""
        seen = -1
        while seen != self._signs:
            seen = self._signs
            await anyio.sleep(self._silence)
        scope.cancel()

    def _judged(self, error: Exception) -> TransferError:
        if isinstance(error, TransferError):
            return error
        if isinstance(error, BulkimportError) or (isinstance(error, OSError) and error.errno in _DISK_IS_FULL):
            raise error
        return file_system_error_of(error, self.name, self._options)
