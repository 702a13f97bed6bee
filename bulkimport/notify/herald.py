"""Tells of one run: the heartbeat at its start and its end, and the notifications."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio

from bulkimport.clock import Clock
from bulkimport.model import Config, NotifyEvent, RunStatus, Secret
from bulkimport.notify.delivery import deliver
from bulkimport.notify.events import events_of
from bulkimport.notify.heartbeat import ping
from bulkimport.notify.message import Message, message_about, message_about_breakdown
from bulkimport.report.facts import RunFacts
from bulkimport.wording import Typed

START_SECONDS = 10.0
END_SECONDS = 30.0
STOPPED_SECONDS = 10.0
"""How long telling may take at most: at the start (beside the run), at the end, and after a signal, where whoever sent
it will not wait long."""


class Herald:
    """Never raises because of a channel; what cannot be told is logged."""

    def __init__(self, config: Config, run_id: str, clock: Clock, redact: Callable[[str], str]) -> None:
        self._outlets = config.outlets
        self._run_id = run_id
        self._config = config
        self._clock = clock
        self._redact = redact
        self._host = socket.gethostname()

    @asynccontextmanager
    async def accompany(self) -> AsyncIterator[None]:
        """Around the run. The start is pinged beside it, and before its end is told of; a breakdown is told too."""
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            if self._outlets.heartbeat.start is not None:
                group.start_soon(ping, self._outlets.heartbeat.start, "start", self._clock, START_SECONDS)
            try:
                yield
            except Exception as error:  # noqa: BLE001 - raised again below, once it has been told of
                failure = error
        if failure is not None:
            typed, sandbox = Typed.about(self._config), self._config.tenant.is_sandbox
            message = message_about_breakdown(self._run_id, typed, self._host, failure, sandbox=sandbox)
            await self._tell(("failure",), message, self._outlets.heartbeat.failure, "failure", END_SECONDS)
            raise failure

    async def tell(self, run: RunFacts, *, recovered: bool) -> None:
        """Of a run that has ended. Returns within `END_SECONDS`, after a signal within `STOPPED_SECONDS`."""
        events = events_of(run, recovered=recovered)
        good, heartbeat = run.status is RunStatus.SUCCEEDED, self._outlets.heartbeat
        url, what = (heartbeat.success, "success") if good else (heartbeat.failure, "failure")
        seconds = STOPPED_SECONDS if run.status is RunStatus.INTERRUPTED else END_SECONDS
        await self._tell(events, message_about(run, events, self._host), url, what, seconds)

    async def _tell(
        self, events: tuple[NotifyEvent, ...], message: Message, url: Secret | None, what: str, seconds: float
    ) -> None:
        chosen = [
            (number, one)
            for number, one in enumerate(self._outlets.notifications)
            if set(one.events).intersection(events)
        ]
        message = replace(message, title=self._redact(message.title), body=self._redact(message.body))
        async with anyio.create_task_group() as group:
            group.start_soon(deliver, message, chosen, self._clock, seconds)
            if url is not None:
                group.start_soon(ping, url, what, self._clock, seconds)
