"""What all parts of a running sandbox share: its options, its data, its keys and its addresses."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import anyio

from bulkimport.clock import timestamp
from bulkimport.sandbox.catalog import Catalog
from bulkimport.sandbox.faults import FaultPlan
from bulkimport.sandbox.limits import Meter
from bulkimport.sandbox.observed import Observations
from bulkimport.sandbox.pool import WorkerPool
from bulkimport.sandbox.signing import Signer
from bulkimport.sandbox.state import SandboxState
from bulkimport.sandbox.world import SandboxOptions

T = TypeVar("T")


@dataclass(slots=True)
class SandboxService:
    """The origins are set once the listeners are bound."""

    options: SandboxOptions
    state: SandboxState
    catalog: Catalog
    signer: Signer
    pool: WorkerPool
    faults: FaultPlan
    observations: Observations
    secret: str = field(repr=False)
    api_origin: str = ""
    storage_origin: str = ""
    meters: dict[str, Meter] = field(default_factory=dict)
    job_datasets: dict[str, str] = field(default_factory=dict)
    file_datasets: dict[str, str] = field(default_factory=dict)
    _data_thread: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    async def data(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls something that blocks on the shared database, one at a time, away from the event loop."""
        return await anyio.to_thread.run_sync(function, *arguments, limiter=self._data_thread)

    def folder(self, name: str) -> Path:
        return self.options.data_dir / name

    def object_path(self, file_id: str) -> Path:
        return self.folder("objects") / file_id

    def payload_path(self, job_id: str) -> Path:
        return self.folder("payloads") / job_id

    def result_path(self, job_id: str) -> Path:
        return self.folder("results") / job_id


def new_id() -> str:
    return str(uuid4()).upper()


def new_trace_id() -> str:
    """In the shape of the load balancer's: `Root=1-<seconds in hex>-<24 hex digits>`."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def now_text() -> str:
    return timestamp(datetime.now(UTC))
