"""Sandboxes for tests: in the test's own loop, in a thread, or as a process that can be killed; and a bare client.

The client here knows only what the API description says; it shares nothing with the product's own.
"""

import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from yarl import URL

from bulkimport.sandbox.apply import ImportTask, JobOutcome
from bulkimport.sandbox.faults import rules_from
from bulkimport.sandbox.limits import Stats
from bulkimport.sandbox.observed import Observed
from bulkimport.sandbox.pool import WorkerPool
from bulkimport.sandbox.server import Sandbox, running_sandbox
from bulkimport.sandbox.service import SandboxService
from bulkimport.sandbox.state import Job
from bulkimport.sandbox.world import Address, DatasetSeed, JobTiming, PropertySeed, SandboxOptions, python_environment

JSON = "application/json; charset=UTF-8"
CSV = "text/csv; charset=UTF-8"
PEOPLE = "6586F21B-AD4D-4D06-A309-712AF47184A2"
POSITIONS = "0F7C3A0E-4A44-4E0B-8C56-0A4D4B9C1F01"
LINKS = "5B3A9D0E-8F15-4E6C-9E43-1B7E6C2A7D02"
REFRESH = "implicitDelete=true&autoId=true"
QUICK = JobTiming(created=0.01, running=0.01, per_item=0.0)

PEOPLE_SEED = DatasetSeed(
    PEOPLE,
    "people",
    auto_id="employeeID",
    properties=(
        PropertySeed("employeeID"),
        PropertySeed("name"),
        PropertySeed("salary", "number"),
        PropertySeed("dob", "date"),
        PropertySeed("active", "boolean"),
    ),
)


def quick_options(data_dir: Path, *, seeds: tuple[DatasetSeed, ...] = (PEOPLE_SEED,), **options: Any) -> SandboxOptions:
    """Options for tests: jobs take hundredths of a second and are applied in a thread."""
    return SandboxOptions(data_dir, **{"seeds": seeds, "timing": QUICK, "workers": 0, **options})


def faults(*rules: dict[str, Any]) -> Any:
    """A fault plan from rules as a fault file has them."""
    return rules_from(list(rules))


@dataclass
class Reply:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error_names(self) -> list[str]:
        return [error["name"] for error in self.json()["errors"]]


