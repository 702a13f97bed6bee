"""What a sandbox is made of, as values: its address, its datasets at birth, and how it behaves."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import UUID

from bulkimport.model import FieldType, Limits, Scalar
from bulkimport.sandbox.faults import Rule

SEEDS_PATH, SECRET_HEADER = "/sandbox/seeds", "X-Sandbox-Secret"
USERS_LOCK = "users.lock"
_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])
TENANT_ID = re.compile(r"[A-Z][A-Z0-9_]{0,29}")

StoreMode = Literal["storage", "api", "redirect"]
Moment = Literal["request", "job"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a sandbox answers and what it wants to hear; `base_url` is an origin without a trailing slash."""

    base_url: str
    tenant_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PropertySeed:
    """One property of a dataset.

    `allowed` lists the only values accepted (as texts; None: any), `read_only` properties may not be written
    (`onPropertyAccessDenied` decides what happens to a payload that tries).
    """

    key: str
    type: FieldType = "text"
    required: bool = False
    name: str | None = None
    allowed: tuple[str, ...] | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class DatasetSeed:
    """A dataset the sandbox creates at its start unless it has it already.

    With `properties=None` the dataset learns: every property of a payload that it does not know is created as text.
    A dataset that is not a seed of this kind refuses unknown properties, as the service does.
    `joins` names the two datasets a LINKS dataset connects (from, to); without it `from_id` and `to_id` are not
    looked up. `items` fill a dataset that is new, and are ignored for one that exists. `locked` are auto ids of
    items that no import may touch (`onItemAccessDenied` decides).
    """

    dataset_id: str
    name: str
    type: str = "PEOPLE"
    auto_id: str | None = None
    properties: tuple[PropertySeed, ...] | None = None
    joins: tuple[str, str] | None = None
    items: tuple[dict[str, Scalar], ...] = ()
    locked: tuple[str, ...] = ()
    label_id: str | None = None
    tree_id: str | None = None
    tree_parent_id: str | None = None
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "dataset_id", str(UUID(self.dataset_id)).upper())


@dataclass(frozen=True, slots=True)
class JobTiming:
    """Seconds a job spends as `created`, then as `running`, and how many more for each item of its payload."""

    created: float = 0.1
    running: float = 0.2
    per_item: float = 0.000_002


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox behaves. Ports of 0 mean the ports of its last life if they are free, else any.

    `tenant` and `token`: the only ones accepted; None accepts any. `retry_after`: seconds that a 429 for rate or
    concurrency names, None: says nothing. `store`: where PUT URLs point: at the storage host, at the API host, or at
    the API host which answers 307 to the storage host. `url_ttl`, `file_ttl`, `ticket_ttl`: seconds that the presigned
    URLs of temporary files, the files themselves, and the URLs of tickets and results live. `ticket_missing_reads`:
    how many reads of a fresh ticket answer 404. `gzip_results`: results are stored compressed, and say so.
    `items_limit`: a dataset with more items is not answered by the synchronous reading. `location_check`: when an
    `importLocation` that is expired or empty is noticed: at the import request (400) or in its job, which fails.
    `workers`: processes that apply payloads; 0 applies them in a thread of the server's own process.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    storage_port: int = 0
    tenant: str | None = None
    token: str | None = field(default=None, repr=False)
    faults: tuple[Rule, ...] = ()
    limits: Limits = field(default_factory=Limits)
    retry_after: int | None = None
    timing: JobTiming = JobTiming()
    store: StoreMode = "storage"
    url_ttl: float = 900.0
    file_ttl: float = 900.0
    ticket_ttl: float = 86_400.0
    ticket_missing_reads: int = 0
    gzip_results: bool = False
    items_limit: int | None = None
    location_check: Moment = "request"
    workers: int = 1
    seeds: tuple[DatasetSeed, ...] = ()

    def __post_init__(self) -> None:
        if self.tenant is not None and not TENANT_ID.fullmatch(self.tenant):
            raise ValueError(f"a tenant id matches {TENANT_ID.pattern}, got {self.tenant!r}")


def python_environment() -> dict[str, str]:
    """The environment in which a child interpreter finds this very package."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (_PACKAGE_ROOT, os.environ.get("PYTHONPATH"))))}
