"""One run from its config to its summary: opens what it needs, imports, and closes it again."""

import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import anyio.to_thread

from bulkimport import __version__
from bulkimport.alongside import alongside
from bulkimport.cli.earlier import Earlier, failed_of, resumed_from
from bulkimport.cli.observer import RunObserver
from bulkimport.cli.options import EXIT_FAILURE, EXIT_SUCCESS, Common
from bulkimport.cli.services import Service, open_service
from bulkimport.cli.settings import config_key, fingerprint, spec_of, tenant_key
from bulkimport.clock import Clock, SystemClock
from bulkimport.errors import StateError
from bulkimport.folders import RunFolders
from bulkimport.guards import Allowance
from bulkimport.importer import Importer
from bulkimport.journal import DatasetRecord, Journal, LeaseOwner, RunRecord, new_run_id
from bulkimport.log import RUN_FINISHED, RUN_STARTED, configure, logger
from bulkimport.model import Config, RunStatus
from bulkimport.orgvue.exchange import Traffic
from bulkimport.plan import Selection, select
from bulkimport.progress import Progress, open_progress
from bulkimport.refresh.context import RunContext
from bulkimport.refresh.stop import Stop
from bulkimport.report.document_file import write_document
from bulkimport.report.facts import RunFacts
from bulkimport.report.fold import overall, run_facts
from bulkimport.report.meaning import SANDBOX
from bulkimport.report.summary import summary_document
from bulkimport.report.text import summary_text
from bulkimport.workers import Workers

