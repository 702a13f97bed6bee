"""A whole configuration: tenant, limits, datasets, and whom a run is told to."""

from dataclasses import dataclass
from typing import Literal

from bulkimport.model.dataset import Dataset
from bulkimport.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Tenant:
    """`base_url` is an origin without a trailing slash, or `sandbox`; the token is None only with the sandbox."""

    base_url: str
    tenant_id: str
    token: Secret | None

    @property
    def is_sandbox(self) -> bool:
        return self.base_url == "sandbox"


@dataclass(frozen=True, slots=True)
class Limits:
    requests_per_second: int = 100
    concurrent_requests: int = 50
    requests_per_day: int = 500_000


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; `read` is the longest silence on a connection."""

    connect: float = 10.0
    read: float = 60.0


@dataclass(frozen=True, slots=True)
class Retries:
    """Per request: attempts in all (1 = no retry), longest single wait and total time in seconds."""

    attempts: int = 6
    max_wait: float = 30.0
    total: float = 300.0


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`keep_runs`: how many runs of a config keep their folders; None keeps all. `same_extract_date`: no dataset is
    imported unless all extracts are of one day."""

    max_parallel_datasets: int = 16
    state_dir: str | None = None
    fail_fast: bool = False
    keep_runs: int | None = None
    same_extract_date: bool = False


NotifyEvent = Literal["failure", "recovery", "refusal", "success"]


@dataclass(frozen=True, slots=True)
class Notification:
    """A channel, by its Apprise URL (which holds its credentials), and what it is told."""

    url: Secret
    events: tuple[NotifyEvent, ...] = ("failure", "recovery", "refusal")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What is pinged at the start of a run and at its end; the URLs are secrets, None where nothing is pinged."""

    start: Secret | None = None
    success: Secret | None = None
    failure: Secret | None = None


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Where spans go over OTLP/HTTP: the base address (None: only if the environment names one), and its headers."""

    otlp_endpoint: str | None = None
    headers: tuple[tuple[str, Secret], ...] = ()


@dataclass(frozen=True, slots=True)
class Outlets:
    """Who is told of a run beside the caller. `textfile` is where Prometheus's node_exporter reads it."""

    notifications: tuple[Notification, ...] = ()
    heartbeat: Heartbeat = Heartbeat()
    textfile: str | None = None
    telemetry: Telemetry = Telemetry()


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration; `path` is the file as the user named it, `datasets` are in the order of the files.

    `warnings` are sentences for the user about what was accepted but should be changed. `full_path` is the file for
    commands that are typed elsewhere, `named_state_dir` the state directory where such a command has to name it because
    the file does not. `secrets` are what came from the environment and is not to be seen, wherever in the config it is.
    """

    path: str
    tenant: Tenant
    limits: Limits
    timeouts: Timeouts
    retries: Retries
    run: RunOptions
    datasets: tuple[Dataset, ...]
    warnings: tuple[str, ...] = ()
    outlets: Outlets = Outlets()
    full_path: str | None = None
    named_state_dir: str | None = None
    secrets: tuple[Secret, ...] = ()
