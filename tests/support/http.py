"""A raw HTTP server with a script: it answers what a test wrote down, byte for byte, and remembers what it was sent."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire. `headers` keep their spelling and order; `connection` counts from 0."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int

    @property
    def method(self) -> str:
        return self.line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def header(self, name: str) -> str | None:
        """The value of the header spelled exactly so."""
        return dict(self.headers).get(name)


@dataclass(frozen=True)
class Reply:
    """What to send back, and what to do around it.

    `wait` seconds pass first; `unread` answers without reading the body; `close` ends the connection after it;
    `reset` ends it with a TCP reset, `silent` never answers.
    """

    data: bytes = b""
    wait: float = 0.0
    unread: bool = False
    close: bool = False
    reset: bool = False
    silent: bool = False


DROP = Reply(close=True)
RESET = Reply(reset=True)
SILENCE = Reply(silent=True)
DEAF = Reply(unread=True, silent=True)


def answer(
    status: int = 200, body: bytes = b"", headers: Iterable[tuple[str, str]] = (), *, length: int | None = None
) -> Reply:
    """An answer with a `Content-Length` (of `length`, if that is to be a lie)."""
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return Reply("\r\n".join([*lines, "", ""]).encode() + body)


def json_answer(document: object, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    return answer(status, orjson.dumps(document), [("Content-Type", "application/json"), *headers])


def api_error(status: int, code: str, name: str, message: str = "No.", **headers: str) -> Reply:
    """An error of the tenant's API."""
    document = {"errors": [{"name": name, "code": code, "message": message}]}
    return json_answer(document, status, [(key.replace("_", "-"), value) for key, value in headers.items()])


def store_error(status: int, code: str, message: str = "No.") -> Reply:
    """An error of the object storage."""
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return answer(status, body.encode(), [("Content-Type", "application/xml")])


@dataclass
class ScriptedServer:
    """Answers the n-th request with the n-th entry of `script`; an entry may be computed from the request."""

    script: list[Reply | Callable[[Received], Reply]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, target: str) -> str:
        return f"{self.origin}{target}"

    def will(self, *replies: Reply | Callable[[Received], Reply]) -> None:
        """Adds to the script."""
        self.script.extend(replies)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        try:
            while await self._exchange(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = tuple((name, value) for name, _, value in (entry.partition(": ") for entry in rest))
        place = len(self.received)
        entry = self.script[place] if place < len(self.script) else answer(599, b"the script is over")
        reply = entry if isinstance(entry, Reply) else None
        body = b"" if reply is not None and reply.unread else await _read_body(reader, dict(headers))
        request = Received(line, headers, body, number)
        self.received.append(request)
        if reply is None:
            assert not isinstance(entry, Reply)
            reply = entry(request)
        return await self._reply(reply, writer)

    async def _reply(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(reply.wait)
        if reply.silent:
            await asyncio.sleep(3600)
        writer.write(reply.data)
        await writer.drain()
        if reply.reset:
            writer.transport.abort()
        return not (reply.close or reply.reset)


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("Transfer-Encoding") == "chunked":
        return await _read_chunks(reader)
    return await reader.readexactly(int(headers.get("Content-Length", 0)))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


@asynccontextmanager
async def scripted_server(*script: Reply | Callable[[Received], Reply]) -> AsyncIterator[ScriptedServer]:
    """A server on loopback with its own port, gone (with all its connections) at the end."""
    scripted = ScriptedServer(list(script))
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await scripted.serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
