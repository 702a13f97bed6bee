"""Requests with retries: attempts, the waits between them, and the end of patience."""

from collections.abc import Awaitable, Callable
from random import Random
from types import TracebackType
from typing import TypeVar

from yarl import URL

from bulkimport.clock import Clock
from bulkimport.errors import ServiceError
from bulkimport.event_sink import EventSink
from bulkimport.model import Retries, Secret, Timeouts
from bulkimport.orgvue.connections import Connections
from bulkimport.orgvue.exchange import Exchange, Permits, Traffic
from bulkimport.orgvue.problems import given_up
from bulkimport.orgvue.requests import AttemptError, Request, RequestWatch
from bulkimport.orgvue.streaming import IdleTimer, Reply
from bulkimport.retry import GiveUp, RetryPolicy

T = TypeVar("T")


class Transport:
    """Sends requests to one tenant and its object storage; an async context manager."""

    def __init__(
        self,
        base_url: URL,
        token: Secret | None,
        *,
        permits: Permits,
        timeouts: Timeouts,
        retries: Retries,
        clock: Clock,
        rng: Random,
        event_sink: EventSink | None,
        watch: RequestWatch | None = None,
    ) -> None:
        self._connections = Connections(base_url, token, timeouts)
        self._exchange = Exchange(base_url, self._connections, permits, timeouts, clock, watch)
        self._policy = RetryPolicy.of(retries)
        self._clock = clock
        self._rng = rng
        self._event_sink = event_sink

    async def __aenter__(self) -> "Transport":
        await self._connections.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._connections.__aexit__(kind, error, traceback)

    @property
    def traffic(self) -> Traffic:
        return self._exchange.traffic

    @property
    def clock_skew(self) -> float | None:
        return self._exchange.clock_skew

    async def send(
        self,
        request: Request,
        consume: Callable[[Reply], Awaitable[T]],
        *,
        on_sent: Callable[[int], None] | None = None,
    ) -> T:
        """What `consume` makes of the answer. It may be called several times, each for an answer from the start.

        Raises the ServiceError that the last attempt's outcome amounts to, with the request's own stage. The total
        time of the retry policy counts waits and silences, not the time in which a stream got on.
        """
        spent, attempt = 0.0, 0
        while True:
            attempt += 1
            idle = IdleTimer(self._clock, on_sent)
            self._notify("request.sent", request, attempt=attempt)
            try:
                return await self._exchange.attempt(
                    request, consume, idle, self._policy.total - spent, resends=attempt - 1
                )
            except AttemptError as caught:
                failed = caught
            spent += self._clock.monotonic() - idle.last_activity
            delay = self._delay(failed, attempt, spent)
            if request.gate is not None:
                await request.gate.turned_away(failed.error)
            self._notify(
                "request.retried",
                request,
                attempt=attempt,
                delay=round(delay, 3),
                reason=failed.error.message,
                trace_id=failed.error.trace_id,
            )
            await self._clock.sleep(delay)
            spent += delay
            if request.gate is not None:
                await request.gate.again()

    def _delay(self, failed: AttemptError, attempt: int, spent: float) -> float:
        """How long to wait before the next attempt; raises the error if there is to be none."""
        if not failed.retry:
            raise failed.error
        decision = self._policy.decide(attempt=attempt, elapsed=spent, retry_after=failed.retry_after, rng=self._rng)
        if isinstance(decision, GiveUp):
            raise self._exhausted(failed.error, attempt, decision)
        return decision.delay

    def _exhausted(self, error: ServiceError, attempts: int, decision: GiveUp) -> ServiceError:
        return given_up(error, attempts=attempts, reason=decision.reason)

    def _notify(self, event: str, request: Request, **fields: object) -> None:
        if self._event_sink is not None:
            self._event_sink(event, step=request.step, stage=request.stage, host=request.url.host, **fields)
