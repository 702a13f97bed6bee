"""What one request is, before anything about connections: the values that the layers of this package pass around."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from yarl import URL

from bulkimport.errors import LocationExpiredError, ServiceError, UnavailableError
from bulkimport.model import Stage
from bulkimport.orgvue.body import Body
from bulkimport.retry import RequestKind

TRACE_ID = "X-Amzn-Trace-Id"
_TENANT_AND_DATASET = re.compile(r"/api/v1/[^/]+(?P<datasets>/datasets/[^/]+)?")


class Gate(Protocol):
    """What a request passes each time that it is sent, so that its sending can be written down."""

    async def about_to_send(self) -> None:
        """Its turn has come, and it goes out next. What this raises ends the request, unsent."""
        ...

    async def turned_away(self, error: ServiceError) -> None:
        """It was certainly not carried out; it is sent again after a wait."""
        ...

    async def again(self) -> None:
        """The wait is over. What this raises ends the request, unsent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request and what its outcomes mean.

    `step` says what it does ("upload the payload"), `meaning` what its failure means for the data (a sentence).
    `accepts` are the statuses whose body is what was asked for. `missing` and `expired` are the errors for a presigned
    URL with nothing behind it, and for one no longer accepted. `streams` lifts the bound on one attempt's duration:
    it then ends by silence alone. `gate` is there where it matters whether it was sent.
    """

    step: str
    stage: Stage | None
    kind: RequestKind
    method: str
    url: URL = field(repr=False)
    meaning: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Body | None = field(default=None, repr=False)
    accepts: frozenset[int] = frozenset(range(200, 300))
    missing: type[ServiceError] = UnavailableError
    expired: type[ServiceError] = LocationExpiredError
    streams: bool = False
    gate: Gate | None = field(default=None, repr=False)

    @property
    def with_token(self) -> bool:
        """Only the tenant's API ever sees the token."""
        return self.kind is not RequestKind.STORE


@dataclass(frozen=True, slots=True)
class Sending:
    """One request of one attempt, as far as others may know it: of a presigned URL, the host alone.

    `template` is the path of an API call without its ids; `resends` counts the attempts before this one.
    """

    method: str
    scheme: str
    host: str
    port: int | None
    template: str | None
    step: str
    resends: int


class WatchedRequest(Protocol):
    """Told about the one request that is being watched."""

    def answered(self, status: int, trace_id: str | None) -> None: ...


RequestWatch = Callable[[Sending], AbstractContextManager[WatchedRequest]]
"""Wraps one request, from its sending to the end of its answer; exceptions pass through it."""


def sending_of(request: Request, url: URL, resends: int) -> Sending:
    """`url` is where this one goes, which redirects may have changed."""
    template = None
    if request.with_token:
        template = _TENANT_AND_DATASET.sub(
            lambda match: "/api/v1/{tenant}" + ("/datasets/{dataset}" if match["datasets"] else ""),
            request.url.raw_path,
        )
    return Sending(request.method, url.scheme, url.host or "", url.port, template, request.step, resends)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer (or, for an error, its beginning)."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def trace_id(self) -> str | None:
        return self.headers.get(TRACE_ID)


class AttemptError(Exception):
    """One attempt that did not succeed, with the error it will become if it was the last; the retry loop judges it."""

    def __init__(self, error: ServiceError, *, retry: bool, retry_after: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.retry = retry
        self.retry_after = retry_after
