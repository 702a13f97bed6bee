"""One run from its config to its summary: opens what it needs, imports, and closes it again."""

import os
import random
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread

from bulkimport import __version__
from bulkimport.alongside import alongside
from bulkimport.cli.audience import Audience
from bulkimport.cli.interruption import Interruption
from bulkimport.cli.observer import RunObserver
from bulkimport.cli.options import EXIT_FAILURE, EXIT_SUCCESS, Common
from bulkimport.cli.plan_file import use_once
from bulkimport.cli.services import Service, open_service, token_warnings
from bulkimport.cli.settings import config_key, spec_of
from bulkimport.cli.work import Work
from bulkimport.clock import Clock, SystemClock
from bulkimport.errors import StateError
from bulkimport.folders import RunFolders
from bulkimport.identity import fingerprint, tenant_key
from bulkimport.importer import Importer
from bulkimport.journal import DatasetRecord, Journal, LeaseOwner, RunRecord, new_run_id
from bulkimport.log import RUN_FINISHED, RUN_STARTED, configure, logger
from bulkimport.model import Config, Outlets, RunStatus
from bulkimport.orgvue.exchange import Traffic
from bulkimport.plan import Selection
from bulkimport.progress import Progress, SilentProgress, open_progress
from bulkimport.refresh.context import RunContext
from bulkimport.refresh.extracts import extracts_of
from bulkimport.refresh.link_ends import LinkEnds
from bulkimport.report.document_file import write_document
from bulkimport.report.facts import RunFacts
from bulkimport.report.fold import overall, run_facts
from bulkimport.report.meaning import SANDBOX_NOTICE, command_to_go_on, next_commands
from bulkimport.report.summary import summary_document
from bulkimport.report.text import summary_text
from bulkimport.retention import retire_runs
from bulkimport.tracing import Spans
from bulkimport.workers import Workers

UPLOADS_AT_ONCE = 8
_TRAFFIC_INTERVAL = 0.5


