"""`source` of a dataset: where its rows come from and how they are read.

Which keys go together is in `source_types` and checked by `source_rules`.
"""

from typing import Annotated

from pydantic import Field

from bulkimport.config import opaque, values
from bulkimport.config.expectations import choice, duration, switch, whole_number
from bulkimport.config.shapes import Block, OneOrMore, seconds
from bulkimport.config.source_types import SourceType
from bulkimport.model import DifferingColumns, Opaque, Secret


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
    next: Annotated[str | None, values.PLACE] = Field(
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


class SourceBlock(Block):
    type: Annotated[SourceType | None, choice("csv", "json", "ndjson")] = Field(
        None,
        description="Told by the extension where it is .csv, .tsv, .txt, .json, .ndjson or .jsonl (and .gz, .zst or "
        ".zip).",
    )
    path: Annotated[list[Annotated[str, values.FILE_PATH]], OneOrMore("a path or a list of paths")] = Field(
        default_factory=list,
        description="A file, a glob pattern, or a list of them, relative to the file that names them. Or URLs of files "
        "elsewhere, such as s3://bucket/people-*.csv.gz.",
    )
    options: Annotated[dict[str, object], opaque.OPTIONS] = Field(
        {}, description="What the file system of a remote `path` needs: those of its fsspec implementation."
    )
    url: Annotated[Secret | None, values.ADDRESS] = Field(None, description="A report over HTTP.", repr=False)
    params: Annotated[dict[str, Opaque], opaque.PARAMS] = Field({}, description="Parameters, added to `url`.")
    headers: Annotated[dict[str, Opaque], opaque.HEADERS] = Field({}, description="Headers for the report's server.")
    auth: AuthBlock | None = Field(None, description="What proves who asks: `basic` or `bearer`.")
    paging: PagingBlock | None = Field(None, description="How the rest of a report is had that comes in pages.")
    flatten: Annotated[bool, switch()] = Field(
        False, description="JSON reports: nested values become properties, their names joined by dots."
    )
    timeout: Annotated[float, duration()] = seconds(
        "1h", "The longest that a remote file or a report may take, all in all."
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
        "file lacks one.",
    )
    records: Annotated[tuple[str, ...] | None, values.RECORDS.or_null()] = Field(
        None,
        description="JSON only: where in the document the array of objects stands; without it, the document is one.",
    )
    delimiter: Annotated[str | None, values.DELIMITER] = Field(
        None, description="CSV only: a comma, or a tab for .tsv, unless said otherwise."
    )
    encoding: Annotated[str, values.ENCODING] = Field("utf-8", description="CSV only.")
    quotechar: Annotated[str, values.QUOTECHAR] = Field('"', description="CSV only.")
