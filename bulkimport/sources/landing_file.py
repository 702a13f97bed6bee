"""The file that rows from elsewhere are written to before they are read: private, and with an eye on the disk."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

LANDING_RESERVE = 100 << 20
"""Bytes that stay free on the disk, whatever arrives."""

_LOOK_EVERY = 16 << 20


class LandingError(OSError):
    """The file cannot be written; the same as an OSError, but of no other file."""


class LandingFile:
    """A new file of mode 0600 in a folder of mode 0700 (made if needed), written from start to end.

    Raises LandingError: ENOSPC already when less than `LANDING_RESERVE` would remain, for others write there too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._next_look = 0
        with _landing_errors():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes | memoryview) -> None:
        with _landing_errors():
            self._write(data)

    def _write(self, data: bytes | memoryview) -> None:
        self.size += len(data)
        if self.size > self._next_look:
            self._next_look = self.size + _LOOK_EVERY
            if shutil.disk_usage(self.path.parent).free < LANDING_RESERVE + len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


@contextmanager
def _landing_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LandingError(error.errno, error.strerror, error.filename) from None
