"""`source` of a dataset: where its rows come from and how they are read.

Which keys go together is in `source_types` and checked by `source_rules`.
"""

from typing import Annotated

from pydantic import Field

from bulkimport.config import values
from bulkimport.config.expectations import choice, duration, switch
from bulkimport.config.shapes import Block, OneOrMore
from bulkimport.config.source_types import SourceType
from bulkimport.model import DifferingColumns


class SourceBlock(Block):
    type: Annotated[SourceType | None, choice("csv", "json", "ndjson")] = Field(
        None,
        description="Told by the extension where it is .csv, .tsv, .txt, .json, .ndjson or .jsonl (and .gz, .zst or "
        ".zip).",
    )
    path: Annotated[list[Annotated[str, values.FILE_PATH]], OneOrMore("a path or a list of paths")] = Field(
        default_factory=list,
        description="A file, a glob pattern, or a list of them, relative to the file that names them.",
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
