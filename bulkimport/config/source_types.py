"""Which kinds of source there are, which keys each has, and which kind a path names by its extension."""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, Literal

SourceType = Literal["csv", "duckdb", "excel", "json", "ndjson", "parquet", "sql"]

TYPE_OF_EXTENSION: dict[str, SourceType] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".parquet": "parquet",
}
PACKED = (".gz", ".zst", ".zip")
WEB = ("http", "https")
_URL = re.compile("([A-Za-z][A-Za-z0-9+.-]+)://")

KEYS_OF_TYPE: dict[SourceType, tuple[str, ...]] = {
    "csv": (  # JSON is UTF-8 by definition; its records need not have the same properties
        *("delimiter", "encoding", "quotechar", "differing_columns", "member"),
    ),
    "duckdb": (),
    "excel": ("header_row", "sheet"),
    "json": ("records", "member"),
    "ndjson": ("member",),
    "parquet": (),
    "sql": (),
}
"""What can be said of the content of one type alone. A key may belong to several types."""

_OF_QUERY = ("parameters", "timeout", "url")
KEYS_OF_ORIGIN: dict[str, tuple[str, ...]] = {
    "path": ("newest", "max_age", "stable_for", "options", "timeout"),
    "url": ("params", "headers", "auth", "paging", "flatten", "timeout"),
    "command": ("timeout",),
    "python": ("arguments", "timeout"),
    "query": _OF_QUERY,
    "query_file": _OF_QUERY,
}
"""The keys that say where the rows of a source come from, of which it has exactly one; each with the keys that only
sources from there have. One of those may be the origin of other sources."""

_CONTENT: tuple[SourceType, ...] = ("csv", "excel", "json", "ndjson", "parquet")
TYPES_OF_ORIGIN: dict[str, tuple[SourceType, ...]] = {
    "path": _CONTENT,
    "url": ("csv", "json", "ndjson"),
    "command": _CONTENT,
    "python": (),
    "query": ("duckdb", "sql"),
    "query_file": ("duckdb", "sql"),
}
"""What there is to read for each origin; nothing where rows come ready."""


def has_content(origin: str) -> bool:
    """Whether what comes from there has to be read as something; rows from elsewhere come ready."""
    return not set(TYPES_OF_ORIGIN[origin]).isdisjoint(_CONTENT)


def origin_keys(given: Iterable[str]) -> list[str]:
    """Those of the given keys that say where rows come from."""
    names = list(given)
    further = {name for origin in names for name in KEYS_OF_ORIGIN.get(origin, ())}
    return [name for name in names if name in KEYS_OF_ORIGIN and name not in further]


def foreign(keys: Mapping[Any, tuple[str, ...]], own: str) -> list[str]:
    """What one of the tables above has for others than `own` alone, in its order."""
    names = dict.fromkeys(chain.from_iterable(keys.values()))
    return [name for name in names if name != own and name not in keys[own]]


def extension(path: str) -> str:
    """The last extension in lower case, a further one of PACKED left out: `.csv` of `People.CSV.gz`."""
    name = PurePosixPath(bare(path).lower())
    return PurePosixPath(name.stem).suffix if name.suffix in PACKED else name.suffix


def scheme(path: str) -> str:
    """The scheme of a path that is the URL of a file elsewhere, in lower case; empty for other paths."""
    found = _URL.match(path)
    return found[1].lower() if found else ""


def bare(path: str) -> str:
    """A URL without what may be secret in it: its user, query and fragment. Any other path as it is."""
    kind = scheme(path)
    if not kind:
        return path
    start, _, rest = path.partition("://")
    if kind in WEB:  # elsewhere, these characters are part of a name or a pattern
        rest = re.split("[?#]", rest, maxsplit=1)[0]
    host, slash, name = rest.partition("/")
    return f"{start}://{host.rpartition('@')[2]}{slash}{name}"


def default_delimiter(path: str) -> str:
    return "\t" if extension(path) == ".tsv" else ","


def path_pattern() -> str:
    """A JSON Schema pattern for the paths whose type their extension tells, or that hold a variable."""
    return rf"\.({_either_case(TYPE_OF_EXTENSION)})(\.({_either_case(PACKED)}))?([?#].*)?$|\$\{{"


def _either_case(extensions: Iterable[str]) -> str:
    words = [item.removeprefix(".") for item in extensions]
    return "|".join("".join(f"[{letter}{letter.upper()}]" for letter in word) for word in words)
