"""One attempt at a request: permit, sending, redirects, reading, deadlines. What goes wrong is an `AttemptError`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass
from typing import Protocol, TypeVar

import aiohttp
import anyio
from yarl import URL

from bulkimport.clock import Clock
from bulkimport.hosts import same_host, same_origin
from bulkimport.model import Timeouts
from bulkimport.orgvue.addresses import MAX_REDIRECTS, AddressError, is_redirect, resolve
from bulkimport.orgvue.connections import Connections
from bulkimport.orgvue.failures import NETWORK_ERRORS, describe
from bulkimport.orgvue.problems import error_of_answer, error_of_failure
from bulkimport.orgvue.requests import TRACE_ID, Answer, AttemptError, Request, RequestWatch, WatchedRequest, sending_of
from bulkimport.orgvue.streaming import IdleTimer, Reply, SentBody
from bulkimport.orgvue.wire import MalformedError
from bulkimport.retry import QUOTA_EXCEEDED, Failure, RequestKind, Verdict, parse_http_date, parse_retry_after

LONGEST_ERROR = 1 << 16
T = TypeVar("T")


class Permit(Protocol):
    """Permission for one request."""

    def answered(self) -> None: ...


class Permits(Protocol):
    """The tenant's limits, as this package needs them (`bulkimport.limiter.Limiter`)."""

    def permit(self) -> AbstractAsyncContextManager[Permit]: ...

    def throttled(self, retry_after: float | None = None) -> None: ...

    def pause(self, seconds: float, reason: str) -> None: ...

    def quota_exceeded(self) -> None: ...


@dataclass(slots=True)
class Traffic:
    """Requests sent so far, storage and repetitions included, and how many were answered 429 by the tenant's API."""

    requests: int = 0
    throttled: int = 0


