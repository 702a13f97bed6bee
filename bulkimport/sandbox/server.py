"""A sandbox that listens: its data folder, its two listeners, its jobs and its end."""

import logging
import secrets
import signal
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from os import close
from typing import Any

import anyio
import orjson
from aiohttp import web

from bulkimport.errors import StateError, UsageError
from bulkimport.sandbox import dataset
from bulkimport.sandbox.api import Api
from bulkimport.sandbox.catalog import Catalog
from bulkimport.sandbox.faults import FaultPlan, Rule, parse_rules
from bulkimport.sandbox.handlers import RequestHandlers
from bulkimport.sandbox.jobs import Jobs
from bulkimport.sandbox.limits import Stats
from bulkimport.sandbox.observed import Observations, Observed
from bulkimport.sandbox.pool import WorkerPool, worker_pool
from bulkimport.sandbox.private import open_lock, try_lock, unusable_folder, write_private
from bulkimport.sandbox.service import SandboxService
from bulkimport.sandbox.signing import Signer
from bulkimport.sandbox.state import Job, SandboxState
from bulkimport.sandbox.storage import Storage
from bulkimport.sandbox.world import Address, DatasetSeed, JobTiming, PropertySeed, SandboxOptions

__all__ = [
    "Address",
    "DatasetSeed",
    "JobTiming",
    "PropertySeed",
    "Sandbox",
    "SandboxOptions",
    "parse_rules",
    "run_server",
    "running_sandbox",
    "serve",
]

_SWEEP_SECONDS = 5.0
_LOCK_ATTEMPTS, _LOCK_PAUSE = 5, 0.02
_LOG = logging.getLogger(__name__)
_FOLDERS = ("objects", "payloads", "results")


class Sandbox:
    """A running sandbox as its owner sees it."""

    def __init__(self, service: SandboxService, address: Address) -> None:
        self._service = service
        self.address = address

    @property
    def storage_url(self) -> str:
        """The origin of the storage host."""
        return self._service.storage_origin

    @property
    def requests(self) -> list[Observed]:
        """The requests seen so far, oldest first (the latest 20 000 at most)."""
        return list(self._service.observations.requests)

    async def items(self, dataset_id: str) -> list[dict[str, Any]]:
        """All items of a dataset, each with its `_id`."""
        path = self._service.catalog.path(dataset_id.upper())
        content = await anyio.to_thread.run_sync(lambda: b"".join(dataset.items_json(path)))
        items: list[dict[str, Any]] = orjson.loads(content)
        return items

    async def jobs(self) -> list[Job]:
        """All jobs in the order in which they were accepted."""
        return await self._service.data(self._service.state.jobs)

    def stats(self) -> Stats:
        """What the API host saw: the worst of all tenants for the peaks, the sum for the counts."""
        every = [meter.stats() for meter in self._service.meters.values()]
        return Stats(
            max((stats.peak_per_second for stats in every), default=0),
            max((stats.peak_concurrency for stats in every), default=0),
            sum(stats.throttled for stats in every),
            sum(stats.requests for stats in every),
        )

    def set_faults(self, rules: tuple[Rule, ...]) -> None:
        """Replaces the fault plan; all counting starts anew."""
        self._service.faults = FaultPlan(rules)


@asynccontextmanager
async def running_sandbox(options: SandboxOptions) -> AsyncIterator[Sandbox]:
    """A sandbox for the length of the block, in the running event loop.

    Raises StateError if another process serves the data folder, UsageError if a port that was asked for is taken.
    """
    lock = await anyio.to_thread.run_sync(_claim, options)
    try:
        state = await anyio.to_thread.run_sync(SandboxState, options.data_dir / "world.db")
        try:
            async with worker_pool(options.workers) as pool:
                service = await anyio.to_thread.run_sync(_furnish, options, state, pool)
                async with _listening(service) as sandbox:
                    yield sandbox
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(state.close)
    finally:
        close(lock)


def _furnish(options: SandboxOptions, state: SandboxState, pool: WorkerPool) -> SandboxService:
    """Everything that lies in the data folder, in one piece."""
    for name in _FOLDERS:
        # What is whole has no extension; what has one was being written when an earlier life ended.
        for leftover in (options.data_dir / name).glob("*.*"):
            leftover.unlink(missing_ok=True)
    catalog = Catalog(options.data_dir / "datasets")
    catalog.plant(options.seeds)
    signer = Signer(bytes.fromhex(state.setting("signing_key", secrets.token_hex(32))))
    secret = secrets.token_urlsafe(24)
    return SandboxService(options, state, catalog, signer, pool, FaultPlan(options.faults), Observations(), secret)


