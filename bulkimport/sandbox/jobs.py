"""Jobs from acceptance to their end.

Jobs of one dataset run in the order in which they were accepted; jobs of different datasets run side by side. A job
that a dying server left unfinished is run by the next one; whatever was applied is not applied again.
"""

import gzip
import logging
import os
import shutil
import sqlite3
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup

from bulkimport.sandbox.answers import CSV, JSON
from bulkimport.sandbox.apply import ImportParameters, ImportTask, JobOutcome, error
from bulkimport.sandbox.dataset import Description
from bulkimport.sandbox.export import write_export
from bulkimport.sandbox.faults import Action
from bulkimport.sandbox.private import open_private
from bulkimport.sandbox.service import SandboxService, new_id, now_text
from bulkimport.sandbox.state import Job, TempFile

_LOG = logging.getLogger(__name__)
_TYPES = {"import": JSON, "csv": CSV, "tsv": "text/tab-separated-values; charset=UTF-8"}


def result_type(job: Job) -> str:
    """The content type of a job's result."""
    return _TYPES.get(job.kind, JSON)


def result_encoding(service: SandboxService) -> str | None:
    return "gzip" if service.options.gzip_results else None


class Jobs:
    """All jobs of a server; they live in its task group."""

    def __init__(self, service: SandboxService, tasks: TaskGroup) -> None:
        self._service = service
        self._tasks = tasks
        self._latest: dict[str, anyio.Event] = {}

    async def accept(
        self,
        kind: str,
        tenant: str,
        dataset_id: str,
        trace_id: str,
        *,
        source: Path | None = None,
        target_type: str = "json",
        parameters: ImportParameters | None = None,
        result_file: str | None = None,
        at_once: bool = False,
    ) -> Job:
        """Registers a job for good and sets it off. The payload at `source` is the job's from now on.

        `at_once`: the job is not made to wait, and this call returns when it has ended.
        """
        service, job_id = self._service, new_id()
        target = service.signer.target(
            "GET", f"/orgvue/jobs%2bticket/{job_id}", time.time(), service.options.ticket_ttl
        )
        job = Job(
            id=job_id,
            kind=kind,
            tenant=tenant,
            dataset_id=dataset_id,
            trace_id=trace_id,
            created_at=now_text(),
            ticket_target=target,
            target_type=target_type,
            parameters=asdict(parameters) if parameters else None,
            result_file_id=result_file,
        )
        await service.data(_register, service, job, source)
        service.job_datasets[job_id] = dataset_id
        done = self._enqueue(job, hurry=at_once)
        if at_once:
            await done.wait()
            return await self.read(job_id) or job
        return job

    async def resume(self) -> None:
        """Sets off what an earlier server left unfinished."""
        for job in await self._service.data(self._service.state.jobs):
            self._service.job_datasets[job.id] = job.dataset_id
            if not job.ended:
                self._enqueue(job)

    async def read(self, job_id: str) -> Job | None:
        return await self._service.data(self._service.state.job, job_id)

    def ticket(self, job: Job) -> dict[str, Any]:
        """The job as its ticket shows it."""
        origin = self._service.storage_origin
        links: dict[str, Any] = {
            "self": {"url": origin + job.ticket_target, "contentType": JSON, "type": "jobTicket"},
        }
        if job.result_target:
            url = origin + job.result_target
            links["result"] = {"contentType": result_type(job), "type": "downloadLink", "url": url}
        ticket: dict[str, Any] = {
            "_links": links,
            "jobStatus": job.status,
            "_createdAt": job.created_at,
            "_createdBy": "sandbox",
            "X-Amzn-Trace-Id": job.trace_id,
        }
        if job.modified_at:
            ticket["_modifiedAt"] = job.modified_at
        if job.errors:
            ticket["errors"] = list(job.errors)
        return ticket

    def _enqueue(self, job: Job, *, hurry: bool = False) -> anyio.Event:
        before, done = self._latest.get(job.dataset_id), anyio.Event()
        self._latest[job.dataset_id] = done
        self._tasks.start_soon(self._live, job, before, done, hurry)
        return done

    async def _live(self, job: Job, before: anyio.Event | None, done: anyio.Event, hurry: bool) -> None:
        timing, service = self._service.options.timing, self._service
        try:
            if not hurry:
                await anyio.sleep(timing.created)
            if before:
                await before.wait()
            started = time.monotonic()
            job = replace(job, status="running")
            await service.data(service.state.save_job, job)
            if not hurry:
                await anyio.sleep(timing.running)
            outcome = await self._perform(job)
            if not hurry:
                wanted = timing.running + timing.per_item * outcome.items
                await anyio.sleep(max(0.0, wanted - (time.monotonic() - started)))
            await service.data(_finish, service, job, outcome)
        except (OSError, sqlite3.Error) as problem:
            # A full disk ends this job's chances, not the server: its next life takes the job up again.
            _LOG.error("job %s of dataset %s cannot go on: %s", job.id, job.dataset_id, problem)
        finally:
            done.set()

    async def _perform(self, job: Job) -> JobOutcome:
        service = self._service
        if job.kind != "import":
            path, result = service.catalog.path(job.dataset_id), service.result_path(job.id)
            return JobOutcome(await anyio.to_thread.run_sync(write_export, path, result, job.kind))
        if not await anyio.to_thread.run_sync(service.payload_path(job.id).exists):
            message = "the importLocation could not be read: it is empty or has expired"
            return JobOutcome(0, (error("ImportLocationUnreadable", message),))
        fault = service.faults.next("job", service.catalog.names(job.dataset_id))
        description = await anyio.to_thread.run_sync(service.catalog.describe, job.dataset_id)
        return await service.pool.apply(_task(service, job, description, fault))


