"""Counters in a small memory-mapped file: one process writes them, others look at any moment, and nobody waits."""

import mmap
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self


class Reading(NamedTuple):
    """How far a preparation is: rows read, and bytes of the source files read and in all."""

    rows: int = 0
    source_bytes: int = 0
    source_bytes_total: int = 0


_COUNTERS = len(Reading._fields)
_SIZE = 8 * _COUNTERS


class ProgressFile:
    """The writing end. Each counter is stored as one aligned 64-bit word, so a reader never sees half of one."""

    def __init__(self, path: str) -> None:
        """Creates or resets the file at `path` (mode 0600). Raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, 0)
            os.ftruncate(descriptor, _SIZE)
            self._map = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        self._words = memoryview(self._map).cast("Q")

    def update(self, reading: Reading) -> None:
        words = self._words
        for index, value in enumerate(reading):
            words[index] = value

    def close(self) -> None:
        self._words.release()
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def read_progress(path: str) -> Reading:
    """The counters at `path` as they are now; zeros if there is no such file (yet)."""
    with suppress(FileNotFoundError, ValueError), Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size == _SIZE:
            with (
                mmap.mmap(file.fileno(), _SIZE, access=mmap.ACCESS_READ) as found,
                memoryview(found) as raw,
                raw.cast("Q") as words,
            ):
                return Reading(*words)
    return Reading()
