"""Events to JSON text and back, by their type hints: `{"event": NAME, "fields": {…}}`.

An event class added later needs nothing here. Reading is lenient one way: fields this program does not know are
ignored, so that it can read the journal of a newer one. What it cannot understand is a `StateError`, whose text never
holds a value of the event, because some are presigned URLs.

The standard library's `json` is used, not orjson: it keeps integers of any size, and lone surrogates, which file names
that are not UTF-8 have.
"""

import dataclasses
import json
import types
from contextlib import suppress
from enum import Enum
from functools import cache
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from bulkimport.errors import StateError
from bulkimport.refresh.events import Event

EVENT_CLASSES: dict[str, type[Any]] = {event_class.__name__: event_class for event_class in get_args(Event)}


class _MisfitError(Exception):
    """The text does not fit the type; the argument says where, never what."""


def encode(event: Event) -> str:
    """The event as one line of ASCII; TypeError for an event with a field of a type that JSON cannot hold."""
    document = {"event": type(event).__name__, "fields": _plain(event)}
    return json.dumps(document, separators=(",", ":"))


def decode(text: str) -> Event:
    """The event that `encode` made this text of; StateError if this version of the program cannot read it."""
    try:
        document = json.loads(text)
        name, fields = document["event"], document["fields"]
    except (ValueError, TypeError, KeyError, RecursionError):
        _refuse("an entry that is not an event")
    event_class = EVENT_CLASSES.get(name) if isinstance(name, str) else None
    if event_class is None:
        _refuse(f"an event named {str(name)[:60]!r}, which this version does not know")
    try:
        event: Event = _dataclass(event_class, fields, name)
    except _MisfitError as error:
        _refuse(f"an event that this version cannot read ({error})")
    return event


def _refuse(what: str) -> NoReturn:
    raise StateError(
        f"The journal holds {what}.",
        hint="It was probably written by another version of bulkimport: use the version that wrote it, or a newer one.",
    ) from None


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"an event cannot hold a {type(value).__name__}")


@cache
def _hints(dataclass_type: type[Any]) -> dict[str, Any]:
    return get_type_hints(dataclass_type)


def _dataclass(expected: type[Any], value: object, where: str) -> Any:
    if not isinstance(value, dict):
        raise _MisfitError(where)
    hints = _hints(expected)  # type: ignore[arg-type]  # classes are hashable, which mypy denies for type[Any]
    arguments = {}
    for field in dataclasses.fields(expected):
        place = f"{where}.{field.name}"
        if field.name in value:
            arguments[field.name] = _restore(hints[field.name], value[field.name], place)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise _MisfitError(f"{place} is missing")
    return expected(**arguments)


def _restore(expected: Any, value: object, where: str) -> Any:
    """`value` as an `expected`, which is any type hint that the event classes use."""
    origin = get_origin(expected)
    if origin in (Union, types.UnionType):
        return _union(get_args(expected), value, where)
    if origin is tuple:
        return _tuple(get_args(expected), value, where)
    if origin is Literal:
        if value in get_args(expected):
            return value
    elif expected is type(None):
        if value is None:
            return None
    elif dataclasses.is_dataclass(expected):
        return _dataclass(expected, value, where)  # type: ignore[arg-type]  # is_dataclass narrows away the class
    elif isinstance(expected, type):
        return _scalar(expected, value, where)
    raise _MisfitError(where)


def _scalar(expected: type[Any], value: object, where: str) -> Any:
    if issubclass(expected, Enum):
        try:
            return expected(value)
        except ValueError:
            raise _MisfitError(where) from None
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is expected and expected in (str, int, float, bool):
        return value
    raise _MisfitError(where)


def _union(alternatives: tuple[Any, ...], value: object, where: str) -> Any:
    if value is None and type(None) in alternatives:
        return None
    candidates = [alternative for alternative in alternatives if alternative is not type(None)]
    for candidate in candidates[:-1]:
        with suppress(_MisfitError):
            return _restore(candidate, value, where)
    return _restore(candidates[-1], value, where)


def _tuple(expected: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _MisfitError(where)
    if len(expected) == 2 and expected[1] is Ellipsis:
        return tuple(_restore(expected[0], item, where) for item in value)
    if len(expected) != len(value):
        raise _MisfitError(where)
    return tuple(_restore(hint, item, where) for hint, item in zip(expected, value, strict=True))