@dataclass
class Caller:
    """A bare client of one sandbox: sends what it is told, hides nothing, repeats nothing."""

    session: aiohttp.ClientSession
    address: Address

    def url(self, rest: str) -> str:
        return f"{self.address.base_url}/api/v1/{self.address.tenant_id}/{rest}"

    async def api(self, method: str, rest: str, body: Any = None, **headers: str) -> Reply:
        """An API call as it should be; `headers` replace or add (with `_` for `-`)."""
        sent = {"Authorization": f"Bearer {self.address.token}", "Content-Type": JSON}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.send(method, self.url(rest), content, sent)

    async def send(self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Any request; the URL goes out byte for byte."""
        target = URL(url, encoded=True)
        skip = ("Content-Type",) if body is not None else ()
        data = io.BytesIO(body) if isinstance(body, bytes) else body
        sent = {"Accept-Encoding": "identity", **(headers or {})}
        async with self.session.request(
            method, target, data=data, headers=sent, allow_redirects=False, skip_auto_headers=skip
        ) as response:
            return Reply(response.status, dict(response.headers), await response.read())

    async def generate(self, target_type: str = "json") -> dict[str, str]:
        reply = await self.api("POST", "files/generate", {"targetType": target_type, "targetEncoding": "identity"})
        assert reply.status == 200, reply
        location: dict[str, str] = reply.json()
        return location

    async def upload(self, location: dict[str, str], payload: bytes, content_type: str = JSON) -> Reply:
        return await self.send("PUT", location["put"], payload, {"Content-Type": content_type})

    async def submit(self, dataset: str, location: dict[str, str], query: str = REFRESH) -> Reply:
        body = {
            "importLocation": {"method": "GET", "url": location["get"]},
            "resultLocation": {"method": "PUT", "url": location["put"]},
        }
        return await self.api("PUT", f"datasets/{dataset}/items/import?{query}", body)

    async def wait(self, ticket: dict[str, Any]) -> dict[str, Any]:
        """Polls until the job has ended."""
        with anyio.fail_after(60):
            while ticket["jobStatus"] not in ("completed", "failed"):
                await anyio.sleep(0.01)
                ticket = (await self.send("GET", ticket["_links"]["self"]["url"])).json()
        return ticket

    async def result(self, ticket: dict[str, Any]) -> list[dict[str, Any]]:
        reply = await self.send("GET", ticket["_links"]["result"]["url"])
        assert reply.status == 200, reply
        entries: list[dict[str, Any]] = reply.json()
        return entries

    async def load(
        self, dataset: str, rows: Any, query: str = REFRESH, target_type: str = "json"
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A whole import: the final ticket and the entries of its result (none if it failed)."""
        location = await self.generate(target_type)
        payload = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        assert (await self.upload(location, payload, JSON if target_type == "json" else CSV)).status == 200
        accepted = await self.submit(dataset, location, query)
        assert accepted.status == 202, accepted
        ticket = await self.wait(accepted.json())
        return ticket, await self.result(ticket) if ticket["jobStatus"] == "completed" else []


@asynccontextmanager
async def calling(options: SandboxOptions) -> AsyncIterator[tuple[Sandbox, Caller]]:
    """A sandbox in this very loop and a client for it."""
    async with running_sandbox(options) as sandbox, aiohttp.ClientSession(auto_decompress=False) as session:
        yield sandbox, Caller(session, sandbox.address)


@dataclass
class ThreadedSandbox:
    """A sandbox that runs in another thread; everything here may be called from the test's."""

    _sandbox: Sandbox
    _portal: BlockingPortal

    @property
    def address(self) -> Address:
        return self._sandbox.address

    @property
    def storage_url(self) -> str:
        return self._sandbox.storage_url

    @property
    def requests(self) -> list[Observed]:
        return self._portal.call(lambda: self._sandbox.requests)

    def items(self, dataset_id: str) -> list[dict[str, Any]]:
        return self._portal.call(self._sandbox.items, dataset_id)

    def jobs(self) -> list[Job]:
        return self._portal.call(self._sandbox.jobs)

    def stats(self) -> Stats:
        return self._portal.call(self._sandbox.stats)

    def set_faults(self, *rules: dict[str, Any]) -> None:
        """Replaces the fault plan by rules as a fault file has them."""
        self._portal.call(self._sandbox.set_faults, faults(*rules))

    @contextmanager
    def jobs_held(self, *dataset_ids: str) -> Iterator[None]:
        """Imports into these datasets, or into all, stay `running` until the end of the block."""
        held = self._portal.call(_HeldPool, self._sandbox._service, dataset_ids)
        try:
            yield
        finally:
            self._portal.call(held.let_go)


class _HeldPool(WorkerPool):
    """Takes the place of a sandbox's pool, which gets its work later."""

    def __init__(self, service: SandboxService, dataset_ids: Sequence[str]) -> None:
        super().__init__(0)
        self._service, self._pool, self._over = service, service.pool, anyio.Event()
        self._databases = [str(service.catalog.path(dataset_id)) for dataset_id in dataset_ids]
        service.pool = self

    async def apply(self, work: ImportTask) -> JobOutcome:
        if not self._databases or work.database in self._databases:
            await self._over.wait()
        return await self._pool.apply(work)

    def let_go(self) -> None:
        self._service.pool = self._pool
        self._over.set()


@contextmanager
def sandbox_thread(options: SandboxOptions) -> Iterator[ThreadedSandbox]:
    """A sandbox in a thread of its own, for tests whose client is another process or blocks."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(running_sandbox(options)) as sandbox:
        yield ThreadedSandbox(sandbox, portal)


class SandboxProcess:
    """A sandbox as a process of its own that can be killed; `options` are JSON values for `SandboxOptions`."""

    def __init__(self, data_dir: Path, **options: Any) -> None:
        document = json.dumps({"data_dir": str(data_dir), **options})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=python_environment(),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(document)
        self._process.stdin.close()
        watchdog = threading.Timer(100, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline()
        watchdog.cancel()
        assert line, "the sandbox did not start"
        self.address = Address(**json.loads(line))

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self._process.poll() is None:
            self._process.send_signal(number)
        code = self._process.wait(60)
        if self._process.stdout:
            self._process.stdout.close()
        return code

    def __enter__(self) -> "SandboxProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def _serve_from_stdin() -> int:
    from bulkimport.sandbox.server import run_server

    document = json.loads(sys.stdin.read())
    timing = JobTiming(**document.pop("timing", {"created": 0.01, "running": 0.01}))
    rules = rules_from(document.pop("faults", []))
    options = SandboxOptions(
        Path(document.pop("data_dir")), timing=timing, faults=rules, seeds=(PEOPLE_SEED,), **document
    )

    def announce(address: Address) -> None:
        known = {"base_url": address.base_url, "tenant_id": address.tenant_id, "token": address.token}
        sys.stdout.write(json.dumps(known) + "\n")
        sys.stdout.flush()

    return run_server(options, announce)


if __name__ == "__main__":
    sys.exit(_serve_from_stdin())
