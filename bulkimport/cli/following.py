"""`status --follow`: the progress of a run that another process carries, as its journal tells it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TextIO

import anyio

from bulkimport.alongside import alongside, cancel_at_signal
from bulkimport.clock import Clock
from bulkimport.journal import Entry, Journal, RunRecord
from bulkimport.model import RunStatus
from bulkimport.progress import Progress, open_progress
from bulkimport.refresh.events import SourceRead
from bulkimport.refresh.machine import IllegalEventError, Refresh, apply
from bulkimport.wording import printable

INTERVAL = 1.0
"""Seconds between two looks; each reads the run's row and what is new among its events."""


class _TimeOfEvents:
    """A clock that stands at the time of the event that is being told, and else goes with the real one.

    So the display shows how long a dataset has been at work, not how long somebody has been watching.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.standing_at: datetime | None = None

    def now(self) -> datetime:
        return self.standing_at or self._clock.now()

    def monotonic(self) -> float:
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class Following:
    """Looks at one run until it ends or a signal comes; the run itself is left alone."""

    def __init__(
        self,
        journal: Journal,
        run: RunRecord,
        clock: Clock,
        stream: TextIO,
        *,
        live: bool,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._journal = journal
        self._run = run
        self._clock = clock
        self._time = _TimeOfEvents(clock)
        self._stream = stream
        self._live = live
        self._redact = redact
        self._mark = 0
        self._refreshes: dict[str, Refresh] = {}

    async def until_it_ends(self) -> int | None:
        """Shows its progress; returns the signal that ended the looking, None where the run itself has ended."""
        names = [record.name for record in await self._journal.datasets(self._run.run_id)]
        received: list[int] = []
        self._time.standing_at = self._run.started_at
        with open_progress(names, stream=self._stream, clock=self._time, write=self._line, live=self._live) as progress:
            write = progress.printer or self._line
            with anyio.CancelScope() as scope:
                async with alongside(cancel_at_signal, scope, received):
                    while await self._look(progress, write):
                        await self._clock.sleep(INTERVAL)
        if not received:
            return None
        self._line(f"No longer followed; run {self._run.run_id} goes on.")
        return received[0]

    async def _look(self, progress: Progress, write: Callable[[str], None]) -> bool:
        """Tells what is new; False once the run has ended. Its state is asked first, so that its last events follow."""
        run = await self._journal.run(self._run.run_id)
        entries, self._mark = await self._journal.entries_after(self._run.run_id, self._mark)
        for entry in entries:
            self._tell(entry, progress, write)
        self._time.standing_at = None
        if run is None or run.status is not RunStatus.RUNNING:
            return False
        progress.traffic(run.requests, 0, run.throttled)
        return True

    def _tell(self, entry: Entry, progress: Progress, write: Callable[[str], None]) -> None:
        self._time.standing_at = entry.at
        before = self._refreshes.get(entry.dataset, Refresh())
        try:
            after = self._refreshes[entry.dataset] = apply(before, entry.event)
        except IllegalEventError:  # the status that follows says that the journal is damaged
            return
        if isinstance(entry.event, SourceRead):
            payload = entry.event.payload
            progress.rows(entry.dataset, payload.rows, payload.source_bytes, payload.source_bytes)
        if after.status is None:
            progress.state_changed(entry.dataset, after.state.value)
            return
        message = self._redact(after.error.message) if after.error else ""
        progress.ended(entry.dataset, after.status, message)
        if not after.status.is_success:  # in a run of our own the log says it
            write(f"{entry.at:%H:%M:%S}Z {printable(f'{entry.dataset}: {after.status}: {message}')}")

    def _line(self, text: str) -> None:
        with suppress(OSError):  # nobody reads it any more; the exit code is still worth having
            self._stream.write(f"{text}\n")
            self._stream.flush()
