"""Bodies on their way: what has been sent of a request's, and the answer's as it comes."""

from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
import anyio

from bulkimport.clock import Clock
from bulkimport.errors import BulkimportError
from bulkimport.orgvue.body import Body, ByteStream
from bulkimport.orgvue.requests import TRACE_ID, Answer
from bulkimport.orgvue.wire import MalformedError

LONGEST_DOCUMENT = 1 << 26


class IdleTimer:
    """When an attempt last got on, which is what silence is measured from."""

    def __init__(self, clock: Clock, on_sent: Callable[[int], None] | None) -> None:
        self._clock = clock
        self._on_sent = on_sent
        self._scope: anyio.CancelScope | None = None
        self._silence = 0.0
        self.last_activity = clock.monotonic()

    def watch(self, scope: anyio.CancelScope, silence: float) -> None:
        """From now on `scope` ends `silence` seconds after the last activity."""
        self._scope, self._silence = scope, silence
        self.reset()

    def reset(self) -> None:
        self.last_activity = self._clock.monotonic()
        if self._scope is not None:
            self._scope.deadline = anyio.current_time() + self._silence

    def sent(self, total: int) -> None:
        """`total` bytes of the body have been handed over."""
        self.reset()
        if self._on_sent is not None:
            self._on_sent(total)


class Reply:
    """An answer whose body has not been read yet."""

    def __init__(self, response: aiohttp.ClientResponse, idle: IdleTimer) -> None:
        self._response = response
        self._idle = idle
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers

    @property
    def trace_id(self) -> str | None:
        return self.headers.get(TRACE_ID)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, content encoding undone."""
        async for chunk in self._response.content.iter_any():
            self._idle.reset()
            yield chunk

    async def read(self, limit: int = LONGEST_DOCUMENT) -> Answer:
        """The whole answer; raises MalformedError if its body is longer than `limit` bytes."""
        body = await self.beginning(limit + 1)
        if len(body) > limit:
            raise MalformedError(f"is longer than {limit} bytes")
        return Answer(self.status, self.headers, body)

    async def beginning(self, limit: int) -> bytes:
        """The first `limit` bytes of the body, or all of it."""
        found = bytearray()
        async for chunk in self.chunks():
            found += chunk
            if len(found) >= limit:
                break
        return bytes(found[:limit])


class SentBody:
    """A stream that counts, tells the idle timer, and keeps its own error from drowning in the HTTP library's."""

    def __init__(self, body: Body, idle: IdleTimer) -> None:
        self._stream: ByteStream = body.open()
        self._length = body.length
        self._idle = idle
        self._sent = 0
        self.error: BulkimportError | None = None

    @property
    def is_complete(self) -> bool:
        return self._sent == self._length

    def __aiter__(self) -> "SentBody":
        return self

    async def __anext__(self) -> bytes | memoryview:
        self._idle.sent(self._sent)
        try:
            chunk = await anext(self._stream)
        except BulkimportError as error:
            self.error = error
            raise
        self._sent += len(chunk)
        return chunk

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._stream.aclose()