UPLOADS_AT_ONCE = 8
_TRAFFIC_INTERVAL = 0.5


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the command line asks for. `failed_of` and `resume_of` are run ids, `last`, or None."""

    config: Config
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    failed_of: str | None = None
    resume_of: str | None = None
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    wait_lock: float = 0.0


class Execution:
    """Carries out one `run`."""

    def __init__(self, request: RunRequest, common: Common, clock: Clock | None = None) -> None:
        self._request = request
        self._common = common
        self._clock = clock or SystemClock()
        self._rng = random.Random()
        self._config = request.config
        self._stop = Stop()
        self._received: int | None = None
        self._traffic_before = Traffic()

    async def execute(self) -> int:
        """Runs, shows the summary on stdout, and returns the exit code.

        Raises BulkimportError where the run cannot start, or where its journal fails.
        """
        state_dir = self._common.state_directory(self._config)
        selection = select(self._config, self._request.only, self._request.exclude)
        async with Journal.open(state_dir, self._clock) as journal:
            earlier = await self._earlier(journal, selection)
            if earlier is not None and not earlier.selection.datasets:
                return await self._nothing_to_do(journal, earlier)
            facts = await self._run(journal, state_dir, earlier.selection if earlier else selection, earlier)
        self._common.show(lambda layout: summary_text(facts, layout), lambda: summary_document(facts))
        if self._received is not None:
            return 128 + self._received
        return EXIT_SUCCESS if facts.status is RunStatus.SUCCEEDED else EXIT_FAILURE

    async def _earlier(self, journal: Journal, selection: Selection) -> Earlier | None:
        key = config_key(Path(self._config.path))
        if self._request.resume_of is not None:
            return await resumed_from(journal, self._config, key, self._request.resume_of)
        if self._request.failed_of is not None:
            return await failed_of(journal, self._config, key, self._request.failed_of, selection)
        return None

    async def _nothing_to_do(self, journal: Journal, earlier: Earlier) -> int:
        sys.stderr.write(f"Nothing to do: {earlier.nothing_to_do}\n")
        facts = await run_facts(journal, earlier.run, self._clock.now())
        self._common.show(lambda layout: summary_text(facts, layout), lambda: summary_document(facts))
        return EXIT_SUCCESS

    async def _run(self, journal: Journal, state_dir: Path, selection: Selection, earlier: Earlier | None) -> RunFacts:
        resumed = earlier is not None and earlier.refreshes is not None
        run_id = earlier.run.run_id if earlier and resumed else new_run_id(self._clock.now(), self._rng)
        folders = RunFolders(state_dir, run_id)
        await anyio.to_thread.run_sync(folders.open)
        async with AsyncExitStack() as stack:
            stack.callback(folders.close)
            output = configure(
                self._common.log_format,
                self._common.log_level,
                self._common.redactor,
                run_log=folders.run_dir / "run.log",
            )
            stack.push_async_callback(output.aclose)
            output.bind(run_id=run_id)
            if earlier and resumed:
                self._traffic_before = Traffic(earlier.run.requests, earlier.run.throttled)
                await journal.resume_run(run_id, host=socket.gethostname(), pid=os.getpid())
            else:
                await journal.start_run(self._record(run_id, earlier), self._records(selection))
            progress = stack.enter_context(
                open_progress(
                    selection.names,
                    stream=sys.stderr,
                    clock=self._clock,
                    write=output.line,
                    live=self._common.progress and self._common.log_format == "console",
                )
            )
            output.print_through(progress.printer)
            self._announce(selection, output.line)
            facts = await self._import(journal, folders, selection, earlier, progress)
            logger().info(RUN_FINISHED, status=facts.status.value, requests=facts.requests, **self._sandbox_field())
            output.print_through(None)
        return facts

    def _record(self, run_id: str, earlier: Earlier | None) -> RunRecord:
        request = self._request
        return RunRecord(
            run_id=run_id,
            config_path=self._config.path,
            config_key=config_key(Path(self._config.path)),
            command="failed" if earlier else "run",
            options={
                "only": list(request.only),
                "exclude": list(request.exclude),
                "allow_delete": {name: allowance.deletions for name, allowance in request.allowances.items()},
            },
            tenant_key=tenant_key(self._config),
            sandbox=self._config.tenant.is_sandbox,
            version=__version__,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._clock.now(),
            parent_run_id=earlier.run.run_id if earlier else None,
        )

    def _records(self, selection: Selection) -> list[DatasetRecord]:
        return [
            DatasetRecord(d.name, d.dataset_id, position, fingerprint(self._config, d), spec_of(d))
            for position, d in enumerate(selection.datasets)
        ]

    def _announce(self, selection: Selection, line: Callable[[str], None]) -> None:
        logger().info(RUN_STARTED, config=self._config.path, datasets=len(selection.datasets), **self._sandbox_field())
        if self._config.tenant.is_sandbox and self._common.log_format == "console":
            line(SANDBOX)
        for warning in self._config.warnings:
            logger().warning("config.warned", message=warning)

    def _sandbox_field(self) -> dict[str, bool]:
        return {"sandbox": True} if self._config.tenant.is_sandbox else {}

    async def _import(
        self, journal: Journal, folders: RunFolders, selection: Selection, earlier: Earlier | None, progress: Progress
    ) -> RunFacts:
        run_id = folders.run_id
        observer = RunObserver(progress)
        async with open_service(
            self._config, selection.datasets, journal, folders.state_dir, self._clock, self._rng, self._common.redactor
        ) as service:
            run = RunContext(
                run_id=run_id,
                config=self._config,
                tenant_key=tenant_key(self._config),
                client=service.client,
                journal=journal,
                workers=Workers(),
                clock=self._clock,
                rng=self._rng,
                stop=self._stop,
                observer=observer,
                uploads=anyio.CapacityLimiter(UPLOADS_AT_ONCE),
                allowances=self._request.allowances,
            )
            owner = LeaseOwner(run_id, socket.gethostname(), os.getpid(), "")
            refreshes = earlier.refreshes if earlier else None
            importer = Importer(run, folders, selection, owner, self._request.wait_lock, refreshes)
            async with alongside(self._watch_traffic, journal, run_id, service, progress):
                with anyio.CancelScope() as scope:
                    async with alongside(self._watch_signals, scope):
                        await importer.import_all()
        return await self._finish(journal, folders, service)

    async def _watch_signals(self, scope: anyio.CancelScope) -> None:
        """The first signal lets requests in flight finish, the second ends everything at once."""
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                if self._received is not None:
                    scope.cancel()
                    return
                self._received = int(number)
                logger().warning("run.stopping", signal=signal.Signals(number).name)
                self._stop.halt()

    async def _watch_traffic(self, journal: Journal, run_id: str, service: Service, progress: Progress) -> None:
        while True:
            stats, traffic = service.limiter.stats, self._traffic(service)
            progress.traffic(traffic.requests, stats.in_flight, traffic.throttled, stats.waiting)
            await journal.update_traffic(run_id, traffic.requests, traffic.throttled)
            await self._clock.sleep(_TRAFFIC_INTERVAL)

    def _traffic(self, service: Service) -> Traffic:
        """The run's requests, those of the processes before this one included."""
        now, before = service.client.traffic, self._traffic_before
        return Traffic(before.requests + now.requests, before.throttled + now.throttled)

    async def _finish(self, journal: Journal, folders: RunFolders, service: Service) -> RunFacts:
        """Writes the end down: in the journal, and as summary.json."""
        interrupted, now, traffic = self._received is not None, self._clock.now(), self._traffic(service)
        as_ended = replace(await _known_run(journal, folders.run_id), status=RunStatus.INTERRUPTED)
        status = overall((await run_facts(journal, as_ended, now)).datasets, interrupted=interrupted)
        await journal.finish_run(folders.run_id, status, traffic.requests, traffic.throttled, now)
        finished = await _known_run(journal, folders.run_id)
        facts = (await run_facts(journal, finished, now, self._config.warnings)).redacted(self._common.redactor.text)
        await anyio.to_thread.run_sync(write_document, folders.run_dir / "summary.json", summary_document(facts))
        return facts


async def _known_run(journal: Journal, run_id: str) -> RunRecord:
    run = await journal.run(run_id)
    if run is None:
        raise StateError(
            f"Run {run_id} has vanished from the journal.", hint="Was the state directory removed meanwhile?"
        )
    return run
