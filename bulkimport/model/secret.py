"""Texts that are kept to oneself."""

from dataclasses import dataclass, field


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
