"""What every refresh of a run shares."""

import random
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from bulkimport.clock import Clock
from bulkimport.folders import DatasetFiles
from bulkimport.guards import Again, Allowance, rerun
from bulkimport.identity import fingerprint
from bulkimport.journal import Journal
from bulkimport.model import Config, Dataset, Payload
from bulkimport.orgvue.client import OrgvueClient
from bulkimport.orgvue.requests import Gate
from bulkimport.refresh.machine import Refresh, State
from bulkimport.refresh.stop import Stop
from bulkimport.saved_plan import Approval
from bulkimport.wording import Typed
from bulkimport.workers import Workers

current_dataset: ContextVar[str | None] = ContextVar("current_dataset", default=None)
"""The dataset that a task of a run works for."""


class Observer(Protocol):
    """Told what happens, for logs and progress; never holds anything up."""

    def state_changed(self, name: str, state: State, detail: str = "") -> None: ...

    def reading(self, name: str, rows: int, source_bytes: int, total_bytes: int) -> None: ...

    def uploading(self, name: str, sent: int, total: int) -> None: ...

    def polled(self, name: str, looks: int, job_status: str) -> None: ...

    def waiting(self, name: str, reason: str) -> None: ...

    def warned(self, name: str, message: str) -> None: ...

    def ended(self, name: str, refresh: Refresh) -> None: ...

    def defect(self, name: str, error: BaseException) -> None: ...


class ExtractCheck(Protocol):
    """Knows whether the extracts of the run belong together."""

    async def check(self, context: "DatasetContext") -> None:
        """Raises GuardError if this dataset's does not."""
        ...


class LinkCheck(Protocol):
    """Knows the keys of the datasets that the run's links join."""

    async def keep(self, dataset: Dataset, payload: Payload) -> None:
        """Notes the keys of a payload."""
        ...

    async def check(self, context: "DatasetContext") -> str | None:
        """A warning about links with an end that is nowhere. Raises GuardError."""
        ...


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run's services and what the command line permits.

    `tenant_key` and `config_key` name tenant and config in the journal; `uploads` bounds uploads at once. `approvals`
    is what a saved plan showed; `accepted_changes` names datasets whose changed config was accepted. `extracts` is
    there where the config wants them of one day, `links` where datasets are checked after those that they depend on;
    `redact` takes secrets out of a text.
    """

    run_id: str
    config: Config
    tenant_key: str
    client: OrgvueClient
    journal: Journal
    workers: Workers
    clock: Clock
    rng: random.Random
    stop: Stop
    observer: Observer
    uploads: anyio.CapacityLimiter
    config_key: str = ""
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    accepted_changes: frozenset[str] = frozenset()
    extracts: ExtractCheck | None = None
    links: LinkCheck | None = None
    redact: Callable[[str], str] = str

    @property
    def typed(self) -> Typed:
        """Commands about the run's config."""
        return Typed.about(self.config)


class UploadSlot:
    """One dataset's hold on the run's upload slots; taking it twice or giving it back twice does nothing."""

    def __init__(self, slots: anyio.CapacityLimiter) -> None:
        self._slots = slots
        self._held = False

    async def acquire(self) -> None:
        if not self._held:
            await self._slots.acquire_on_behalf_of(self)
            self._held = True

    def release(self) -> None:
        if self._held:
            self._held = False
            self._slots.release_on_behalf_of(self)


@dataclass(frozen=True, slots=True)
class DatasetContext:
    """One dataset within a run. `gate` is what its import request passes, there while a driver performs a step."""

    run: RunContext
    dataset: Dataset
    files: DatasetFiles
    upload_slot: UploadSlot
    gate: Gate | None = None

    @property
    def again(self) -> Again:
        """The command that runs this dataset alone again."""
        return rerun(self.dataset, self.run.typed)

    @property
    def allowance(self) -> Allowance:
        return self.run.allowances.get(self.dataset.name, Allowance())

    @property
    def approval(self) -> Approval | None:
        return self.run.approvals.get(self.dataset.name)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.run.config, self.dataset)
