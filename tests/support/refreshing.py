"""A run without a network: the real journal, workers and files, and a service in memory that behaves like one."""

import csv
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import anyio
import anyio.lowlevel
import anyio.to_thread

from bulkimport.clock import Clock
from bulkimport.errors import NotThereYetError, ServiceError, UnavailableError
from bulkimport.folders import DatasetFiles, RunFolders
from bulkimport.identity import fingerprint
from bulkimport.journal import DatasetRecord, Journal, LeaseOwner, RunRecord
from bulkimport.model import Config, CsvSource, Dataset, ImportOptions, PayloadFormat, Poll, Stage
from bulkimport.orgvue.body import Body
from bulkimport.orgvue.client import OrgvueClient
from bulkimport.orgvue.requests import Gate
from bulkimport.orgvue.wire import DatasetMetadata, JobError, JobStatus, Location, Property, Ticket
from bulkimport.refresh import events as e
from bulkimport.refresh.context import DatasetContext, RunContext, UploadSlot
from bulkimport.refresh.driver import Driver
from bulkimport.refresh.machine import Command, Refresh, State, replay
from bulkimport.refresh.stop import Stop
from bulkimport.workers import Workers
from tests.support.vocabulary import a_config

TENANT = "sandbox/ACME"
CONFIG_KEY = "/configs/all.yaml"
QUICK = Poll(initial=0.01, max=0.02, timeout=60.0)
"""Looks often, and gives honest work its time: tests that want it to run out say so."""
Item = dict[str, Any]


@dataclass
class FakeJob:
    """An import as the service keeps it; it ends when its ticket is read for the `looks`th time."""

    dataset_id: str
    location: Location
    looks: int
    ended: bool = False


