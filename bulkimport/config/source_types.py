"""Which kinds of source there are, which keys each has, and which kind a path names by its extension."""

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, Literal

SourceType = Literal["csv", "excel", "json", "ndjson", "sql"]

TYPE_OF_EXTENSION: dict[str, SourceType] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
COMPRESSED = ".gz"

KEYS_OF_TYPE: dict[SourceType, tuple[str, ...]] = {
    "csv": ("delimiter", "encoding", "quotechar"),  # JSON is UTF-8 by definition and has no delimiter
    "excel": ("header_row", "sheet"),
    "json": (),
    "ndjson": (),
    "sql": (),
}
"""What can be said of the content of one type alone. A key may belong to several types."""

_OF_QUERY = ("parameters", "timeout", "url")
KEYS_OF_ORIGIN: dict[str, tuple[str, ...]] = {
    "path": (),
    "command": ("timeout",),
    "python": ("arguments", "timeout"),
    "query": _OF_QUERY,
    "query_file": _OF_QUERY,
}
"""The keys that say where the rows of a source come from, of which it has exactly one; each with the keys that only
sources from there have. One of those may be the origin of other sources."""

_CONTENT: tuple[SourceType, ...] = ("csv", "excel", "json", "ndjson")
TYPES_OF_ORIGIN: dict[str, tuple[SourceType, ...]] = {
    "path": _CONTENT,
    "command": _CONTENT,
    "python": (),
    "query": ("sql",),
    "query_file": ("sql",),
}
"""What there is to read for each origin; nothing where rows come ready."""


def has_content(origin: str) -> bool:
    """Whether what comes from there has to be read as something; rows from elsewhere come ready."""
    return set(TYPES_OF_ORIGIN[origin]) >= set(_CONTENT)


def origins(given: Iterable[str]) -> list[str]:
    """Those of the given keys that say where rows come from."""
    names = list(given)
    further = {name for origin in names for name in KEYS_OF_ORIGIN.get(origin, ())}
    return [name for name in names if name in KEYS_OF_ORIGIN and name not in further]


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
