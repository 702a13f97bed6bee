"""Rows of values that have types already, as JSON lines that keep them: digit for digit, day for day.

| value | goes out as |
| --- | --- |
| text, truth values, None, integers of any size | themselves |
| Decimal, float | a number, digit for digit; infinite ones and NaN are refused |
| date, time, date with time | ISO 8601 text |
| UUID | text |
| an enum's member | its value |
| anything else: bytes, durations, lists, objects | refused, with column and row |
"""

import datetime
import decimal
import enum
import math
import uuid
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import orjson

from bulkimport.errors import SourceError
from bulkimport.sources.landing_file import LandingFile

BATCH = 500
"""Rows that are written at once: some tens of kilobytes."""

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None), datetime.date, uuid.UUID, decimal.Decimal})
"""What orjson writes as `exact_value` does; floats where they are finite, decimals by way of `_decimal`."""

_INTEGERS = range(-(2**63), 2**64)
_LONGEST_NUMBER = 1000
_CAST_HINT = "Give it as a text or a number, or leave the column out."


class TypedRows:
    """Writes rows to a file of JSON lines: row 1 in line 1, and a line without a row where one is skipped.

    `place` is what people call the source of the rows. Raises SourceError for values that have no JSON of their own,
    LandingError where the file cannot be written.
    """

    def __init__(self, file: LandingFile, place: str) -> None:
        self._file = file
        self._place = place
        self.lines = 0

    def skip(self, lines: int = 1) -> None:
        """Leaves lines without a row."""
        self._file.write(b"\n" * lines)
        self.lines += lines

    def write(self, rows: Sequence[Mapping[str, object]]) -> None:
        try:
            text = _lines(rows)
        except (TypeError, ValueError):  # orjson's are TypeErrors
            text = b"".join(self._line(row, number) for number, row in enumerate(rows, self.lines + 1))
        self.write_lines(text, len(rows))

    def write_lines(self, text: bytes | memoryview, rows: int) -> None:
        """Rows that are so many lines already, which are what `write` would have made of them."""
        self._file.write(text)
        self.lines += rows

    def finish(self) -> None:
        """To be called after the last row: a file without rows is not an empty file."""
        if not self.lines:
            self.skip()

    def _line(self, row: Mapping[str, object], number: int) -> bytes:
        """One row, which may be the one that is wrong."""
        exact: dict[str, Any] = {}
        for name, value in row.items():
            try:
                exact[name] = exact_value(value)
                orjson.dumps((name, exact[name]))
            except (TypeError, ValueError) as error:
                reason = str(error) if type(error) is ValueError else "is not Unicode text (a lone surrogate)"
                message = f"{self._place}, row {number}: column {name!r} {reason}"
                raise SourceError(message, _CAST_HINT, self._place, number) from None
        return orjson.dumps(exact, option=orjson.OPT_APPEND_NEWLINE)


def exact_value(value: object) -> object:
    """The value as orjson writes it exactly. Raises ValueError, whose text completes "column 'x' …"."""
    match value:
        case enum.Enum():
            return exact_value(value.value)
        case None | bool():
            return value
        case str() | uuid.UUID():
            return str(value)
        case int():
            return int(value) if value in _INTEGERS else orjson.Fragment(str(int(value)))
        case float():
            if not math.isfinite(value):
                raise ValueError(f"is {value:g}, which is no number that JSON or Orgvue know")
            return float(value)
        case decimal.Decimal():
            return orjson.Fragment(_digits(value))
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            raise ValueError("holds bytes, which are neither a text nor a number")
        case datetime.timedelta():
            raise ValueError("holds a duration, of which the unit to send cannot be known")
        case _:
            raise ValueError(f"holds a value of the type {type(value).__name__}")


def _lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    """Raises TypeError or ValueError if one of the values is not what can be sent, or may not be."""
    values = list(chain.from_iterable(row.values() for row in rows))
    types = set(map(type, values))
    if float in types and not all(math.isfinite(value) for value in values if type(value) is float):
        raise ValueError("not finite")
    if not types <= _AS_THEY_ARE:
        rows = [
            {name: value if type(value) in _AS_THEY_ARE else exact_value(value) for name, value in row.items()}
            for row in rows
        ]
    return b"".join([orjson.dumps(row, _decimal, orjson.OPT_APPEND_NEWLINE) for row in rows])


def _decimal(value: object) -> orjson.Fragment:
    if type(value) is decimal.Decimal:
        return orjson.Fragment(_digits(value))
    raise TypeError(f"{type(value).__name__} has no JSON of its own")


def _digits(value: decimal.Decimal) -> str:
    """A decimal without an exponent, unless it would be absurdly long."""
    if not value.is_finite():
        raise ValueError(f"is {value}, which is no number that JSON or Orgvue know")
    if "E" not in (text := str(value)):
        return text
    return f"{value:f}" if abs(value.adjusted()) + len(value.as_tuple().digits) <= _LONGEST_NUMBER else text
