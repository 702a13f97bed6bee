"""Takes the values of items, which are personal data, out of texts. Pure.

Values come into a text in two ways: a message of ours quotes a cell, or Orgvue's words are passed on. Keys stay in our
own messages, where a guard names some of those concerned: without them nobody could look.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
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
_WORD = re.compile(r"\w")
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
    found = {word for name, value in entry.items() if not _is_about(name) for word in _texts(value) if word in text}
    return _NUMBER.sub(HIDDEN, _without(text, found) if found else text)


def _without(text: str, values: Iterable[str]) -> str:
    """The text with each of the values hidden that stands there as words of its own; of several, the longest.

    Not by a pattern made of them: compiling one for every item takes twenty times as long as all the rest.
    """
    places = sorted(
        (place for value in values for place in _places(text, value)), key=lambda place: (place[0], -place[1])
    )
    parts, done = [], 0
    for start, end in places:
        if start >= done:
            parts += [text[done:start], HIDDEN]
            done = end
    return "".join([*parts, text[done:]])


def _places(text: str, value: str) -> Iterator[tuple[int, int]]:
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        if not (start and _WORD.match(text, start - 1)) and not _WORD.match(text, end):
            yield start, end
        start = text.find(value, start + 1)


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
        case None | bool() | "":
            return
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case _:
            yield str(value)
