"""Putting an answer on the wire: as it should be, or spoiled the way a fault wants it."""

import gzip
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
import orjson
from aiohttp import web

from bulkimport.sandbox.answers import Answer, FileSlice
from bulkimport.sandbox.faults import Action

_READ_SIZE = 256 * 1024
_WORTH_A_THREAD = 64 * 1024
_HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Be right back</h1></body></html>"


def reset(request: web.BaseRequest) -> web.StreamResponse:
    """Ends the connection with an RST, not a FIN; the response it answers is for the server's loop alone."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


def status_answer(fault: Action) -> Answer:
    """The answer of a `status` fault."""
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    body = fault.body
    if body is None:
        body = {"errors": [{"name": "InjectedFault", "code": f"{fault.value}00", "message": "a fault was asked for"}]}
    if isinstance(body, str):
        headers.setdefault("Content-Type", "text/plain; charset=UTF-8")
        return Answer(fault.value, body.encode(), headers)
    headers.setdefault("Content-Type", "application/json; charset=UTF-8")
    return Answer(fault.value, orjson.dumps(body), headers)


def spoil(answer: Answer, fault: Action) -> Answer:
    """The answer in place of the true one, for faults that change what is said."""
    match fault.kind:
        case "html":
            return Answer(200, _HTML, {"Content-Type": "text/html; charset=UTF-8"})
        case "malformed":
            return replace(answer, body=b'{"jobStatus": "compl', compressible=False)
        case "status":
            return status_answer(fault)
        case _:
            return answer


async def send(request: web.BaseRequest, answer: Answer, fault: Action | None = None) -> web.StreamResponse:
    """Sends an answer; `truncate` and `drip` faults concern the sending, all others are ignored here."""
    if answer.compressible and "gzip" in request.headers.get("Accept-Encoding", "").lower():
        answer = await _compressed(answer)
    if fault is not None and fault.kind in ("truncate", "drip"):
        return await _send_badly(request, answer, fault)
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    if isinstance(answer.body, FileSlice):
        response.content_length = answer.body.length
        pieces = _read(answer.body)
    else:
        response.enable_chunked_encoding()
        pieces = answer.body
    await response.prepare(request)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


async def _send_badly(request: web.BaseRequest, answer: Answer, fault: Action) -> web.StreamResponse:
    body = answer.body
    if not isinstance(body, bytes):
        body = b"".join([piece async for piece in (_read(body) if isinstance(body, FileSlice) else body)])
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(body)
    await response.prepare(request)
    if fault.kind == "drip":
        for start in range(0, len(body), fault.chunk):
            await response.write(body[start : start + fault.chunk])
            await anyio.sleep(fault.value)
        await response.write_eof()
        return response
    part = body[: int(len(body) * fault.value)]
    if part:
        await response.write(part)
    else:
        request.writer.send_headers()
    if request.transport is not None:
        request.transport.close()
    return response


async def _read(part: FileSlice) -> AsyncIterator[bytes]:
    stream = await anyio.to_thread.run_sync(part.path.open, "rb")
    try:
        await anyio.to_thread.run_sync(stream.seek, part.offset)
        left = part.length
        while left and (piece := await anyio.to_thread.run_sync(stream.read, min(_READ_SIZE, left))):
            left -= len(piece)
            yield piece
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(stream.close)


async def _compressed(answer: Answer) -> Answer:
    if isinstance(answer.body, FileSlice):  # what is stored goes out as it is
        return answer
    headers = {**answer.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    if not isinstance(answer.body, bytes):
        return replace(answer, body=_pack(answer.body), headers=headers)
    if len(answer.body) < _WORTH_A_THREAD:
        return replace(answer, body=gzip.compress(answer.body, 1), headers=headers)
    body = await anyio.to_thread.run_sync(gzip.compress, answer.body, 1)
    return replace(answer, body=body, headers=headers)


async def _pack(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    async for piece in pieces:
        if packed := await anyio.to_thread.run_sync(packer.compress, piece):
            yield packed
    yield packer.flush()