def _task(service: SandboxService, job: Job, description: Description, fault: Action | None) -> ImportTask:
    def wanted(kind: str) -> tuple[str, ...]:
        return tuple(fault.value) if fault is not None and fault.kind == kind else ()

    return ImportTask(
        job_id=job.id,
        database=str(service.catalog.path(job.dataset_id)),
        payload=str(service.payload_path(job.id)),
        target_type=job.target_type,
        result=str(service.result_path(job.id)),
        parameters=ImportParameters(**(job.parameters or {})),
        sides=service.catalog.sides(description),
        fail=wanted("job_fail"),
        reject=wanted("job_reject"),
    )


def _register(service: SandboxService, job: Job, source: Path | None) -> None:
    """Makes the payload the job's own (a second name for the same bytes), then the job a fact."""
    if source is not None and source.exists():
        os.link(source, service.payload_path(job.id))
    service.state.add_job(job)


def _finish(service: SandboxService, job: Job, outcome: JobOutcome) -> None:
    """Puts the result where it belongs, then makes the end a fact."""
    target: str | None = None
    if not outcome.errors:
        result = service.result_path(job.id)
        if service.options.gzip_results:
            _compress(result)
        if job.result_file_id and (file := service.state.file(job.result_file_id)):
            _deliver(service, job, result, file)
        path = f"/orgvue/jobs%2bresult/{job.id}"
        target = service.signer.target("GET", path, time.time(), service.options.ticket_ttl)
    ended = replace(
        job,
        status="failed" if outcome.errors else "completed",
        modified_at=now_text(),
        result_target=target,
        items=outcome.items,
        errors=outcome.errors,
    )
    service.state.save_job(ended)
    service.payload_path(job.id).unlink(missing_ok=True)


def _deliver(service: SandboxService, job: Job, result: Path, file: TempFile) -> None:
    """Writes the result to the location the caller named, unless that has expired, as a PUT to it would find."""
    if file.expires <= time.time():
        return
    destination = service.object_path(file.id)
    part = destination.with_name(f"{job.id}.part")
    with result.open("rb") as source, open_private(part) as copy:
        shutil.copyfileobj(source, copy)
    part.replace(destination)
    service.state.fill_file(file.id, result_type(job), result_encoding(service))


def _compress(path: Path) -> None:
    with path.open("rb") as source:
        if source.read(2) == b"\x1f\x8b":
            return  # done before this server's life began
        source.seek(0)
        part = path.with_name(f"{path.name}.gz.part")
        with open_private(part) as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as packed:
            shutil.copyfileobj(source, packed)
    part.replace(path)
