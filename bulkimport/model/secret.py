"""Texts that are kept to oneself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that never shows itself: `repr` and `str` are masked, `reveal()` is the only way in."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"


Opaque = str | Secret
"""A text that may have to be kept to oneself."""


def secrets_in(value: object) -> Iterator[Secret]:
    """The secrets anywhere in a tree of dataclasses, mappings and collections."""
    match value:
        case Secret():
            yield value
        case Mapping():
            for inner in value.values():
                yield from secrets_in(inner)
        case tuple() | list() | set() | frozenset():
            for item in value:
                yield from secrets_in(item)
        case _ if is_dataclass(value):
            for one in fields(value):
                yield from secrets_in(getattr(value, one.name))
        case _:
            pass
