"""Which kind of source a path names, by its extension."""

from pathlib import PurePosixPath
from typing import Literal

SourceType = Literal["csv", "json", "ndjson"]

TYPE_OF_EXTENSION: dict[str, SourceType] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
COMPRESSED = ".gz"

KEYS_OF_CSV = ("delimiter", "encoding", "quotechar")
"""What can be said of delimited text alone: JSON is UTF-8 by definition and has no delimiter."""


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