class Execution:
    """Carries out the work of one command that imports: `run` or `restore`."""

    def __init__(self, config: Config, common: Common, clock: Clock | None = None) -> None:
        self._common = common
        self._clock = clock or SystemClock()
        self._rng = random.Random()
        self._config = config
        self._config_key = ""
        self._interruption = Interruption()
        self._traffic_before = Traffic()
        self._warnings = (*config.warnings, *token_warnings(config, self._clock))

    async def carry_out(self, work: Work, journal: Journal, state_dir: Path) -> int:
        """Runs, shows the summary on stdout, and returns the exit code.

        Raises BulkimportError where the run cannot start, or where its journal fails.
        """
        self._config_key = await anyio.to_thread.run_sync(config_key, Path(self._config.path))
        facts = await self._run(work, journal, state_dir)
        self._common.show(lambda layout: summary_text(facts, layout), lambda: summary_document(facts))
        if self._interruption.received is not None:
            return 128 + self._interruption.received
        return EXIT_SUCCESS if facts.status is RunStatus.SUCCEEDED else EXIT_FAILURE

    async def _run(self, work: Work, journal: Journal, state_dir: Path) -> RunFacts:
        run_id = work.resumes.run_id if work.resumes else new_run_id(self._clock.now(), self._rng)
        folders = RunFolders(state_dir, run_id)
        await anyio.to_thread.run_sync(folders.open)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_in_thread, folders.close)
            output = configure(
                self._common.log_format,
                self._common.log_level,
                self._common.redactor,
                run_log=folders.run_dir / "run.log",
            )
            stack.push_async_callback(output.aclose)
            output.bind(run_id=run_id)
            audience = await self._audience(work, journal, run_id)
            async with alongside(
                self._interruption.watch, run_id
            ):  # from here on a signal leaves a run that can be resumed
                await self._register(run_id, work, journal)
                self._common.has_begun = True
                progress = stack.enter_context(self._progress(work.selection.names, output.line))
                output.print_through(progress.printer)
                self._announce(work, output.line)
                async with audience.accompany():
                    facts = await self._import(work, journal, folders, progress, audience.spans)
                    if audience.spans is not None:
                        audience.spans.run_ended(facts)
            await audience.tell(facts)
            if facts.status is RunStatus.INTERRUPTED:
                for _, command in next_commands(facts):
                    logger().warning("run.interrupted", resume=command)
            logger().info(RUN_FINISHED, status=facts.status.value, requests=facts.requests, **self._sandbox_field())
            output.print_through(None)
            if self._common.output == "json":
                self._say_sandbox(output.line)
        return facts

    async def _register(self, run_id: str, work: Work, journal: Journal) -> None:
        """The journal knows of the run before anything else does."""
        if work.plan is not None:
            await use_once(journal, work.plan, run_id)
        if work.resumes:
            self._traffic_before = Traffic(work.resumes.requests, work.resumes.throttled)
            await journal.resume_run(work.resumes, host=socket.gethostname(), pid=os.getpid())
        else:
            await journal.start_run(self._record(run_id, work), self._records(work.selection))

    async def _audience(self, work: Work, journal: Journal, run_id: str) -> Audience:
        """A restore is made by a person who sees how it ends; it says nothing about the nightly run."""
        outlets = self._config.outlets
        if work.command == "restore":
            outlets = Outlets(telemetry=outlets.telemetry)
        config = replace(self._config, outlets=outlets)
        audience = Audience(config, self._config_key, run_id, journal, self._clock, self._common.redactor)
        await audience.look_back()
        return audience

    def _record(self, run_id: str, work: Work) -> RunRecord:
        return RunRecord(
            run_id=run_id,
            config_path=self._config.path,
            config_key=self._config_key,
            command=work.command,
            options=work.options | {"typed": self._config.full_path, "state_dir": self._config.named_state_dir},
            tenant_key=tenant_key(self._config),
            sandbox=self._config.tenant.is_sandbox,
            version=__version__,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._clock.now(),
            parent_run_id=work.follows.run_id if work.follows else None,
        )

    def _records(self, selection: Selection) -> list[DatasetRecord]:
        return [
            DatasetRecord(d.name, d.dataset_id, position, fingerprint(self._config, d), spec_of(d))
            for position, d in enumerate(selection.datasets)
        ]

    def _announce(self, work: Work, line: Callable[[str], None]) -> None:
        count = len(work.selection.datasets)
        logger().info(RUN_STARTED, config=self._config.path, datasets=count, **self._sandbox_field())
        self._say_sandbox(line)
        for sentence in self._warnings:
            logger().warning("config.warned", message=sentence)
        for sentence in work.warnings:
            logger().warning("run.warned", message=sentence)

    def _progress(self, names: Sequence[str], line: Callable[[str], None]) -> Progress:
        """A log in JSON is read by programs, and says itself what becomes of the datasets."""
        if self._common.log_format == "json":
            return SilentProgress()
        return open_progress(names, stream=sys.stderr, clock=self._clock, write=line, live=self._common.progress)

    def _say_sandbox(self, line: Callable[[str], None]) -> None:
        """For people; a summary in text says it itself, and JSON logs have a field for it."""
        if self._config.tenant.is_sandbox and self._common.log_format == "console":
            line(SANDBOX_NOTICE)

    def _sandbox_field(self) -> dict[str, bool]:
        return {"sandbox": True} if self._config.tenant.is_sandbox else {}

    async def _import(
        self, work: Work, journal: Journal, folders: RunFolders, progress: Progress, spans: Spans | None
    ) -> RunFacts:
        run_id = folders.run_id
        observer = RunObserver(progress, spans)
        async with open_service(
            self._config,
            work.selection.datasets,
            journal,
            folders.state_dir,
            self._clock,
            self._rng,
            self._common.redactor,
            on_wait=observer.limited,
            watch=None if spans is None else spans.request,
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
                stop=self._interruption.stop,
                observer=observer,
                uploads=anyio.CapacityLimiter(UPLOADS_AT_ONCE),
                config_key=self._config_key,
                allowances=work.allowances,
                approvals=work.approvals,
                accepted_changes=work.accepted_changes,
                redact=self._common.redactor.text,
                extracts=None if work.command == "restore" else extracts_of(self._config, work.selection.datasets),
                links=LinkEnds(work.selection, folders.spool.kept),
            )
            owner = LeaseOwner(run_id, socket.gethostname(), os.getpid(), "")
            importer = Importer(
                run,
                folders,
                work.selection,
                owner,
                work.wait_lock,
                earlier=work.refreshes,
                steps=work.steps,
                makes_up=work.makes_up,
            )
            async with alongside(self._watch_traffic, journal, run_id, service, progress):
                with self._interruption.cancelling():
                    await importer.import_all()
        return await self._finish(journal, folders, service)

    async def _watch_traffic(self, journal: Journal, run_id: str, service: Service, progress: Progress) -> None:
        while True:
            stats, traffic = service.limiter.stats, self._traffic(service)
            progress.traffic(traffic.requests, stats.in_flight, traffic.throttled, stats.waiting, stats.left_today)
            await journal.update_traffic(run_id, traffic.requests, traffic.throttled)
            await self._clock.sleep(_TRAFFIC_INTERVAL)

    def _traffic(self, service: Service) -> Traffic:
        """The run's requests, those of the processes before this one included."""
        now, before = service.client.traffic, self._traffic_before
        return Traffic(before.requests + now.requests, before.throttled + now.throttled)

    async def _finish(self, journal: Journal, folders: RunFolders, service: Service) -> RunFacts:
        """Writes the end down: as summary.json, then in the journal, so that what has ended has its summary."""
        now, traffic = self._clock.now(), self._traffic(service)
        run = await _known_run(journal, folders.run_id)
        run = replace(run, status=RunStatus.INTERRUPTED, finished_at=now, requests=traffic.requests)
        facts = await run_facts(journal, replace(run, throttled=traffic.throttled), now, self._warnings)
        status = overall(facts.datasets, interrupted=self._interruption.received is not None)
        facts = replace(facts, status=status).redacted(self._common.redactor.text)
        await anyio.to_thread.run_sync(_write_summary, folders, facts)
        await journal.finish_run(folders.run_id, status, traffic.requests, traffic.throttled, now)
        keep = self._config.run.keep_runs
        if keep is not None:
            retired = await retire_runs(journal, folders.state_dir, self._config_key, keep)
            logger().info("runs.retired", run_ids=retired)
        return facts


def _write_summary(folders: RunFolders, facts: RunFacts) -> None:
    try:
        write_document(folders.run_dir / "summary.json", summary_document(facts))
    except OSError as error:
        raise StateError(
            f"The summary of run {folders.run_id} cannot be written: {error.strerror or error}. All that it did is in "
            "the journal.",
            hint=f"See that the state directory is there, writable and has free space, then: {command_to_go_on(facts)}",
        ) from error


async def _in_thread(close: Callable[[], None]) -> None:
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(close)


async def _known_run(journal: Journal, run_id: str) -> RunRecord:
    run = await journal.run(run_id)
    if run is None:
        raise StateError(
            f"Run {run_id} has vanished from the journal.", hint="Was the state directory removed meanwhile?"
        )
    return run