class Exchange:
    """Performs attempts against one tenant and its object storage."""

    def __init__(
        self,
        base_url: URL,
        connections: Connections,
        permits: Permits,
        timeouts: Timeouts,
        clock: Clock,
        watch: RequestWatch | None = None,
    ) -> None:
        self._base_url = base_url
        self._connections = connections
        self._permits = permits
        self._timeouts = timeouts
        self._clock = clock
        self._watch = watch
        self.traffic = Traffic()
        self.clock_skew: float | None = None

    async def attempt(
        self,
        request: Request,
        consume: Callable[[Reply], Awaitable[T]],
        idle: IdleTimer,
        left: float,
        resends: int = 0,
    ) -> T:
        """What `consume` makes of the accepted answer. `left` bounds what does not stream. Raises AttemptError."""
        url = request.url
        for _ in range(MAX_REDIRECTS + 1):
            outcome = await self._visit(request, url, consume, idle, left, resends)
            if isinstance(outcome, AttemptError):
                raise outcome
            if not isinstance(outcome, _Redirected):
                return outcome
            url = outcome.url
        raise self._failed(request, Failure.GARBLED, f"{url.host} redirects in circles")

    async def _visit(
        self,
        request: Request,
        url: URL,
        consume: Callable[[Reply], Awaitable[T]],
        idle: IdleTimer,
        left: float,
        resends: int,
    ) -> "T | _Redirected | AttemptError":
        """One request to one address. A judged answer is returned, not raised: for the limiter it was a whole one."""
        async with self._permit(url) as permit:
            if request.gate is not None:
                await request.gate.about_to_send()
            idle.reset()
            with (
                self._deadline(request, url, idle, left),
                self._translated(request, url),
                self._watched(request, url, resends) as watched,
            ):
                async with self._sent(request, url, idle) as response:
                    if permit is not None:
                        permit.answered()
                        self._compare_clocks(response.headers.get("Date"))
                    if watched is not None:
                        watched.answered(response.status, response.headers.get(TRACE_ID))
                    idle.reset()
                    return await self._judge(request, url, Reply(response, idle), consume)

    def _compare_clocks(self, date: str | None) -> None:
        there = parse_http_date(date)
        if there is not None:
            self.clock_skew = (self._clock.now() - there).total_seconds()

    def _permit(self, url: URL) -> AbstractAsyncContextManager[Permit | None]:
        """The tenant's limits count what goes to the tenant's host."""
        return self._permits.permit() if same_host(url, self._base_url) else _no_permit()

    def _watched(self, request: Request, url: URL, resends: int) -> AbstractContextManager[WatchedRequest | None]:
        return nullcontext() if self._watch is None else self._watch(sending_of(request, url, resends))

    @contextmanager
    def _deadline(self, request: Request, url: URL, idle: IdleTimer, left: float) -> Iterator[None]:
        """Ends a stream after a long silence, anything else when its time is up. Network time, so not `Clock`'s."""
        connect, read = self._timeouts.connect, self._timeouts.read
        with anyio.CancelScope() as scope:
            if request.streams:
                idle.watch(scope, connect + read)
            else:
                # An import is given all its time: cutting it short would leave its fate open.
                bound = connect + 3 * read
                scope.deadline = anyio.current_time() + (
                    bound if request.kind is RequestKind.IMPORT else min(bound, left)
                )
            yield
        if scope.cancelled_caught:
            raise self._failed(request, Failure.LOST, f"{url.host} made no progress in time")

    @contextmanager
    def _translated(self, request: Request, url: URL) -> Iterator[None]:
        try:
            yield
        except NETWORK_ERRORS as error:
            failure, reason, hint = describe(error, url.host or "", self._timeouts)
            # The cause would carry URLs into tracebacks.
            raise self._failed(request, failure, reason, hint=hint) from None

    @asynccontextmanager
    async def _sent(self, request: Request, url: URL, idle: IdleTimer) -> AsyncIterator[aiohttp.ClientResponse]:
        """The request sent and the head of its answer there; at the end the connection is closed unless it is idle."""
        stream = None if request.body is None else SentBody(request.body, idle)
        response: aiohttp.ClientResponse | None = None
        self.traffic.requests += 1
        try:
            response = await self._connections.send(request, url, stream)
            if stream is not None and 200 <= response.status < 300 and not stream.is_complete:
                raise self._failed(request, Failure.GARBLED, f"{url.host} answered before it had everything")
            yield response
        except aiohttp.ClientError as error:
            if describe(error, "", self._timeouts)[0] in (Failure.UNREACHABLE, Failure.UNTRUSTED):
                self.traffic.requests -= 1
            if stream is not None and stream.error is not None:
                raise stream.error from None
            raise
        finally:
            if response is not None:
                response.close()
            if stream is not None:
                await stream.aclose()

    async def _judge(
        self, request: Request, url: URL, reply: Reply, consume: Callable[[Reply], Awaitable[T]]
    ) -> "T | _Redirected | AttemptError":
        if reply.status in request.accepts:
            return await self._consumed(request, reply, consume)
        if is_redirect(reply.status, request.method, reply.headers):
            await reply.beginning(LONGEST_ERROR)
            return self._redirected(request, url, reply)
        answer = Answer(reply.status, reply.headers, await reply.beginning(LONGEST_ERROR))
        return self._refused(request, url, answer)

    async def _consumed(
        self, request: Request, reply: Reply, consume: Callable[[Reply], Awaitable[T]]
    ) -> T | AttemptError:
        try:
            return await consume(reply)
        except MalformedError as error:
            head = Answer(reply.status, reply.headers, b"")
            reason = f"the answer ({reply.status}) {error}"
            failed, verdict = error_of_failure(request, Failure.GARBLED, reason, answer=head)
            # A broken document may come whole the next time, a strange one will not change.
            return AttemptError(failed, retry=verdict is Verdict.RETRY and not error.is_json)

    def _redirected(self, request: Request, url: URL, reply: Reply) -> "_Redirected | AttemptError":
        try:
            target = resolve(reply.headers["Location"], base=url)
        except AddressError as error:
            return self._failed(request, Failure.GARBLED, f"{url.host} redirects to a URL, but {error}")
        if request.with_token and not same_origin(target, self._base_url):
            reason = f"{url.host} redirects to another address, where the API token must not go"
            head = Answer(reply.status, reply.headers, b"")
            hint = "Check `tenant.base_url`."
            failed, _ = error_of_failure(request, Failure.GARBLED, reason, answer=head, hint=hint)
            return AttemptError(failed, retry=False)
        return _Redirected(target)

    def _refused(self, request: Request, url: URL, answer: Answer) -> AttemptError:
        error, verdict = error_of_answer(request, answer)
        retry_after = parse_retry_after(
            answer.headers.get("Retry-After"), date=answer.headers.get("Date"), now=self._clock.now()
        )
        if same_host(url, self._base_url):
            self._tell_limiter(answer.status, error.code, retry_after)
        return AttemptError(error, retry=verdict is Verdict.RETRY, retry_after=retry_after)

    def _tell_limiter(self, status: int, code: str | None, retry_after: float | None) -> None:
        if code == QUOTA_EXCEEDED:
            self._permits.quota_exceeded()
        elif status == 429:
            self.traffic.throttled += 1
            self._permits.throttled(retry_after)
        elif status == 503 and retry_after is not None:
            self._permits.pause(retry_after, "unavailable")

    def _failed(self, request: Request, failure: Failure, reason: str, *, hint: str = "") -> AttemptError:
        error, verdict = error_of_failure(request, failure, reason, hint=hint)
        return AttemptError(error, retry=verdict is Verdict.RETRY)


@dataclass(frozen=True, slots=True)
class _Redirected:
    url: URL


@asynccontextmanager
async def _no_permit() -> AsyncIterator[None]:
    yield None
