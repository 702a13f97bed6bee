"""An answer's body into a file: through memory a block at a time, off the event loop, and whole or not at all."""

import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import anyio
import anyio.to_thread

from bulkimport.errors import StateError
from bulkimport.link_header import next_in
from bulkimport.orgvue.streaming import Reply
from bulkimport.orgvue.wire import MalformedError

BLOCK = 1 << 20
T = TypeVar("T")


async def save(reply: Reply, path: Path, *, must_be_array: bool) -> int:
    """Writes the body to `path` (mode 0600, replaced only once it is whole) and returns its length in bytes.

    Where the connection's end is the body's end, a body cut short looks complete: one that begins with `[` has to end
    with `]`, and with `must_be_array` it has to begin so. What says of itself that it is a part is none either.
    Raises MalformedError, or StateError if it cannot be stored.
    """
    _refuse_parts(reply)
    ends = _Ends()
    async with _PartFile(path) as file:
        block = bytearray()
        async for chunk in reply.chunks():
            ends.feed(chunk)
            block += chunk
            if len(block) >= BLOCK:
                await file.write(block)
                block = bytearray()
        await file.write(block)
        ends.check(must_be_array=must_be_array)
        await file.keep()
    return ends.length


def _refuse_parts(reply: Reply) -> None:
    """Only 200 is a whole document (RFC 9110, 15.3), unless it names a range or a next page (RFC 8288) all the same."""
    headers = reply.headers
    if reply.status != 200 or "Content-Range" in headers or next_in([headers.get("Link", "")]):
        raise MalformedError("is a part of the document, or none")


class _Ends:
    """The first and last visible byte of a document, and its length."""

    def __init__(self) -> None:
        self.length = 0
        self._first = b""
        self._last = b""

    def feed(self, chunk: bytes) -> None:
        self.length += len(chunk)
        if not self._first:
            self._first = chunk.lstrip()[:1]
        # The tail of a chunk nearly always holds the byte in question; the whole is looked at only when it is blank.
        self._last = chunk[-64:].rstrip()[-1:] or chunk.rstrip()[-1:] or self._last

    def check(self, *, must_be_array: bool) -> None:
        if must_be_array and self._first != b"[":
            raise MalformedError("is not an array of items", is_json=False)
        if self._first == b"[" and self._last != b"]":
            raise MalformedError("was cut short", is_json=False)


class _PartFile:
    """A private file beside `path` that becomes it when kept, and is removed otherwise."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._file: FileIO | None = None

    async def __aenter__(self) -> "_PartFile":
        await self._in_thread(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._discard)

    async def write(self, block: bytes | bytearray) -> None:
        await self._in_thread(lambda: self._write(block))

    async def keep(self) -> None:
        await self._in_thread(self._keep)

    def _open(self) -> None:
        descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = FileIO(descriptor, "w")

    def _write(self, block: bytes | bytearray) -> None:
        assert self._file is not None  # noqa: S101  # opened by __aenter__
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]

    def _keep(self) -> None:
        self._close()
        self._part.replace(self._path)

    def _discard(self) -> None:
        self._close()
        self._part.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await anyio.to_thread.run_sync(work)
        except OSError as error:
            raise StateError(
                f"What was downloaded cannot be stored as {self._path}: {error.strerror}. Nothing in Orgvue is"
                " affected by that.",
                hint="Make room on the disk of the state directory or correct its permissions.",
            ) from None
