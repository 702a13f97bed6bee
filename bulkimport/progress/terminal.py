"""Live progress on a terminal: one line a dataset and one for the run, never more than the screen has."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Self, TextIO, cast

from rich.console import Console, ConsoleDimensions
from rich.text import Text

from bulkimport.clock import Clock
from bulkimport.model import DatasetStatus
from bulkimport.progress.board import Board
from bulkimport.progress.frame import frame
from bulkimport.progress.region import Region
from bulkimport.wording import printable

REFRESHES_PER_SECOND = 4
LOOKS_PER_FRAME = 5
"""How often the size of the window is looked at for each frame: a changed one is drawn for at once."""


class TerminalProgress:
    """Takes progress in without any I/O, so it may be fed from an event loop; a thread of its own draws."""

    def __init__(self, names: Sequence[str], stream: TextIO, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._board = Board(names, clock.monotonic())
        lasting = _LastingStream(stream)
        self._shown = lasting.shown
        self._ellipsis = "…" if lasting.shown("…") == "…" else "~"
        self._console = Console(file=cast("IO[str]", lasting), highlight=False, markup=False, emoji=False)
        self._screen = threading.Lock()
        self._region = Region(cast("TextIO", lasting))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_drawing, name="progress", daemon=True)

    @property
    def printer(self) -> Callable[[str], None]:
        """Prints a line (colour codes allowed) above the live ones, where it stays."""
        return self._print_line

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join()
        with self._screen:  # the summary follows in its place
            self._region.close(self._console.size.width)

    def state_changed(self, name: str, state: str, detail: str = "") -> None:
        with self._lock:
            self._board.state_changed(name, printable(state), printable(detail), self._clock.monotonic())

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
            self._board.of(name).waits_for = printable(reason)

    def limited(self, name: str, *, waits: bool) -> None:
        with self._lock:
            self._board.of(name).limited += 1 if waits else -1

    def ended(self, name: str, status: DatasetStatus, message: str = "") -> None:
        with self._lock:
            self._board.ended(name, status, printable(message), self._clock.monotonic())

    def traffic(
        self, requests: int, in_flight: int, throttled: int, waiting: int = 0, left_today: int | None = None
    ) -> None:
        with self._lock:
            self._board.sent(requests, in_flight, throttled, waiting, left_today, self._clock.monotonic())

    def lines(self, size: ConsoleDimensions) -> list[Text]:
        """What a window of this size shows now."""
        with self._lock:
            now = self._clock.monotonic()
            return frame(self._board, size.width, size.height, now, self._shown, self._ellipsis)

    def _keep_drawing(self) -> None:
        drawn_for, looks = None, 0
        while True:
            size = self._console.size
            if looks % LOOKS_PER_FRAME == 0 or size != drawn_for:
                self._draw(size)
                drawn_for, looks = size, 0
            looks += 1
            if self._closing.wait(1 / REFRESHES_PER_SECOND / LOOKS_PER_FRAME):
                return

    def _draw(self, size: ConsoleDimensions, above: str = "") -> None:
        lines = [(self._rendered(line), line.plain) for line in self.lines(size)]
        with self._screen:
            self._region.draw(lines, size.width, above)

    def _print_line(self, text: str) -> None:
        self._draw(self._console.size, f"{self._rendered(Text.from_ansi(text))}\r\n")

    def _rendered(self, line: Text) -> str:
        """With codes for the colours that the terminal has; lines that are too long are the terminal's to fold."""
        with self._console.capture() as captured:
            self._console.print(line, end="", soft_wrap=True)
        return captured.get()


class _LastingStream:
    """A stream that accepts every text: what it cannot encode it escapes, what cannot be written is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def shown(self, text: str) -> str:
        """The text as this terminal can show it, on one line."""
        return printable(text).encode(self.encoding, "backslashreplace").decode(self.encoding)

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