@asynccontextmanager
async def _listening(service: SandboxService) -> AsyncIterator[Sandbox]:
    options = service.options
    api_socket = await _bind(service, "port", options.port)
    storage_socket = await _bind(service, "storage_port", options.storage_port)
    service.api_origin, service.storage_origin = (
        _origin(options.host, api_socket),
        _origin(options.host, storage_socket),
    )
    failure: Exception | None = None
    try:
        async with anyio.create_task_group() as tasks:
            jobs = Jobs(service, tasks)
            handlers = RequestHandlers(service, Api(service, jobs), Storage(service, jobs))
            runners = [_runner(handlers.at_api), _runner(handlers.at_storage)]
            try:
                for runner, listener in zip(runners, (api_socket, storage_socket), strict=True):
                    await runner.setup()
                    await web.SockSite(runner, listener, backlog=512).start()
                await jobs.resume()
                tasks.start_soon(_sweep, service)
                yield Sandbox(service, await service.data(_announce, service))
            except Exception as error:
                failure = error
                raise
            finally:
                with anyio.CancelScope(shield=True):
                    for runner in runners:
                        await runner.cleanup()
                tasks.cancel_scope.cancel()
    except ExceptionGroup:
        # What the owner's block raised is the owner's to see as it was; the task group is our affair.
        if failure is not None:
            raise failure from None
        raise


async def serve(options: SandboxOptions, *, ready: Callable[[Address], None], stop: anyio.Event) -> None:
    """Serves until `stop` is set; `ready` hears the address once requests are answered."""
    async with running_sandbox(options) as sandbox:
        ready(sandbox.address)
        await stop.wait()


def run_server(options: SandboxOptions, announce: Callable[[Address], None]) -> int:
    """Serves until SIGINT or SIGTERM and returns 0; blocks. Raises what `running_sandbox` does."""

    async def main() -> None:
        stop = anyio.Event()
        async with anyio.create_task_group() as tasks:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                tasks.start_soon(lambda: serve(options, ready=announce, stop=stop))
                async for _ in signals:
                    stop.set()
                    break

    try:
        anyio.run(main)
    except BaseExceptionGroup as group:
        _raise_own(group)
    return 0


def _raise_own(group: BaseExceptionGroup[BaseException]) -> None:
    """One error of ours out of the task group's wrapping; anything else stays as it is."""
    found: BaseException = group.subgroup((StateError, UsageError)) or group
    while isinstance(found, BaseExceptionGroup) and found is not group:
        found = found.exceptions[0]
    raise found


def _claim(options: SandboxOptions) -> int:
    """The data folder, ours alone, as a lock to close: two servers of one folder would apply jobs twice."""
    folder = options.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _FOLDERS:
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        lock = open_lock(folder / "sandbox.lock")
    except OSError as error:
        raise unusable_folder(folder, error) from error
    # Whoever starts an embedded sandbox looks at the lock for an instant: one look is not another server.
    for _ in range(_LOCK_ATTEMPTS):
        if try_lock(lock, shared=False):
            return lock
        time.sleep(_LOCK_PAUSE)
    close(lock)
    hint = "Stop that sandbox first, or give this one a folder of its own."
    raise StateError(f"Another sandbox is serving {folder}.", hint=hint)


async def _bind(service: SandboxService, name: str, port: int) -> socket.socket:
    """A listening address: the port that was asked for, else that of the last life if it is free, else any."""
    host = service.options.host
    remembered = int(await service.data(service.state.setting, name, "0"))
    for candidate in (port,) if port else (remembered, 0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError as error:
            listener.close()
            if candidate == 0 or port:
                hint = "Choose another port, or none to have a free one."
                raise UsageError(
                    f"The sandbox cannot listen on {host}:{candidate}: {error.strerror}.", hint=hint
                ) from error
            continue
        await service.data(service.state.change_setting, name, str(listener.getsockname()[1]))
        return listener
    raise AssertionError("the last candidate is bound or raises")


def _origin(host: str, listener: socket.socket) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{listener.getsockname()[1]}"


def _runner(handler: Callable[[web.BaseRequest], Any]) -> web.ServerRunner:
    server = web.Server(handler, access_log=None, auto_decompress=False, tcp_keepalive=True)
    return web.ServerRunner(server, shutdown_timeout=0.3)


def _announce(service: SandboxService) -> Address:
    """Settles tenant and token, and leaves the address in the folder for other runs of this machine."""
    options, state = service.options, service.state
    tenant = options.tenant or state.setting("tenant", "SANDBOX")
    token = options.token or state.setting("token", secrets.token_urlsafe(24))
    address = Address(service.api_origin, tenant, token)
    document = {"base_url": address.base_url, "tenant_id": tenant, "token": token, "secret": service.secret}
    write_private(options.data_dir / "address.json", orjson.dumps(document))
    return address


async def _sweep(service: SandboxService) -> None:
    """Deletes temporary files when their time is over, and results that no URL leads to any more."""
    while True:
        try:
            await service.data(_sweep_once, service)
        except (OSError, sqlite3.Error) as problem:
            _LOG.error("expired files cannot be deleted: %s", problem)
        await anyio.sleep(min(_SWEEP_SECONDS, service.options.file_ttl))


def _sweep_once(service: SandboxService) -> None:
    now = time.time()
    for file_id in service.state.forget_files(now):
        service.object_path(file_id).unlink(missing_ok=True)
    for result in service.folder("results").iterdir():
        if result.stat().st_mtime < now - service.options.ticket_ttl - 60:
            result.unlink(missing_ok=True)
