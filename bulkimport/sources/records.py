"""What JSON values a record may hold, and how its numbers stay what they were written as."""

import json
import re
from itertools import chain
from typing import Any

from bulkimport.json_types import json_type
from bulkimport.sources.base import ExactNumber, Record

_PLAIN_TYPES = frozenset({str, int, float, bool, type(None), ExactNumber})
# A number that a 64-bit integer or a float may not hold digit for digit (orjson reads it as a float).
_LONG_NUMBER = re.compile(
    rb":[ \t\r\n]*-?(?:[0-9]{19}|[0-9]{16,18}[eE]|(?=[0-9]{1,18}\.)[0-9.]{17}|[0-9.]++[eE][-+]?[0-9]{3})"
)
_GAPS = (b" :", b"\t:", b"\n:", b"\r:")
_SIGNED_64_DIGITS = 18


class RecordError(ValueError):
    """One record of a batch cannot be used: `index` is its 0-based place in the batch."""

    def __init__(self, index: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message
        self.hint = hint


def plain_records(text: bytes, objects: list[Record], *, exact_decimals: bool) -> list[Record]:
    """`objects`, which orjson read from the JSON array `text`, if they have plain values under names that differ.

    Numbers are exact: where orjson would round (or where `exact_decimals` wants decimals as text), they come back as
    ExactNumber. Raises RecordError.
    """
    types = set(map(type, chain.from_iterable(map(dict.values, objects))))
    if not types <= _PLAIN_TYPES:
        raise _nested(objects)
    # In flat objects every property has a `":`. More of them mean a text that contains one, or a name that is there
    # twice; fewer there can only be where white space stands before a colon.
    names_suspect = text.count(b'":') != sum(map(len, objects)) or any(gap in text for gap in _GAPS)
    numbers_suspect = float in types and (exact_decimals or _LONG_NUMBER.search(text) is not None)
    if not names_suspect and not numbers_suspect:
        return objects
    exact = _read_exactly(text)
    return exact if numbers_suspect else objects


def _read_exactly(text: bytes) -> list[Record]:
    """Slower by a factor: every number as written, every name seen."""
    index = -1

    def record(pairs: list[tuple[str, Any]]) -> Record:
        nonlocal index
        index += 1
        properties = dict(pairs)
        if len(properties) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            hint = "Which of its values is meant cannot be known; have the file corrected."
            raise RecordError(index, f"the property {twice!r} is there more than once", hint)
        return properties

    parsed: list[Record] = json.loads(text, object_pairs_hook=record, parse_int=_integer, parse_float=ExactNumber)
    return parsed


def _integer(text: str) -> int | ExactNumber:
    return int(text) if len(text) <= _SIGNED_64_DIGITS else ExactNumber(text)


def _nested(objects: list[Record]) -> RecordError:
    index, name, value = next(
        (index, name, value)
        for index, properties in enumerate(objects)
        for name, value in properties.items()
        if type(value) not in _PLAIN_TYPES
    )
    kind = json_type(type(value))
    hint = "Orgvue takes plain values: flatten the property in the source, or leave it out."
    return RecordError(index, f"the property {name!r} holds {kind}", hint)
