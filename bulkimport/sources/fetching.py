"""An answer of a web server as a file: whole or not at all, and what proves who asks goes to nobody else.

Redirects are followed here, so that headers and credentials stay with the origin they are meant for. An answer that is
not what was hoped for becomes a `TransferError`: it is asked for again where that may help.
"""

import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp
import anyio.to_thread
from anyio import open_file
from yarl import URL

from bulkimport import __version__
from bulkimport.clock import Clock
from bulkimport.folders import require_space
from bulkimport.hosts import proxy_for, same_origin
from bulkimport.retry import RetryPolicy, Wait, parse_retry_after
from bulkimport.sources.answers import (
    TransferError,
    is_secure,
    judge_content,
    judge_status,
    name_of,
    network_error_of,
    usable,
)
from bulkimport.sources.landed_file import ROOM, beginning, private
from bulkimport.sources.progress import OnArrived

ATTEMPTS = 5
MAX_WAIT = 30.0
CONNECT = 30.0
SILENCE = 300.0
"""Seconds. A report may be computed for minutes before its first byte comes."""

MAX_REDIRECTS = 5
BLOCK = 1 << 20
_LONGEST_HEADER = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NETWORK_ERRORS = (
    *(aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError),
    *(TimeoutError, ConnectionError, ssl.SSLError),
)


@dataclass(frozen=True, slots=True)
class Access:
    """What goes with each request to `origin`, and with none to another."""

    origin: URL
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that has arrived at `path`, gzip still packed; `links` are its `Link` headers."""

    path: Path
    url: URL
    size: int
    links: tuple[str, ...] = ()


class Fetcher:
    """Gets answers of `kind` (csv, json or ndjson) one after the other. Raises SourceError; StateError for the disk.

    `timeout` bounds each silence and, with all its repetitions, each answer, in seconds.
    """

    def __init__(self, access: Access, kind: str, timeout: float, clock: Clock, rng: Random | None = None) -> None:
        self._access = access
        self._kind = kind
        self._silence = min(SILENCE, timeout)
        self._policy = RetryPolicy(ATTEMPTS, MAX_WAIT, timeout)
        self._clock = clock
        self._rng = rng or Random()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Fetcher":
        connect = min(CONNECT, self._silence)
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=self._silence),
            trust_env=False,  # it would send what .netrc has for the host
            auto_decompress=False,  # lengths can be compared, and the reader checks that nothing is missing
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
        )
        # aiohttp sends a request again, unasked, when its connection drops: here attempts are counted.
        self._session._retry_connection = False
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, url: URL, path: Path, on_arrived: OnArrived) -> Fetched:
        """The answer of `url` at `path`; asked for again, from its beginning, while that may help."""
        start, attempt = self._clock.monotonic(), 0
        while True:
            attempt += 1
            try:
                return await self._attempt(url, path, on_arrived)
            except TransferError as failed:
                if not failed.is_transient:
                    raise failed.error() from None
                elapsed = self._clock.monotonic() - start
                decision = self._policy.decide(
                    attempt=attempt, elapsed=elapsed, retry_after=failed.retry_after, rng=self._rng
                )
                if not isinstance(decision, Wait):
                    raise failed.error(f" Given up, as {decision.reason}.") from None
            await self._clock.sleep(decision.delay)

    async def _attempt(self, url: URL, path: Path, on_arrived: OnArrived) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            async with self._sent(url) as response:
                if response.status not in _REDIRECTS:
                    self._judge(response)
                    return await self._saved(response, path, on_arrived)
                url = self._redirected(url, response)
        raise TransferError(f"{name_of(url)} redirects in circles", "Check the URL.")

    @asynccontextmanager
    async def _sent(self, url: URL) -> AsyncIterator[aiohttp.ClientResponse]:
        """The head of the answer is there. What the network does becomes a TransferError."""
        assert self._session is not None  # noqa: S101  # opened by __aenter__
        is_ours = same_origin(url, self._access.origin)
        headers = {
            "Accept-Encoding": "gzip",
            "User-Agent": f"bulkimport/{__version__}",
            **(self._access.headers if is_ours else {}),
        }
        try:
            async with self._session.get(
                url,
                headers=headers,
                allow_redirects=False,
                proxy=proxy_for(url.scheme, url.host),
                skip_auto_headers=("Accept",),
            ) as response:
                yield response
        except _NETWORK_ERRORS as error:
            raise network_error_of(error, name_of(url), self._silence) from None

    def _redirected(self, url: URL, response: aiohttp.ClientResponse) -> URL:
        location = response.headers.get("Location", "")
        try:
            target = usable(url.join(URL(location, encoded=True)))
            if not location or not is_secure(target):
                raise ValueError
        except ValueError:
            message = f"{name_of(url)} redirects ({response.status}) to an address that cannot be used"
            raise TransferError(message, "Check the URL; only https is followed.") from None
        return target

    def _judge(self, response: aiohttp.ClientResponse) -> None:
        if response.status == 200:
            return
        headers = response.headers
        retry_after = parse_retry_after(headers.get("Retry-After"), date=headers.get("Date"), now=self._clock.now())
        raise judge_status(response.status, name_of(response.url), retry_after=retry_after)

    async def _saved(self, response: aiohttp.ClientResponse, path: Path, on_arrived: OnArrived) -> Fetched:
        name, length = name_of(response.url), response.content_length or 0
        await anyio.to_thread.run_sync(require_space, path.parent, ROOM * length)
        size, block = 0, bytearray()
        async with await open_file(path, "wb", opener=private) as file:
            async for chunk in response.content.iter_any():
                size += len(chunk)
                block += chunk
                if len(block) >= BLOCK:
                    await file.write(block)
                    on_arrived(size, length)
                    block = bytearray()
                    if not length:  # nobody has said how much there will be
                        await anyio.to_thread.run_sync(require_space, path.parent, ROOM * BLOCK)
            await file.write(block)
        on_arrived(size, length)
        if length and size != length:
            raise TransferError(f"{name} was cut short: {size} of {length} bytes arrived", is_transient=True)
        start = await anyio.to_thread.run_sync(_beginning, path, response)
        is_bounded = "Content-Length" in response.headers or "chunked" in response.headers.get("Transfer-Encoding", "")
        judge_content(name, self._kind, response.headers, start, is_bounded=is_bounded)
        return Fetched(path, response.url, size, tuple(response.headers.getall("Link", ())))


def _beginning(path: Path, response: aiohttp.ClientResponse) -> bytes:
    """What the answer at `path` begins with, unpacked. Raises TransferError where that cannot be had."""
    name = name_of(response.url)
    packing = response.headers.get("Content-Encoding", "").lower()
    try:
        return beginning(path, is_gzip=packing in ("gzip", "x-gzip") or name.lower().endswith(".gz"))
    except EOFError:
        raise TransferError(f"{name} was cut short: its gzip data ends too early", is_transient=True) from None
    except (zlib.error, gzip.BadGzipFile):
        raise TransferError(f"{name} is damaged: its gzip data cannot be unpacked", is_transient=True) from None
