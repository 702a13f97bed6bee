"""The HTTP sessions, and everything aiohttp does by itself that must not happen here.

Each session sends only what it is told: no cookies, no credentials from `.netrc`, no redirects, no silent repeats.
"""

from types import TracebackType

import aiohttp
import anyio
from yarl import URL

from bulkimport import __version__
from bulkimport.errors import TenantError
from bulkimport.hosts import proxy_for, same_origin
from bulkimport.model import Secret, Timeouts
from bulkimport.orgvue.body import ByteStream
from bulkimport.orgvue.requests import Request
from bulkimport.retry import RequestKind

# Presigned URLs can be long, and come in `Location` headers.
LONGEST_HEADER = 1 << 16
READ_BUFFER = 1 << 18
_CLOSING_TIME = 2.0  # seconds that connections may take to end


class Connections:
    """The sessions of one run: `API` keeps its connections, `IMPORT` makes a new one each time, `STORE` is bare.

    An import must not meet a connection that the server closed while it was idle: that would leave its fate open.
    """

    def __init__(self, base_url: URL, token: Secret | None, timeouts: Timeouts) -> None:
        self._base_url = base_url
        self._token = token
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=timeouts.connect, sock_connect=timeouts.connect, sock_read=timeouts.read
        )
        self._sessions: dict[RequestKind, aiohttp.ClientSession] = {}
        self._proxies: dict[tuple[str, str | None], str | None] = {}

    async def __aenter__(self) -> "Connections":
        self._sessions = {kind: self._session(kind) for kind in RequestKind}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """All of them, also while the run is being cancelled."""
        with anyio.move_on_after(_CLOSING_TIME, shield=True):
            async with anyio.create_task_group() as group:
                for session in self._sessions.values():
                    group.start_soon(session.close)

    def _session(self, kind: RequestKind) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=kind is RequestKind.IMPORT),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            trust_env=False,  # it would send credentials from .netrc, even to the object storage
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            read_bufsize=READ_BUFFER,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
        )
        # aiohttp sends a request again, unasked, when a kept connection drops under it: for an import, two imports
        # behind one answer. There is no public switch.
        session._retry_connection = False
        return session

    async def send(self, request: Request, url: URL, stream: ByteStream | None) -> aiohttp.ClientResponse:
        """Sends `request` to `url` once and returns when the head of the answer has arrived; aiohttp's exceptions."""
        return await self._sessions[request.kind].request(
            request.method,
            url,
            headers=self._headers(request, url),
            data=stream,
            allow_redirects=False,
            proxy=self._proxy(url),
        )

    def _headers(self, request: Request, url: URL) -> dict[str, str]:
        headers = dict(request.headers)
        if request.body is not None:
            headers["Content-Type"] = request.body.content_type
            headers["Content-Length"] = str(request.body.length)  # keeps aiohttp from chunking
        if not request.with_token:
            return headers
        headers["User-Agent"] = f"bulkimport/{__version__}"
        if self._token is not None and same_origin(url, self._base_url):
            headers["Authorization"] = f"Bearer {_sendable(self._token)}"
        return headers

    def _proxy(self, url: URL) -> str | None:
        place = (url.scheme, url.host)
        if place not in self._proxies:
            self._proxies[place] = proxy_for(*place)
        return self._proxies[place]


def _sendable(token: Secret) -> str:
    text = token.reveal()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise TenantError(
            "The API token cannot be sent: it is empty or holds blanks, line breaks or characters outside ASCII.",
            hint="Set `tenant.token` to the token alone, as Orgvue shows it, without quotes or the word `Bearer`.",
        )
    return text
