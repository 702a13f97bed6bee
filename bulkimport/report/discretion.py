"""Takes the values of items, which are personal data, out of texts. Pure.

Values come into a text in two ways: a message of ours quotes a cell, or Orgvue's words are passed on. Keys stay in our
own messages, where a guard names some of those concerned: without them nobody could look.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bulkimport.model import ErrorReport, Stage
from bulkimport.report.facts import DatasetFacts, RunFacts

HIDDEN = "…"

_NAME = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_SHOWN = rf"""['"].{{56}}\.\.\.|{_NAME}|.+?(?= is not )|\S+"""  # as payload.shape.Problem shows a value
_CELL = re.compile(rf"(\bcolumn (?:{_NAME}): )(?:{_SHOWN})")
_QUOTED = re.compile(r"""(?<!\w)'.*?'(?!\w)|"[^"]*"|\u201c[^\u201d]*\u201d|(?<!\w)\u2018.*?\u2019(?!\w)|«[^»]*»""")
_NUMBER = re.compile(r"(?<!\w)[+-]?\d[\d.,:/ -]*(?<![ .,:/-])(?!\w)|(?<!\w)\d+(?!\w)")
_REASONS = re.compile(r", mostly: .*?(?=, and its result says|\. All other items|\.$)", re.DOTALL)
_FOREIGN = (Stage.IMPORT, Stage.POLL, Stage.RESULT)
_WORDS_ABOUT = frozenset({"errors", "error", "message"})


def discreet_run(run: RunFacts) -> RunFacts:
    """The same facts with no value of an item in any message."""
    return replace(run, datasets=tuple(map(_dataset, run.datasets)))


def discreet_reason(reason: str, entry: Mapping[str, Any]) -> str:
    """Why an item was rejected, in Orgvue's words without what stands in quotes, without numbers, and without anything
    that is a value of the item itself. What is left is the same for all items with the same trouble."""
    text = _QUOTED.sub(f"'{HIDDEN}'", reason)
    values = sorted({value for name, value in entry.items() if not _is_about(name) for value in _texts(value)})
    if values:
        longest_first = sorted(values, key=len, reverse=True)
        text = re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", HIDDEN, text)
    return _NUMBER.sub(HIDDEN, text)


def _dataset(dataset: DatasetFacts) -> DatasetFacts:
    warnings = tuple(_CELL.sub(rf"\1{HIDDEN}", warning) for warning in dataset.warnings)
    error = _error(dataset.error) if dataset.error is not None else None
    return replace(dataset, error=error, warnings=warnings)


def _error(error: ErrorReport) -> ErrorReport:
    message = _CELL.sub(rf"\1{HIDDEN}", error.message)
    if error.stage in _FOREIGN:
        # The reasons of items come one by one, see rejected.py; those of a job are often one without its values.
        message = _once(_QUOTED.sub(f"'{HIDDEN}'", _REASONS.sub("", message)))
    return replace(error, message=message)


def _once(text: str) -> str:
    """`A; A; A. B` → `A. B`."""
    first, *parts = text.split("; ")
    kept = [first]
    for part in parts:
        words, stop, rest = part.partition(". ")
        if not kept[-1].endswith(words):
            kept.append(part)
        elif stop:
            kept[-1] += stop + rest
    return "; ".join(kept)


def _is_about(name: str) -> bool:
    """Whether a field tells of the import, not of the item."""
    return name.startswith("_") or name in _WORDS_ABOUT


def _texts(value: object) -> Iterator[str]:
    match value:
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case None | bool() | "":
            return
        case _:
            yield str(value)