@dataclass
class FakeOrgvue:
    """The service in memory. `asked` lists what was asked of it as (step, dataset id or URL).

    `errors[step]` are raised instead of answers, the first first; `carried_out` says that an import whose error is
    raised was carried out all the same. `throttles` says how many import requests are turned away first.
    `before[step]` is awaited when the step arrives.
    """

    clock: Clock
    items: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    properties: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    before: dict[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    looks: int = 2
    life: float = 900.0
    carried_out: bool = False
    throttles: int = 0
    fails_with: tuple[JobError, ...] = ()
    versions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _numbers: Any = field(default_factory=lambda: count(1))

    def times(self, step: str) -> int:
        return sum(asked == step for asked, _ in self.asked)

    async def _step(self, step: str, about: str) -> None:
        self.asked.append((step, about))
        if step in self.before:
            await self.before[step]()
        await anyio.lowlevel.checkpoint()
        if self.errors[step]:
            raise self.errors[step].pop(0)

    async def metadata(self, dataset_id: str, *, stage: Stage | None = None) -> DatasetMetadata:
        await self._step("metadata", dataset_id)
        properties = {key: Property(key, kind) for key, kind in self.properties.items()}
        return DatasetMetadata(dataset_id, "", "PEOPLE", "id", f"cache-{self.versions[dataset_id]}", properties)

    async def download_items(self, dataset_id: str, path: Path, *, stage: Stage | None = None) -> int:
        await self._step("items", dataset_id)
        return await _write(path, self.items[dataset_id])

    async def generate_location(self, payload_format: PayloadFormat) -> tuple[Location, str | None]:
        await self._step("generate", payload_format)
        number = next(self._numbers)
        expires = self.clock.now() + timedelta(seconds=self.life)
        return Location(f"https://store/{number}?sig=g", f"https://store/{number}?sig=p", expires), f"Root=1-{number}"

    async def upload(self, location: Location, body: Body, on_progress: Callable[[int], None] | None = None) -> None:
        await self._step("upload", location.put_url)
        stream = body.open()
        content = b"".join([bytes(chunk) async for chunk in stream])
        await stream.aclose()
        self.stored[location.get_url] = content
        if on_progress is not None:
            on_progress(len(content))

    async def stored_size(self, location: Location) -> int | None:
        await self._step("verify", location.get_url)
        return len(self.stored[location.get_url])

    async def read_stored_head(self, location: Location, n: int) -> bytes | None:
        await self._step("head", location.get_url)
        for job in self.jobs.values():
            if job.location.get_url == location.get_url:
                self._look(job)
        return self.stored.get(location.get_url, b"")[:n] or None

    async def submit_import(self, dataset_id: str, location: Location, options: ImportOptions, gate: Gate) -> Ticket:
        if "turn" in self.before:
            await self.before["turn"]()
        await gate.about_to_send()
        while self.throttles:
            self.throttles -= 1
            await gate.turned_away(UnavailableError("Slow down.", hint="Wait.", code="42901"))
            await self._step("throttled", dataset_id)
            await gate.again()
            await gate.about_to_send()
        self.asked.append(("import", dataset_id))
        if "import" in self.before:
            await self.before["import"]()
        error = self.errors["import"].pop(0) if self.errors["import"] else None
        url = f"https://store/ticket/{next(self._numbers)}?sig=t"
        if error is None or self.carried_out:
            self.jobs[url] = FakeJob(dataset_id, location, self.looks)
        if error is not None:
            raise error
        return Ticket(url, JobStatus.CREATED, trace_id="Root=1-job")

    async def read_ticket(self, url: str) -> Ticket:
        await self._step("poll", url)
        job = self.jobs[url]
        self._look(job)
        if not job.ended:
            return Ticket(url, JobStatus.RUNNING)
        if self.fails_with:
            return Ticket(url, JobStatus.FAILED, errors=self.fails_with, trace_id="Root=1-job")
        return Ticket(url, JobStatus.COMPLETED, result_url=f"{job.location.get_url}&result")

    async def download(self, url: str, path: Path) -> int:
        await self._step("result", url)
        stored = self.stored.get(url.removesuffix("&result"))
        if stored is None:
            raise NotThereYetError("Nothing is there.", hint="Look later.")
        return await _write(path, json.loads(stored))

    def _look(self, job: FakeJob) -> None:
        job.looks -= 1
        if job.looks > 0 or job.ended:
            return
        job.ended = True
        if self.fails_with:
            return
        rows = json.loads(self.stored[job.location.get_url])
        held = {item["id"] for item in self.items[job.dataset_id]}
        sent = [{key: value for key, value in row.items() if key != "_action"} for row in rows]
        gone = held - {item["id"] for item in sent}
        self.items[job.dataset_id] = sent
        self.versions[job.dataset_id] += 1
        entries = [
            {"_status": "success", "_action": "update" if item["id"] in held else "create", "id": item["id"]}
            for item in sent
        ] + [{"_status": "implicitDelete", "_action": "delete", "id": key} for key in sorted(gone)]
        self.stored[job.location.get_url] = json.dumps(entries).encode()


async def _write(path: Path, document: object) -> int:
    content = json.dumps(document).encode()
    await anyio.to_thread.run_sync(path.write_bytes, content)
    return len(content)


@dataclass
class Witness:
    """An observer that remembers: `lines` are (what, dataset, text)."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)
    defects: list[BaseException] = field(default_factory=list)

    def state_changed(self, name: str, state: State, detail: str = "") -> None:
        self.lines.append(("state", name, state.value))

    def reading(self, name: str, rows: int, source_bytes: int, total_bytes: int) -> None:
        self.lines.append(("reading", name, str(rows)))

    def uploading(self, name: str, sent: int, total: int) -> None:
        self.lines.append(("uploading", name, f"{sent}/{total}"))

    def polled(self, name: str, looks: int, job_status: str) -> None:
        self.lines.append(("polled", name, job_status))

    def waiting(self, name: str, reason: str) -> None:
        self.lines.append(("waiting", name, reason))

    def warned(self, name: str, message: str) -> None:
        self.lines.append(("warned", name, message))

    def ended(self, name: str, refresh: Refresh) -> None:
        self.lines.append(("ended", name, str(refresh.status)))

    def defect(self, name: str, error: BaseException) -> None:
        self.defects.append(error)

    def of(self, what: str, name: str | None = None) -> list[str]:
        return [text for kind, about, text in self.lines if kind == what and name in (None, about)]


def csv_dataset(folder: Path, name: str, keys: Sequence[int] = (1, 2, 3), **changes: Any) -> Dataset:
    """A dataset whose source has these keys in `id`; blocking, so for use before the first await."""
    path = folder / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name"])
        writer.writerows([key, f"Person {key}"] for key in keys)
    values = {"poll": QUICK, **changes}
    return Dataset(name, str(uuid5(NAMESPACE_URL, name)).upper(), CsvSource((str(path),)), ("id",), **values)


class OpenGate:
    """Lets everything through, and remembers: `passed` lists `sent`, `turned away` and `again`."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    async def about_to_send(self) -> None:
        self.passed.append("sent")

    async def turned_away(self, error: ServiceError) -> None:
        self.passed.append("turned away")

    async def again(self) -> None:
        self.passed.append("again")


@dataclass
class Bench:
    """One run and all that belongs to it."""

    run: RunContext
    folders: RunFolders
    service: FakeOrgvue
    witness: Witness
    owner: LeaseOwner

    @property
    def journal(self) -> Journal:
        return self.run.journal

    async def files(self, name: str) -> DatasetFiles:
        return await anyio.to_thread.run_sync(self.folders.of, name)

    async def context(self, name: str) -> DatasetContext:
        dataset = next(dataset for dataset in self.run.config.datasets if dataset.name == name)
        return DatasetContext(self.run, dataset, await self.files(name), UploadSlot(self.run.uploads), OpenGate())

    async def driver(self, name: str, refresh: Refresh | None = None, **steps: Any) -> Driver:
        """A driver whose turn comes at once; `steps` replace others by the names of their commands."""
        own = {Command[key]: step for key, step in steps.items()}
        return Driver(await self.context(name), {Command.AWAIT_TURN: _at_once} | own, refresh)

    async def events(self, name: str, run_id: str | None = None) -> list[e.Event]:
        return [entry.event for entry in await self.journal.entries(run_id or self.run.run_id, name)]

    async def kinds(self, name: str) -> list[str]:
        return [type(event).__name__ for event in await self.events(name)]

    async def replayed(self, name: str) -> Refresh:
        """What a later process would know of the refresh."""
        return replay(await self.events(name))


async def _at_once(context: DatasetContext, refresh: Refresh) -> e.TurnCame:
    return e.TurnCame()


@asynccontextmanager
async def a_bench(
    folder: Path,
    *datasets: Dataset,
    clock: Clock,
    run_id: str = "run-1",
    service: FakeOrgvue | None = None,
    config: Config | None = None,
    uploads: int = 2,
    command: str = "run",
    **more: Any,
) -> AsyncIterator[Bench]:
    """A run of these datasets, registered in the journal of `folder`."""
    service = service or FakeOrgvue(clock)
    witness = Witness()
    config = replace(config or a_config(), datasets=datasets)
    folders = RunFolders(folder / "state", run_id)
    await anyio.to_thread.run_sync(folders.open)
    try:
        async with Journal.open(folder / "state", clock) as journal:
            known = [
                replace(one, fingerprint=fingerprint(config, of))
                for one, of in zip(records(datasets), datasets, strict=True)
            ]
            await journal.start_run(a_record(run_id, clock.now(), command=command), known)
            run = RunContext(
                run_id=run_id,
                config=config,
                tenant_key=TENANT,
                client=cast("OrgvueClient", service),
                journal=journal,
                workers=Workers(),
                clock=clock,
                rng=random.Random(7),
                stop=Stop(),
                observer=witness,
                uploads=anyio.CapacityLimiter(uploads),
                config_key=CONFIG_KEY,
                **more,
            )
            yield Bench(run, folders, service, witness, LeaseOwner(run_id, "host", 1, ""))
    finally:
        await anyio.to_thread.run_sync(folders.close)


def a_record(run_id: str, started_at: datetime, **changes: Any) -> RunRecord:
    values: Mapping[str, Any] = {
        "config_path": "configs/all.yaml",
        "config_key": CONFIG_KEY,
        "command": "run",
        "options": {},
        "tenant_key": TENANT,
        "sandbox": True,
        "version": "0",
        "host": "host",
        "pid": 1,
    }
    return RunRecord(run_id=run_id, started_at=started_at, **{**values, **changes})


def records(datasets: Sequence[Dataset]) -> list[DatasetRecord]:
    return [DatasetRecord(one.name, one.dataset_id, place, "fingerprint") for place, one in enumerate(datasets)]
