"""The requests a sandbox has seen, as they came over the wire: what tests judge a client by."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

Framing = Literal["length", "chunked", "none"]
Headers = tuple[tuple[bytes, bytes], ...]
_KEPT = 20_000


@dataclass(slots=True)
class Observed:
    """One request. Times are of a monotonic clock; `ended` and `status` are None while it is being answered.

    `status` 0 means that the connection was reset instead of an answer. `received` counts bytes of the body.
    """

    step: str
    host: Literal["api", "storage"]
    method: str
    target: str = field(repr=False)
    headers: Headers = field(repr=False)
    framing: Framing
    started: float
    ended: float | None = None
    status: int | None = None
    received: int = 0

    def header(self, name: str) -> str | None:
        """The first header spelt exactly like that."""
        return raw_header(self.headers, name)


def raw_header(headers: Headers, name: str) -> str | None:
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in headers if key == wanted), None)


class Observations:
    """The latest requests, oldest first; a server that runs for days does not grow."""

    def __init__(self) -> None:
        self.requests: deque[Observed] = deque(maxlen=_KEPT)

    def begin(self, step: str, host: Literal["api", "storage"], request: web.BaseRequest) -> Observed:
        framing: Framing = "none"
        if "Transfer-Encoding" in request.headers:
            framing = "chunked"
        elif "Content-Length" in request.headers:
            framing = "length"
        observed = Observed(
            step, host, request.method, request.raw_path, request.raw_headers, framing, time.monotonic()
        )
        self.requests.append(observed)
        return observed
