"""What the values of a column look like: a guess for people, from some of its values."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from bulkimport.payload.numbers import number_text
from bulkimport.sources import ExactNumber

ValueKind = Literal["blank", "text", "number", "date", "boolean"]

DATE_PATTERNS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y")
"""Patterns of dates that are looked for, in this order; day first where both fit."""

_TRUTHS = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f"})
_LEADING_ZERO = re.compile("[+-]?0[0-9]")


def kind_of(values: Iterable[Any]) -> tuple[ValueKind, str | None]:
    """The narrowest kind that fits all values that are not blank; of dates also their strptime pattern (None: ISO).

    Digits with a leading zero are text, as they are an id rather than a number.
    """
    filled = [value for value in values if not is_blank(value)]
    if not filled:
        return "blank", None
    if all(isinstance(value, bool) for value in filled):
        return "boolean", None
    if all(_is_number(value) for value in filled):
        return "number", None
    texts = [value.strip() for value in filled if isinstance(value, str)]
    if len(texts) < len(filled):
        return "text", None
    if {text.lower() for text in texts} <= _TRUTHS:
        return "boolean", None
    for pattern in DATE_PATTERNS:
        if all(_is_date(text, pattern) for text in texts):
            return "date", None if pattern == DATE_PATTERNS[0] else pattern
    return "text", None


def is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float | ExactNumber):
        return True
    try:
        number_text(value.strip())
    except ValueError:
        return False
    return _LEADING_ZERO.match(value.strip()) is None


def _is_date(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)  # noqa: DTZ007 (a calendar day has no time zone)
    except ValueError:
        return False
    return True
