"""The vocabulary: what every layer calls things. Values only; nothing here does I/O.

Configuration reaches the rest of the program as these frozen dataclasses (paths absolute, durations in seconds).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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

    def redacted(self, redact: Callable[[str], str]) -> "ErrorReport":
        """The same with `redact` applied to every text in it that may have come from elsewhere."""
        return replace(
            self,
            message=redact(self.message),
            hint=redact(self.hint),
            code=redact(self.code) if self.code else self.code,
            name=redact(self.name) if self.name else self.name,
            trace_id=redact(self.trace_id) if self.trace_id else self.trace_id,
        )


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
    """`keep_runs`: how many runs of a config keep their folders; None keeps all. `same_extract_date`: no dataset is
    imported unless all extracts are of one day."""

    max_parallel_datasets: int = 16
    state_dir: str | None = None
    fail_fast: bool = False
    keep_runs: int | None = None
    same_extract_date: bool = False


@dataclass(frozen=True, slots=True)
class Poll:
    """Seconds; `timeout` counts from the acceptance of the import. `learns`: earlier jobs may replace `initial`."""

    initial: float = 1.0
    max: float = 30.0
    timeout: float = 1800.0
    learns: bool = True


@dataclass(frozen=True, slots=True)
class FileChoice:
    """Which of the files that are found are read, and whether they may be: decided before they are opened.

    `newest` takes of each pattern the file that was modified last. In seconds: files that were modified more than
    `max_age` ago are refused, files that were modified within `stable_for` are waited for; None: no such rule.
    """

    newest: bool = False
    max_age: float | None = None
    stable_for: float | None = None


DifferingColumns = Literal["refuse", "fill"]


@dataclass(frozen=True, slots=True)
class CsvSource:
    """Delimited text. `paths` are files or glob patterns, read in order as one source.

    `member` is the name, or a glob pattern for it, of the one member of a zip archive that is read.
    """

    paths: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    quotechar: str = '"'
    differing_columns: DifferingColumns = "refuse"
    member: str | None = None
    choice: FileChoice = FileChoice()
    type: Literal["csv"] = "csv"


@dataclass(frozen=True, slots=True)
class ExcelSource:
    """A sheet of each workbook: by its name, by its 1-based place among the visible ones, or (None) the first of them.

    `header_row` is the 1-based row that names the columns; what stands above it is not read.
    """

    paths: tuple[str, ...]
    sheet: str | int | None = None
    header_row: int = 1
    choice: FileChoice = FileChoice()
    type: Literal["excel"] = "excel"


@dataclass(frozen=True, slots=True)
class JsonSource:
    """A JSON array of objects in each file: the whole file, or what stands under the names `records` in an object."""

    paths: tuple[str, ...]
    records: tuple[str, ...] = ()
    member: str | None = None
    choice: FileChoice = FileChoice()
    type: Literal["json"] = "json"


@dataclass(frozen=True, slots=True)
class NdjsonSource:
    """One JSON object a line.

    `columns` are those of the table that the records were, if they were one: known without any record. `unit` is what
    people call a line.
    """

    paths: tuple[str, ...]
    columns: tuple[str, ...] | None = None
    unit: str = "line"
    member: str | None = None
    choice: FileChoice = FileChoice()
    type: Literal["ndjson"] = "ndjson"


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """The table of one or more Parquet files with the same columns."""

    paths: tuple[str, ...]
    choice: FileChoice = FileChoice()
    type: Literal["parquet"] = "parquet"


FileSource = CsvSource | ExcelSource | JsonSource | NdjsonSource | ParquetSource
"""Sources whose `paths` are files on this machine."""

Opaque = str | Secret
"""A text that may have to be kept to oneself."""


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """Files elsewhere, each by its URL or a glob pattern of such, in order; read as `content`, whose paths are empty.

    `options` are the file system's own, nested where it wants them so. `timeout` bounds the whole transfer, in seconds.
    """

    urls: tuple[Secret, ...]
    content: FileSource
    options: Mapping[str, object] = field(default_factory=dict)
    timeout: float = 3600.0


@dataclass(frozen=True, slots=True)
class Basic:
    """A name and a password for HTTP's basic authentication."""

    username: Secret
    password: Secret


@dataclass(frozen=True, slots=True)
class Bearer:
    token: Secret


@dataclass(frozen=True, slots=True)
class LinkPaging:
    """The next page is where the answer's `Link` header says (RFC 8288, rel=next)."""


@dataclass(frozen=True, slots=True)
class NextPaging:
    """The next page is where a value in the answer's JSON says: the names of objects and the value, joined by dots."""

    place: str


@dataclass(frozen=True, slots=True)
class CountedPaging:
    """The next page is asked for by number (or, with `by_rows`, by how many rows to skip), until one has no rows."""

    parameter: str
    first: int
    by_rows: bool


Paging = LinkPaging | NextPaging | CountedPaging


