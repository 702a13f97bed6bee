"""`source` of a dataset: where its rows come from and how they are read.

Which keys go together is in `source_types` and checked by `source_rules`.
"""

from typing import Annotated

from pydantic import Field

from bulkimport.config import values
from bulkimport.config.expectations import choice, duration, whole_number
from bulkimport.config.shapes import Block, OneOrMore, seconds
from bulkimport.config.source_types import SourceType
from bulkimport.model import Scalar, Secret

Parameters = dict[Annotated[str, values.PARAMETER], Annotated[Scalar, values.SCALAR]]


class SourceBlock(Block):
    type: Annotated[SourceType | None, choice("csv", "excel", "json", "ndjson", "sql")] = Field(
        None,
        description="Told by the extension where it is .csv, .tsv, .txt, .json, .ndjson, .jsonl (and .gz), .xlsx or "
        ".xlsm, and by `query`. What a `command` writes has none: there it is required.",
    )
    path: Annotated[list[Annotated[str, values.FILE_PATH]], OneOrMore("a path or a list of paths")] = Field(
        default_factory=list,
        description="A file, a glob pattern, or a list of them, relative to the file that names them.",
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
    query: Annotated[str | None, values.QUERY] = Field(None, description="One SELECT, to the database at `url`.")
    query_file: Annotated[str | None, values.FILE_PATH] = Field(None, description="A file with the query instead.")
    url: Annotated[Secret | None, values.DATABASE_URL] = Field(
        None,
        description="For a query: the SQLAlchemy URL of the database, its password best from a variable.",
        repr=False,
    )
    parameters: Parameters = Field(default_factory=dict, description="For a query: the values of its `:name`s.")
    timeout: Annotated[float, duration()] = seconds("10m", "How long a command, a function or a query may take.")
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
