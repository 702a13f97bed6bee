"""Writes log lines in threads of their own: no caller ever waits for a disk, a terminal or a pipe, or sees it fail."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol, TextIO

_CAPACITY = 20_000  # lines that may wait; beyond it they are counted, not kept
_BATCH = 500
_CLOSING_TIME = 2.0  # seconds that a stuck terminal or disk may hold up the end of the program

Printer = Callable[[str], None]


class Sink(Protocol):
    """Where lines go; each is without its newline. Raises OSError or ValueError for lines that could not be written."""

    def write(self, lines: list[str]) -> None: ...

    def close(self) -> None: ...


class BackgroundWriter:
    """Hands lines to a sink in order, from one thread. `lost` counts the lines that could not be written."""

    def __init__(self, sink: Sink, *, capacity: int = _CAPACITY) -> None:
        self.lost = 0
        self._sink = sink
        self._capacity = capacity
        # A SimpleQueue, because its put() may be interrupted by another put(): loggers run in signal handlers and
        # finalizers too.
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Takes one line without waiting; a line after `close` or beyond the capacity is lost."""
        if self._closed or self._queue.qsize() >= self._capacity:
            self.lost += 1
        else:
            self._queue.put(line)

    def close(self, timeout: float = _CLOSING_TIME) -> None:
        """Writes what waits, for at most `timeout` seconds; may be called twice."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        open_ = True
        while open_:
            batch = self._next_batch()
            open_ = batch[-1] is not None
            lines = [line for line in batch if line is not None]
            try:
                if lines:
                    self._sink.write(lines)
            except Exception:  # noqa: BLE001 — a full disk or a foreign printer must not end the log, nor the run
                self.lost += len(lines)
        with suppress(OSError, ValueError):
            self._sink.close()

    def _next_batch(self) -> list[str | None]:
        """At least one entry; None, the end, can only be the last."""
        batch = [self._queue.get()]
        with suppress(Empty):
            while batch[-1] is not None and len(batch) < _BATCH:
                batch.append(self._queue.get_nowait())
        return batch


class StreamSink:
    """A text stream; while `printer` is set, lines go through it instead (live progress owns the terminal then)."""

    def __init__(self, stream: TextIO, printer: Printer | None = None) -> None:
        self.printer = printer
        self._stream = stream

    def write(self, lines: list[str]) -> None:
        printer = self.printer
        if printer is not None:
            for line in lines:
                printer(line)
            return
        text = "".join(f"{line}\n" for line in lines)
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()

    def close(self) -> None:
        """The stream belongs to someone else."""


class FileSink:
    """A file that only its owner may read, opened at the first line and appended to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._torn = False

    def write(self, lines: list[str]) -> None:
        if self._descriptor is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.fchmod(self._descriptor, 0o600)
        # What a full disk cut short stays alone on its line, so that every other line can be read.
        data = ("\n" * self._torn + "".join(f"{line}\n" for line in lines)).encode("utf-8", "backslashreplace")
        while data:
            try:
                written = os.write(self._descriptor, data)
            except OSError:
                self._torn = True
                raise
            data = data[written:]
        self._torn = False

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