@dataclass(frozen=True, slots=True)
class HttpSource:
    """A report over HTTP, in one or (with `paging`) at most `max_pages` answers; read as `content`, whose paths are
    empty.

    `flatten` makes properties of what is nested in JSON records. `timeout` bounds the whole report, in seconds.
    """

    url: Secret
    content: FileSource
    params: tuple[tuple[str, Opaque], ...] = ()
    headers: tuple[tuple[str, Opaque], ...] = ()
    auth: Basic | Bearer | None = None
    paging: Paging | None = None
    max_pages: int = 10_000
    flatten: bool = False
    timeout: float = 3600.0


Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class CommandSource:
    """What a program writes to its standard output, run in `folder`, in at most `timeout` seconds.

    `content` says how that is read, and has no paths.
    """

    argv: tuple[str, ...]
    folder: str
    content: FileSource
    timeout: float = 600.0
    type: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class PythonSource:
    """The mappings that `function` (`package.module:function`) yields, called with `arguments` by name.

    It is importable from `folder`, and may take `timeout` seconds.
    """

    function: str
    folder: str
    arguments: tuple[tuple[str, Scalar], ...] = ()
    timeout: float = 600.0
    type: Literal["python"] = "python"


@dataclass(frozen=True, slots=True)
class SqlSource:
    """The rows of one query to the database at a SQLAlchemy `url`, within `timeout` seconds.

    The query is in `query`, or else in the file `query_file`; `parameters` are bound to its `:name`s. A database that
    is a file is relative to `folder`.
    """

    url: Secret
    folder: str
    query: str | None = None
    query_file: str | None = None
    parameters: tuple[tuple[str, Scalar], ...] = ()
    timeout: float = 600.0
    type: Literal["sql"] = "sql"


@dataclass(frozen=True, slots=True)
class DuckDbSource:
    """The rows of one query that DuckDB runs within `timeout` seconds: the text `query`, or that of `query_file`.

    File names in it are relative to `folder`.
    """

    folder: str
    query: str | None = None
    query_file: str | None = None
    timeout: float = 600.0
    type: Literal["duckdb"] = "duckdb"


Source = FileSource | CommandSource | DuckDbSource | HttpSource | PythonSource | RemoteSource | SqlSource
FieldType = Literal["text", "number", "date", "boolean"]
Unmapped = Literal["keep", "refuse", "blank"]


@dataclass(frozen=True, slots=True)
class Field:
    """One property of the payload: `name` as Orgvue knows it, read from the source column `source_column`, to which the
    texts of the columns `joined` are added, `separator` between them.

    `trim` takes white space off, `null_values` are texts that count as blank, `value_map` replaces texts (`unmapped`
    says what becomes of others), and then the value is read as its `type` says; `format` is a strptime pattern for
    dates. `default` fills blank and missing cells (None: no default). With a `constant` no column is read.
    """

    name: str
    source_column: str
    type: FieldType | None = None
    format: str | None = None
    default: Scalar = None
    joined: tuple[str, ...] = ()
    separator: str = ""
    constant: Scalar = None
    trim: bool = False
    null_values: tuple[str, ...] = ()
    value_map: tuple[tuple[str, Scalar], ...] = ()
    unmapped: Unmapped = "keep"

    @property
    def source_columns(self) -> tuple[str, ...]:
        return () if self.constant is not None else (self.source_column, *self.joined)


ExtractOrigin = Literal["modified", "file_name", "column"]


@dataclass(frozen=True, slots=True)
class ExtractDate:
    """Where the day of an extract is told: by the files' modification, in their name (`pattern`: see `sources.extract`;
    None: wherever a date stands), or in a column (`format`: a strptime pattern; None: ISO 8601)."""

    origin: ExtractOrigin = "modified"
    pattern: str | None = None
    column: str | None = None
    format: str | None = None


ExtraColumns = Literal["pass", "drop", "refuse"]
BlankPolicy = Literal["as_is", "omit", "null", "clear", "noop"]
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
    """One dataset to refresh. `key` names the properties (after renaming) that together identify an item.

    `trim` and `null_values` are for columns that `fields` does not name. `blanks` says how blank values go out:
    `as_is`, not at all, as null, or as the import's clear or noop token.
    """

    name: str
    dataset_id: str
    source: Source
    key: tuple[str, ...]
    payload: PayloadFormat = "json"
    fields: tuple[Field, ...] | None = None
    extra_columns: ExtraColumns = "pass"
    trim: bool = False
    null_values: tuple[str, ...] = ()
    blanks: BlankPolicy = "as_is"
    import_options: ImportOptions = ImportOptions()
    guards: Guards = Guards()
    poll: Poll = Poll()
    extract_date: ExtractDate | None = None
    depends_on: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    enabled: bool = True


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

    `warnings` are sentences for the user about what was accepted but should be changed. `named_state_dir` is the state
    directory as the command line named it, if it did.
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
    named_state_dir: str | None = None


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
