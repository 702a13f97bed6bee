"""`source` of a dataset: where its rows come from and how they are read.

Which keys go together is in `source_types` and checked by `source_rules`.
"""

from typing import Annotated

from pydantic import Field

from bulkimport.config import values
from bulkimport.config.expectations import choice
from bulkimport.config.shapes import Block, OneOrMore
from bulkimport.config.source_types import SourceType


class SourceBlock(Block):
    type: Annotated[SourceType | None, choice("csv", "duckdb", "json", "ndjson", "parquet")] = Field(
        None,
        description="Told by the extension where it is .csv, .tsv, .txt, .json, .ndjson, .jsonl (and .gz) or .parquet.",
    )
    path: Annotated[list[Annotated[str, values.FILE_PATH]], OneOrMore("a path or a list of paths")] = Field(
        default_factory=list,
        description="A file, a glob pattern, or a list of them, relative to the file that names them.",
    )
    query: Annotated[str | None, values.QUERY] = Field(
        None, description="With `type: duckdb`: one SELECT over files, named relative to this file."
    )
    query_file: Annotated[str | None, values.FILE_PATH] = Field(
        None, description="A file that holds the query, relative to the file that names it."
    )
    delimiter: Annotated[str | None, values.DELIMITER] = Field(
        None, description="CSV only: a comma, or a tab for .tsv, unless said otherwise."
    )
    encoding: Annotated[str, values.ENCODING] = Field("utf-8", description="CSV only.")
    quotechar: Annotated[str, values.QUOTECHAR] = Field('"', description="CSV only.")
