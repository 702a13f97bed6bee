"""Live progress on a terminal: one line a dataset and one for the run, never more than the screen has."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Self, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bulkimport.clock import Clock
from bulkimport.model import DatasetStatus
from bulkimport.progress.board import PENDING, Board, DatasetProgress, Traffic
from bulkimport.wording import duration, printable

REFRESHES_PER_SECOND = 4
_LONGEST_NAME = 32


class TerminalProgress:
    """Takes progress in without any I/O, so it may be fed from an event loop; a thread of its own draws."""

    def __init__(self, names: Sequence[str], stream: TextIO, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._board = Board(names, clock.monotonic())
        self._console = _LastingConsole(file=cast("IO[str]", _LastingStream(stream)), highlight=False, markup=False)
        self._live = Live(
            get_renderable=lambda: self,
            console=self._console,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,  # the summary follows in its place
            redirect_stdout=False,  # stdout carries the result alone
            redirect_stderr=False,
        )

    @property
    def printer(self) -> Callable[[str], None]:
        """Prints a line (colour codes allowed) above the live ones, where it stays."""
        return self._print_line

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._live.stop()
        finally:
            self._console.show_cursor(True)

    def state_changed(self, name: str, state: str, detail: str = "") -> None:
        with self._lock:
            self._board.state_changed(name, state, printable(detail), self._clock.monotonic())

    def rows(self, name: str, rows: int, source_bytes: int, total_source_bytes: int) -> None:
        with self._lock:
            self._board.advanced(name, source_bytes, total_source_bytes, self._clock.monotonic(), rows=rows)

    def uploaded(self, name: str, sent: int, total: int) -> None:
        with self._lock:
            self._board.advanced(name, sent, total, self._clock.monotonic())

    def polled(self, name: str, count: int, job_status: str) -> None:
        with self._lock:
            self._board.polled(name, count, printable(job_status))

    def waiting(self, name: str, reason: str) -> None:
        with self._lock:
            self._board.of(name).detail = printable(reason)

    def ended(self, name: str, status: DatasetStatus, message: str = "") -> None:
        with self._lock:
            self._board.ended(name, status, printable(message), self._clock.monotonic())

    def traffic(self, requests: int, in_flight: int, throttled: int, waiting: int = 0) -> None:
        with self._lock:
            self._board.traffic = Traffic(requests, in_flight, throttled, waiting)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = self._clock.monotonic()
        with self._lock:
            places = max(0, options.size.height - 2)  # one for the run, one for the cursor below
            datasets, others = self._board.choose(places)
            lines: list[Table | Text] = [_table(datasets, now)] if datasets else []
            lines += [Text(others, style="dim", no_wrap=True, overflow="ellipsis")] if others and places else []
            lines.append(Text(self._board.run_line(now), no_wrap=True, overflow="ellipsis"))
        yield from lines

    def _print_line(self, text: str) -> None:
        self._console.print(Text.from_ansi(text), soft_wrap=True)


def _table(datasets: Sequence[DatasetProgress], now: float) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=_LONGEST_NAME)
    table.add_column(no_wrap=True, overflow="ellipsis", min_width=len("collecting"))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, overflow="ellipsis", justify="right", min_width=len("59m 59s"))
    for dataset in datasets:
        word, style = _word(dataset)
        table.add_row(
            Text(printable(dataset.name), style="" if dataset.is_active else style),
            Text(word, style=style),
            Text(dataset.describe(now), style="" if dataset.is_active else style),
            Text(duration(dataset.elapsed(now)) if dataset.since is not None else "", style="dim"),
        )
    return table


def _word(dataset: DatasetProgress) -> tuple[str, str]:
    """The state or status, and the style that makes it stand out or step back."""
    if dataset.status is None:
        return ("waiting", "dim") if dataset.state == PENDING else (printable(dataset.state), "cyan")
    if dataset.status.is_success:
        return dataset.status.value, "green"
    return dataset.status.value, "yellow" if dataset.status is DatasetStatus.CANCELLED else "red"


class _LastingConsole(Console):
    """A console that falls silent when its terminal goes away, where rich would end the program."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class _LastingStream:
    """A stream that accepts every text: what it cannot encode it escapes, what cannot be written is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text.encode(self.encoding, "backslashreplace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()
