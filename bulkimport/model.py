"""The vocabulary: what every layer calls things. Values only; nothing here does I/O.

Configuration reaches the rest of the program as these frozen dataclasses (paths absolute, durations in seconds).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Stage(StrEnum):
    """Where in a refresh an error happened, as the summary names it."""

    SOURCE = "source"
    GUARD = "guard"
    GENERATE = "generate"
    UPLOAD = "upload"
    IMPORT = "import"
    POLL = "poll"
    RESULT = "result"


class DatasetStatus(StrEnum):
    """How one dataset ended."""

    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"
    FAILED = "failed"
    REFUSED = "refused"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"

    @property
    def is_success(self) -> bool:
        return self in (DatasetStatus.SUCCEEDED, DatasetStatus.UNCHANGED)


class RunStatus(StrEnum):
    """How a run ended; `RUNNING` is only ever seen while it is alive."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Entries of a job's result, by what became of each item."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import would do to a dataset, in items; the examples are keys, a handful at most.

    `rekeyed` counts deletions whose other values come back in a creation under another key (old, new in the examples).
    """

    created: int
    updated: int
    deleted: int
    unchanged: int
    deleted_examples: tuple[str, ...] = ()
    created_examples: tuple[str, ...] = ()
    rekeyed: int = 0
    rekeyed_examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An error as the summary shows it. `hint` says what to do next; `stage` is None where none was reached."""

    stage: Stage | None
    message: str
    hint: str
    http_status: int | None = None
    code: str | None = None
    name: str | None = None
    trace_id: str | None = None
    retryable: bool = False
    blocked_by: tuple[str, ...] = ()


# ---- configuration ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that never shows itself: `repr` and `str` are masked, `reveal()` is the only way in."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"


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
    """`keep_runs`: how many runs of a config keep their folders; None keeps all."""

    max_parallel_datasets: int = 16
    state_dir: str | None = None
    fail_fast: bool = False
    keep_runs: int | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """Seconds; `timeout` counts from the acceptance of the import."""

    initial: float = 1.0
    max: float = 30.0
    timeout: float = 1800.0


@dataclass(frozen=True, slots=True)
class CsvSource:
    """Delimited text. `paths` are files or glob patterns, read in order as one source."""

    paths: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    quotechar: str = '"'
    type: Literal["csv"] = "csv"


@dataclass(frozen=True, slots=True)
class JsonSource:
    """A JSON array of objects in each file."""

    paths: tuple[str, ...]
    type: Literal["json"] = "json"


@dataclass(frozen=True, slots=True)
class NdjsonSource:
    """One JSON object a line."""

    paths: tuple[str, ...]
    type: Literal["ndjson"] = "ndjson"


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """The table of one or more Parquet files with the same columns."""

    paths: tuple[str, ...]
    type: Literal["parquet"] = "parquet"


FileSource = CsvSource | JsonSource | NdjsonSource | ParquetSource
"""Sources whose `paths` are read as they stand."""


@dataclass(frozen=True, slots=True)
class DuckDbSource:
    """The rows of one query that DuckDB runs, in the text `query` or else in the file `query_file`.

    File names in it are relative to `folder`.
    """

    folder: str
    query: str | None = None
    query_file: str | None = None
    type: Literal["duckdb"] = "duckdb"


Source = FileSource | DuckDbSource
FieldType = Literal["text", "number", "date", "boolean"]
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """One property of the payload: `name` as Orgvue knows it, read from the source column `source_column`.

    `format` is a strptime pattern for dates; `default` fills blank and missing cells (None: no default).
    """

    name: str
    source_column: str
    type: FieldType | None = None
    format: str | None = None
    default: Scalar = None


ExtraColumns = Literal["pass", "drop", "refuse"]
PayloadFormat = Literal["json", "csv"]
AccessPolicy = Literal["skip", "fail"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The query parameters of the import (API page, "Query parameters of the import")."""

    implicit_delete: bool = True
    auto_id: bool = True
    id_key: str | None = None
    merge_key: str | None = None
    date_format: Literal["YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY"] = "YYYY-MM-DD"
    on_property_access_denied: AccessPolicy = "fail"
    on_item_access_denied: AccessPolicy = "fail"
    on_action_validation_failure: AccessPolicy = "fail"
    noop_token: str | None = None
    clear_token: str | None = None


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits on what may be sent; None switches a limit off. `required` names properties of the payload."""

    min_rows: int | None = 1
    max_rows: int | None = None
    max_delete_rows: int | None = 500
    max_delete_percent: float | None = 5.0
    max_create_percent: float | None = None
    max_update_percent: float | None = None
    duplicates: Literal["refuse", "first", "last"] = "refuse"
    required: tuple[str, ...] = ()
    allow_item_errors: int = 0
    baseline: Literal["live", "last_run", "none"] = "live"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset to refresh. `key` names the properties (after renaming) that together identify an item."""

    name: str
    dataset_id: str
    source: Source
    key: tuple[str, ...]
    payload: PayloadFormat = "json"
    fields: tuple[Field, ...] | None = None
    extra_columns: ExtraColumns = "pass"
    import_options: ImportOptions = ImportOptions()
    guards: Guards = Guards()
    poll: Poll = Poll()
    depends_on: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration; `path` is the file as the user named it, `datasets` are in the order of the files.

    `warnings` are sentences for the user about what was accepted but should be changed.
    """

    path: str
    tenant: Tenant
    limits: Limits
    timeouts: Timeouts
    retries: Retries
    run: RunOptions
    datasets: tuple[Dataset, ...]
    warnings: tuple[str, ...] = ()


# ---- payload ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """One key that cannot be sent: what it is and the 1-based numbers of the data rows that have it (some of them)."""

    key: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Payload:
    """The finished payload in its spool file, and what was learnt while it was written.

    `rows` and `bytes` describe the payload as it would be uploaded. `columns` are its property keys in order of
    first appearance. `keys_path` names a sidecar: one JSON array of the payload's keys per line, in row order, a
    composite key being itself an array. `blank_keys` and `duplicate_keys` count rows and keys respectively; the
    examples are a handful. `missing` maps each `required` property to the number of rows in which it is blank or
    absent (only those above 0).
    """

    path: str
    format: PayloadFormat
    rows: int
    bytes: int
    sha256: str
    columns: tuple[str, ...]
    keys_path: str
    blank_keys: int = 0
    blank_examples: tuple[int, ...] = ()
    duplicate_keys: int = 0
    duplicate_examples: tuple[KeyProblem, ...] = ()
    dropped_duplicates: int = 0
    missing: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()
    source_bytes: int = 0
