"""Where rows come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bulkimport.model.secret import Opaque, Secret


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
    """The next page is where a value in the answer's JSON says: the names of objects and of the value in them.

    A name with dots may be there in parts, as if it were several.
    """

    place: tuple[str, ...]


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
