"""Request bodies: of known length, opened anew for every attempt, read off the event loop."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Protocol

from bulkimport.errors import StateError
from bulkimport.model import PayloadFormat

JSON: Final = "application/json; charset=UTF-8"
CSV: Final = "text/csv; charset=UTF-8"
CONTENT_TYPES: Final[dict[PayloadFormat, str]] = {"json": JSON, "csv": CSV}

READ_SIZE = 1 << 20  # what one trip to a thread fetches
SEND_SIZE = 1 << 18  # what is handed over before others get their turn


class ByteStream(Protocol):
    """The bytes of a body, once; `aclose` frees what it holds and may be called at any time."""

    def __aiter__(self) -> AsyncIterator[bytes | memoryview]: ...

    async def __anext__(self) -> bytes | memoryview: ...

    async def aclose(self) -> None: ...


class Body(Protocol):
    """What a request sends. `open` starts from the first byte every time it is called."""

    @property
    def length(self) -> int: ...

    @property
    def content_type(self) -> str: ...

    def open(self) -> ByteStream: ...


class BytesBody:
    """A small body in memory."""

    def __init__(self, content: bytes, content_type: str = JSON) -> None:
        self._content = content
        self._content_type = content_type

    @property
    def length(self) -> int:
        return len(self._content)

    @property
    def content_type(self) -> str:
        return self._content_type

    def open(self) -> ByteStream:
        return _BytesStream(self._content)


class _BytesStream:
    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content

    def __aiter__(self) -> "_BytesStream":
        return self

    async def __anext__(self) -> bytes:
        content, self._content = self._content, None
        if not content:
            raise StopAsyncIteration
        return content

    async def aclose(self) -> None:
        self._content = None


class FileBody:
    """A file of `length` bytes. Raises StateError while it is sent if it cannot be read or has become shorter."""

    def __init__(self, path: Path, length: int, content_type: str = JSON) -> None:
        self._path = path
        self._length = length
        self._content_type = content_type

    @property
    def length(self) -> int:
        return self._length

    @property
    def content_type(self) -> str:
        return self._content_type

    def open(self) -> ByteStream:
        return _FileStream(self._path, self._length)


class _FileStream:
    """Reads one block ahead in a thread, so that reading and sending overlap, and gives way between slices.

    A thread cannot be cancelled: the descriptor is closed only after the read under way has come back.
    """

    def __init__(self, path: Path, length: int) -> None:
        self._path = path
        self._length = length
        self._offset = 0  # of the next read
        self._descriptor: int | None = None
        self._ahead: asyncio.Future[bytes] | None = None
        self._block = memoryview(b"")
        self._closed = False

    def __aiter__(self) -> "_FileStream":
        return self

    async def __anext__(self) -> memoryview:
        if not self._block:
            await self._next_block()
        else:
            await asyncio.sleep(0)
        part, self._block = self._block[:SEND_SIZE], self._block[SEND_SIZE:]
        return part

    async def _next_block(self) -> None:
        if self._ahead is None:
            self._read_ahead()
        ahead = self._ahead
        if ahead is None:
            raise StopAsyncIteration
        try:
            block = await asyncio.shield(ahead)
        except OSError as error:
            raise self._unreadable(error.strerror or "it cannot be read") from None
        finally:
            if ahead.done():
                self._ahead = None
        if not block:
            raise self._unreadable(f"it is shorter than its {self._length} bytes")
        self._offset += len(block)
        self._read_ahead()
        self._block = memoryview(block)

    def _read_ahead(self) -> None:
        wanted = min(READ_SIZE, self._length - self._offset)
        if wanted > 0 and not self._closed:
            loop = asyncio.get_running_loop()
            self._ahead = loop.run_in_executor(None, self._read, wanted, self._offset)

    def _read(self, size: int, offset: int) -> bytes:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY)
        return os.pread(self._descriptor, size, offset)

    def _unreadable(self, reason: str) -> StateError:
        return StateError(
            f"The payload's spool file can no longer be sent: {reason}. The upload was not completed.",
            hint="Check that nothing cleans up or writes to the state directory while a run is active, then run again.",
        )

    async def aclose(self) -> None:
        self._closed = True
        ahead = self._ahead  # whoever waits for it, too, takes it away
        if ahead is not None:
            await asyncio.wait([ahead])
            if not ahead.cancelled():
                ahead.exception()  # nobody else will look
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)
