"""The items that Orgvue rejected, from the file that a run keeps of them, grouped by reason."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from bulkimport.report.discretion import discreet_reason
from bulkimport.wording import composite, printable

EXAMPLES = 5
MOST_REASONS = 1_000
OTHERS = "other reasons"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Reason:
    """Why items were rejected: how many, the keys of a few, and their entries as JSON where those are wanted."""

    text: str
    count: int
    keys: tuple[str, ...]
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rejected items of one dataset, the commonest reason first. `path` is their file, `is_there` whether it could
    be read (old runs lose their folders), `unreadable` how many of its lines make no sense."""

    dataset: str
    path: str
    is_there: bool
    reasons: tuple[Reason, ...] = ()
    unreadable: int = 0


@dataclass(slots=True)
class _Group:
    count: int = 0
    keys: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)


def read_rejected(
    dataset: str, path: Path, *, include_values: bool = False, redact: Callable[[str], str] = str
) -> Rejected:
    """Reads a file of rejected items line by line; blocking. Values of items are left out unless they are asked for.

    Of reasons beyond the first thousand no more is told than how many items they concern.
    """
    groups: dict[str, _Group] = {}
    told = lru_cache(MOST_REASONS)(lambda text: _short(redact(text)))  # costly, and mostly the same ones come again
    unreadable = 0
    try:
        with path.open("rb") as lines:
            for line in lines:
                try:
                    item = orjson.loads(line)
                    key, reason, entry = item["key"], str(item["reason"]), dict(item["entry"])
                except (ValueError, TypeError, KeyError):
                    unreadable += 1
                    continue
                group = _group(groups, told(reason if include_values else discreet_reason(reason, entry)))
                group.count += 1
                if len(group.keys) < EXAMPLES:
                    group.keys.append(redact(_key(key)))
                    group.entries += [redact(_entry(entry))] if include_values else []
    except OSError:
        return Rejected(dataset, str(path), is_there=False)
    commonest = sorted(groups.items(), key=lambda group: -group[1].count)
    reasons = tuple(Reason(text, one.count, tuple(one.keys), tuple(one.entries)) for text, one in commonest)
    return Rejected(dataset, str(path), True, reasons, unreadable)


def _group(groups: dict[str, _Group], text: str) -> _Group:
    if text not in groups and len(groups) >= MOST_REASONS:
        text = OTHERS
    return groups.setdefault(text, _Group())


def _key(key: Any) -> str:
    """A composite key is shown with `+`; one that the result does not name as a question mark."""
    parts = key if isinstance(key, list) else [key]
    return _short(composite("?" if part is None else str(part) for part in parts))


def _entry(entry: dict[str, Any]) -> str:
    return printable(orjson.dumps(entry).decode("utf-8", "replace"))


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
