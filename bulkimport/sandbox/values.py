"""How values are read: the dataset's property types decide, whether a value comes as a string or typed.

Stored values are text (str), number (int or float), date (`YYYY-MM-DD`) and boolean; a cleared value is not stored.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import orjson

Stored = str | int | float | bool | None
Converter = Callable[[Any], Stored]

DATE_FORMATS = {
    "YYYY-MM-DD": re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})", re.ASCII),
    "DD/MM/YYYY": re.compile(r"(?P<d>\d{2})/(?P<m>\d{2})/(?P<y>\d{4})", re.ASCII),
    "MM/DD/YYYY": re.compile(r"(?P<m>\d{2})/(?P<d>\d{2})/(?P<y>\d{4})", re.ASCII),
}
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def converter(kind: str, date_format: str = "YYYY-MM-DD") -> Converter:
    """The function that reads values of one property type; it raises ValueError with what is wrong with a value.

    It answers None for a value that clears the property: null, and a blank string for every type but text.
    """
    match kind:
        case "text":
            return _text
        case "number":
            return _number
        case "boolean":
            return _boolean
        case "date":
            pattern = DATE_FORMATS[date_format]
            return lambda value: _date(value, pattern, date_format)
        case _:
            raise ValueError(f"unknown property type {kind!r}")


def identifier(value: Stored) -> str:
    """The text by which an identifying value is compared; blank if it identifies nothing. 7, 7.0 and "7" are one."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def is_unicode(text: str) -> bool:
    """Whether the text can be stored: JSON escapes can spell halves of surrogate pairs, which are no characters."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def dump(document: Any) -> bytes:
    """JSON bytes; integers of any size keep every digit."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(document, separators=(",", ":")).encode()


def _text(value: Any) -> Stored:
    if isinstance(value, str):
        if not (value.isascii() or is_unicode(value)):
            raise ValueError("the text holds half of a surrogate pair")
        return value
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise ValueError("an object or array is not a text")


def _number(value: Any) -> Stored:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a number")
    text = value.strip()
    if not text:
        return None
    if _INTEGER.fullmatch(text) and len(text) <= 1000:
        return int(text)
    if _DECIMAL.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    raise ValueError(f"{value!r} is not a number")


def _boolean(value: Any) -> Stored:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not value.strip():
            return None
        if value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
    raise ValueError(f"{value!r} is not a boolean")


def _date(value: Any, pattern: re.Pattern[str], name: str) -> Stored:
    if value is None:
        return None
    if isinstance(value, str):
        if not value.strip():
            return None
        if found := pattern.fullmatch(value.strip()):
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
            except ValueError:
                pass
    raise ValueError(f"{value!r} is not a date written {name}")
