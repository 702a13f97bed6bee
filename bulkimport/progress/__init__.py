"""Progress of a run while it runs, on stderr.

with open_progress(names, stream=sys.stderr, clock=clock, write=output.line, live=True) as progress:
    output.print_through(progress.printer)
"""

import os
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self, TextIO

from bulkimport.clock import Clock
from bulkimport.model import DatasetStatus
from bulkimport.progress.plain import PlainProgress, SilentProgress
from bulkimport.progress.terminal import TerminalProgress

__all__ = ["PlainProgress", "Progress", "SilentProgress", "TerminalProgress", "open_progress"]


class Progress(Protocol):
    """Fed by a run. No method blocks or raises; names and messages may be anything and are made harmless."""

    @property
    def printer(self) -> Callable[[str], None] | None:
        """How others print a line while this is open; None where they simply may."""
        ...

    def state_changed(self, name: str, state: str, detail: str = "") -> None:
        """`state` as the refresh calls it (`reading`, `uploading`, …); `detail` says more for people."""

    def rows(self, name: str, rows: int, source_bytes: int, total_source_bytes: int) -> None:
        """So many rows, and bytes of its files, of a source were read so far."""

    def uploaded(self, name: str, sent: int, total: int) -> None:
        """So many of the payload's bytes were sent so far."""

    def polled(self, name: str, count: int, job_status: str) -> None:
        """The job was looked at for the `count`th time, and this is what it said."""

    def waiting(self, name: str, reason: str) -> None:
        """What the dataset waits for: others that it depends on, a free place, an upload slot, another run."""

    def limited(self, name: str, *, waits: bool) -> None:
        """A request of the dataset begins to wait for the limiter's permission, or no longer waits."""

    def ended(self, name: str, status: DatasetStatus, message: str = "") -> None:
        """The dataset is through; `message` says why, where it did not succeed."""

    def traffic(
        self, requests: int, in_flight: int, throttled: int, waiting: int = 0, left_today: int | None = None
    ) -> None:
        """HTTP requests of the run so far, those under way, answered 429, and waiting for the limiter; and how many
        the tenant may still send today."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_progress(
    names: Sequence[str],
    *,
    stream: TextIO,
    clock: Clock,
    write: Callable[[str], None],
    live: bool,
    environ: Mapping[str, str] | None = None,
) -> Progress:
    """Live progress if `live` is wanted and `stream` is a terminal that can move its cursor, else plain lines through
    `write`. `names` are the run's datasets in their order."""
    environ = os.environ if environ is None else environ
    if live and stream.isatty() and environ.get("TERM") != "dumb":
        return TerminalProgress(names, stream, clock)
    return PlainProgress(write, clock)
