"""Which kinds of source there are, which keys each has, and which kind a path names by its extension."""

from collections.abc import Mapping
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, Literal

SourceType = Literal["csv", "duckdb", "json", "ndjson", "parquet"]

TYPE_OF_EXTENSION: dict[str, SourceType] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
}
COMPRESSED = ".gz"

KEYS_OF_TYPE: dict[SourceType, tuple[str, ...]] = {
    "csv": ("delimiter", "encoding", "quotechar"),  # JSON is UTF-8 by definition and has no delimiter
    "duckdb": (),
    "json": (),
    "ndjson": (),
    "parquet": (),
}
"""What can be said of the content of one type alone. A key may belong to several types."""

KEYS_OF_ORIGIN: dict[str, tuple[str, ...]] = {"path": (), "query": (), "query_file": ()}
"""The keys that say where the rows of a source come from, of which it has exactly one; each with the keys that only
sources from there have."""


def foreign(keys: Mapping[Any, tuple[str, ...]], own: str) -> list[str]:
    """What one of the tables above has for others than `own` alone, in its order."""
    return [name for name in dict.fromkeys(chain.from_iterable(keys.values())) if name not in keys[own]]


def extension(path: str) -> str:
    """The last extension in lower case, a further `.gz` left out: `.csv` of `People.CSV.gz`."""
    name = path.lower().removesuffix(COMPRESSED)
    return PurePosixPath(name).suffix


def default_delimiter(path: str) -> str:
    return "\t" if extension(path) == ".tsv" else ","


def path_pattern() -> str:
    """A JSON Schema pattern for the paths whose type their extension tells, or that hold a variable."""
    words = [item.removeprefix(".") for item in TYPE_OF_EXTENSION]
    either_case = ["".join(f"[{letter}{letter.upper()}]" for letter in word) for word in words]
    return rf"\.({'|'.join(either_case)})(\.[gG][zZ])?$|\$\{{"
