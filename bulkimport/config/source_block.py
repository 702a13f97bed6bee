"""`source` of a dataset: where its rows come from and how they are read.

Which keys go together is in `source_types` and checked by `source_rules`.
"""

from typing import Annotated

from pydantic import Field

from bulkimport.config import opaque, values
from bulkimport.config.expectations import choice, duration, switch, whole_number
from bulkimport.config.shapes import Block, OneOrMore
from bulkimport.config.source_types import SourceType
from bulkimport.model import DifferingColumns, Opaque, Scalar, Secret


class BasicBlock(Block):
    username: Annotated[Secret, values.SECRET] = Field(description="The account's name; for some servers an API key.")
    password: Annotated[Secret, values.SECRET] = Field(description="Its password: best from a variable.")


class AuthBlock(Block):
    """One of the two."""

    basic: BasicBlock | None = Field(None, description="A name and a password.")
    bearer: Annotated[Secret | None, values.TOKEN] = Field(None, description="A token: best from a variable.")


class PagingBlock(Block):
    """One of the first four."""

    link: Annotated[bool, switch()] = Field(
        False, description="true: the next page is where the answer's `Link` header says (rel=next)."
    )
    next: Annotated[tuple[str, ...] | None, values.PLACE] = Field(
        None,
        description="Where in an answer's JSON the address of the next page stands.",
        examples=["@odata.nextLink", "d.__next"],
    )
    page: Annotated[str | None, values.PARAMETER] = Field(
        None, description="The parameter that asks for a page by its number, until one has no records."
    )
    offset: Annotated[str | None, values.PARAMETER] = Field(
        None, description="The parameter that says how many records to skip, until there are no more."
    )
    first: Annotated[int | None, whole_number(0)] = Field(
        None,
        description="What `page` or `offset` begins with; 1 and 0 unless said otherwise.",
    )
    max_pages: Annotated[int, whole_number(1)] = Field(
        10_000, description="A report with more pages fails: no paging goes on for ever."
    )


Parameters = dict[Annotated[str, values.PARAMETER_NAME], Annotated[Scalar, values.SCALAR]]


class SourceBlock(Block):
    type: Annotated[SourceType | None, choice("csv", "duckdb", "excel", "json", "ndjson", "parquet", "sql")] = Field(
        None,
        description="Told by the extension where it is .csv, .tsv, .txt, .json, .ndjson or .jsonl (and .gz, .zst or "
        ".zip), .xlsx, .xlsm or .parquet; a query with a `url` is sql. What a `command` writes has none: there it is "
        "required.",
    )
    path: Annotated[list[Annotated[str, values.FILE_PATH]], OneOrMore("a path or a list of paths")] = Field(
        default_factory=list,
        description="A file, a glob pattern, or a list of them, relative to the file that names them. Or URLs of files "
        "elsewhere, such as s3://bucket/people-*.csv.gz.",
    )
    options: Annotated[dict[str, object], opaque.OPTIONS] = Field(
        {}, description="What the file system of a remote `path` needs: those of its fsspec implementation."
    )
    url: Annotated[Secret | None, values.ADDRESS] = Field(
        None,
        description="A report over HTTP; with a query the SQLAlchemy URL of a database, its password best a variable.",
        repr=False,
    )
    params: Annotated[dict[str, Opaque], opaque.PARAMS] = Field({}, description="Parameters, added to `url`.")
    headers: Annotated[dict[str, Opaque], opaque.HEADERS] = Field({}, description="Headers for the report's server.")
    auth: AuthBlock | None = Field(None, description="What proves who asks: `basic` or `bearer`.")
    paging: PagingBlock | None = Field(None, description="How the rest of a report is had that comes in pages.")
    flatten: Annotated[bool, switch()] = Field(
        False, description="JSON reports: nested values become properties, their names joined by dots."
    )
    timeout: Annotated[float | None, duration()] = Field(
        None,
        description="The longest that it may take to have all rows here; 1h for remote files and reports, 10m for "
        "commands, functions and queries.",
    )
    newest: Annotated[bool, switch()] = Field(
        False,
        description="Of each pattern, read the file that was modified last, not all.",
    )
    max_age: Annotated[float | None, duration().or_null()] = Field(
        None, description="Refuse files that were modified longer ago."
    )
    stable_for: Annotated[float | None, duration().or_null()] = Field(
        None,
        description="Wait for files that were modified within this time: they may still be written. "
        "After twenty times as long the dataset fails.",
    )
    member: Annotated[str | None, values.MEMBER.or_null()] = Field(
        None, description="Which file in a .zip is read, if there are several: its name, or a pattern."
    )
    differing_columns: Annotated[DifferingColumns, choice("refuse", "fill")] = Field(
        "refuse",
        description="CSV only: what if files of one source have different columns. fill: all columns, blank where a "
        "file lacks one; each has to have the key.",
    )
    records: Annotated[tuple[str, ...] | None, values.RECORDS.or_null()] = Field(
        None,
        description="JSON only: where in the document the array of objects stands; without it, the document is one.",
    )
    command: list[Annotated[str, values.ARGUMENT]] = Field(
        default_factory=list,
        description="A program and its arguments, run in this file's folder without a shell: its output is read.",
        json_schema_extra={"minItems": 1},
        examples=[["gpg", "--decrypt", "people.csv.gpg"]],
    )
    python: Annotated[str | None, values.FUNCTION] = Field(
        None, description="A Python function that yields a mapping for each row, importable from this file's folder."
    )
    arguments: Parameters = Field(default_factory=dict, description="For `python`: the function's arguments, by name.")
    query: Annotated[str | None, values.QUERY] = Field(
        None,
        description="One SELECT to the database at `url`, or with `type: duckdb` over files relative to this one.",
    )
    query_file: Annotated[str | None, values.FILE_PATH] = Field(None, description="A file with the query instead.")
    parameters: Parameters = Field(default_factory=dict, description="For a query: the values of its `:name`s.")
    delimiter: Annotated[str | None, values.DELIMITER] = Field(
        None, description="CSV only: a comma, or a tab for .tsv, unless said otherwise."
    )
    encoding: Annotated[str, values.ENCODING] = Field("utf-8", description="CSV only.")
    quotechar: Annotated[str, values.QUOTECHAR] = Field('"', description="CSV only.")
    sheet: Annotated[str | int | None, values.SHEET.or_null()] = Field(
        None,
        description="Excel only: a sheet by its name, or by its place among those not hidden; otherwise the first.",
    )
    header_row: Annotated[int, whole_number(1)] = Field(
        1, description="Excel only: the row that names the columns; what is above it is not read."
    )
