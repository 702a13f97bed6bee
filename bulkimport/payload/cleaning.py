"""What is done to a text before it is read as its type says: trimmed, recognised as blank, replaced."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from bulkimport.model import Field, Scalar, Unmapped


@dataclass(frozen=True, slots=True)
class Cleaning:
    """In this order: white space is taken off, texts that mean null become blank, and the rest is looked up."""

    trim: bool = False
    null_values: frozenset[str] = frozenset()
    value_map: Mapping[str, Scalar] = field(default_factory=dict)
    unmapped: Unmapped = "keep"

    @classmethod
    def of(cls, field_: Field) -> "Cleaning":
        return cls(field_.trim, frozenset(field_.null_values), dict(field_.value_map), field_.unmapped)

    def __bool__(self) -> bool:
        return self.trim or bool(self.null_values) or bool(self.value_map)

    def text(self, text: str) -> Scalar:
        """What the text stands for. Raises ValueError for one that `value_map` has to know and does not."""
        cleaned = self.bare(text)
        if cleaned in self.value_map:
            return self.value_map[cleaned]
        if not self.value_map or self.unmapped == "keep" or not cleaned.strip():
            return cleaned
        if self.unmapped == "blank":
            return ""
        raise ValueError("is not among the values of `map`")

    def bare(self, text: str) -> str:
        """The text without what is not part of it, empty if it means null."""
        if self.trim:
            text = text.strip()
        return "" if text in self.null_values else text

    def texts(self, cells: list[str]) -> list[str]:
        """Many texts, where nothing is looked up."""
        if self.trim:
            cells = list(map(str.strip, cells))
        nulls = self.null_values
        return ["" if cell in nulls else cell for cell in cells] if nulls else cells


UNCLEANED = Cleaning()


@dataclass(frozen=True, slots=True)
class Joining:
    """Several columns as one text. It is blank as soon as one of them is: half a key is no key."""

    separator: str
    cleaning: Cleaning

    def text(self, parts: tuple[str, ...]) -> str:
        """`parts` are texts, one a column."""
        cleaned = list(map(self.cleaning.bare, parts))
        return self.separator.join(cleaned) if all(map(str.strip, cleaned)) else ""


def as_text(value: Any) -> str:
    """A plain value as the text that it is looked up or joined by; that of null is empty."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return orjson.dumps(value).decode() if isinstance(value, float) else str(value)
