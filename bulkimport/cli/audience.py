"""Whoever is told of a run beside the caller: people, monitoring, dashboards. None of them can change its outcome."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from bulkimport.alongside import alongside, cancel_at_signal
from bulkimport.clock import Clock
from bulkimport.journal import Journal
from bulkimport.log import Redactor, logger
from bulkimport.metrics import write_metrics
from bulkimport.model import Config
from bulkimport.notify import Herald, is_troubled, was_troubled
from bulkimport.report.facts import RunFacts
from bulkimport.tracing import Spans, open_tracing


class Audience:
    """What the config's `notify`, `heartbeat`, `metrics` and `telemetry` ask for, for one run.

    `spans` is there while the run is accompanied, if tracing is on.
    """

    def __init__(
        self, config: Config, config_key: str, run_id: str, journal: Journal, clock: Clock, redactor: Redactor
    ) -> None:
        self._config = config
        self._config_key = config_key
        self._run_id = run_id
        self._journal = journal
        self._herald = Herald(config, run_id, clock, redactor.text)
        self._was_troubled = False
        self.spans: Spans | None = None

    async def look_back(self) -> None:
        """Before the run begins: was everything in order?"""
        if self._config.outlets.notifications:
            self._was_troubled = await was_troubled(self._journal, self._config, self._config_key)

    @asynccontextmanager
    async def accompany(self) -> AsyncIterator[None]:
        """Around the run itself; whoever knows how it ended also tells `spans`."""
        telemetry, path = self._config.outlets.telemetry, self._config.path
        async with open_tracing(telemetry, os.environ, self._run_id, path) as self.spans, self._herald.accompany():
            yield

    async def tell(self, run: RunFacts) -> None:
        """Of the run's end, for a bounded time; a signal ends the telling, not the program."""
        with anyio.CancelScope() as scope:
            async with alongside(cancel_at_signal, scope):
                await self._tell(run)
        if scope.cancelled_caught:
            logger().warning("telling.stopped", hint="By a signal. The run itself had ended.")

    async def _tell(self, run: RunFacts) -> None:
        try:
            await self._write_metrics(run)
            recovered = self._was_troubled and not await is_troubled(self._journal, self._config)
            await self._herald.tell(run, recovered=recovered)
        except Exception as error:  # noqa: BLE001 - the run has ended, and nothing here may make another end of it
            logger().error("telling.failed", exc_info=error, hint="The run itself is not affected.")

    async def _write_metrics(self, run: RunFacts) -> None:
        textfile = self._config.outlets.textfile
        if textfile is None:
            return
        try:
            await write_metrics(Path(textfile), run, self._config, self._config_key, self._journal)
        except OSError as error:
            logger().warning(
                "metrics.failed",
                path=textfile,
                error=error.strerror or type(error).__name__,
                hint="The run itself is not affected. The folder must exist and be writable for this user.",
            )
