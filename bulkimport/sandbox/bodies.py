"""Reading the bodies of requests: bounded into memory, or unbounded into a file."""

from pathlib import Path

import anyio
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bulkimport.sandbox.answers import api_error
from bulkimport.sandbox.observed import Observed
from bulkimport.sandbox.private import open_private

_WRITE_SIZE = 512 * 1024


async def read_body(request: web.BaseRequest, limit: int, seen: Observed) -> bytes:
    """A body of an API call. Raises a Refusal (413) beyond `limit` bytes, ConnectionError if it stops early."""
    parts: list[bytes] = []
    try:
        async for chunk in request.content.iter_any():
            seen.received += len(chunk)
            if seen.received > limit:
                raise api_error("PayloadTooLarge", f"the body may have {limit} bytes")
            parts.append(chunk)
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise ConnectionResetError("the body stopped before its end") from error
    return b"".join(parts)


async def receive_file(request: web.BaseRequest, part: Path, seen: Observed) -> None:
    """Writes the request's body to a file, away from the event loop. Raises ConnectionError if it stops early."""
    stream = await anyio.to_thread.run_sync(open_private, part)
    waiting: list[bytes] = []
    size = 0
    try:
        async for chunk in request.content.iter_any():
            waiting.append(chunk)
            size += len(chunk)
            seen.received += len(chunk)
            if size >= _WRITE_SIZE:
                await anyio.to_thread.run_sync(stream.writelines, waiting)
                waiting, size = [], 0
        await anyio.to_thread.run_sync(stream.writelines, waiting)
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise ConnectionResetError("the body stopped before its end") from error
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(stream.close)
