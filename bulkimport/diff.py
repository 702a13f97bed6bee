"""When an item in the payload and an item in Orgvue are the same.

Orgvue stores types while a payload may say everything as text (API page, "Rules for items"): the text "65000" sent to a
number property that holds 65000 changes nothing. Blank text, null and absence are one and the same. A property that the
payload does not mention stays as it is and is not compared.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from bulkimport.wording import composite

ISO_DATE = "YYYY-MM-DD"
"""How Orgvue itself writes dates."""

ACTION_PROPERTY = "_action"

_STRPTIME = {ISO_DATE: "%Y-%m-%d", "DD/MM/YYYY": "%d/%m/%Y", "MM/DD/YYYY": "%m/%d/%Y"}
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")
_EXACT = 1 << 53
"""Below this a float tells every integer apart."""

_AS_SENT = frozenset({"text", "number"})
"""Types of keys whose texts are matched as they are."""

_SEPARATOR = "\x1f"
_PLAIN: set[type] = {str, int, float, type(None)}  # of these, Python takes for equal only what is so
_NESTED: set[type] = {list, dict}  # [True] equals [1] to Python
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class ComparisonRules:
    """How one dataset's values are compared.

    `types` maps a property key to its type in Orgvue (`text`, `number`, `date`, `boolean`, …; missing: text),
    `date_format` is how the import reads dates, and the tokens are the texts that mean "leave" and "clear".
    `keys_as_sent`: a number in a key that is spelt in another way is another key.
    """

    key: tuple[str, ...]
    types: Mapping[str, str] = field(default_factory=dict)
    date_format: str = ISO_DATE
    noop_token: str | None = None
    clear_token: str | None = None
    keys_as_sent: bool = True
    _text_key: str | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if len(self.key) == 1 and self.types.get(self.key[0], "text") == "text":
            object.__setattr__(self, "_text_key", self.key[0])

    def identity(self, item: Mapping[str, Any]) -> str:
        """The text by which an item is matched, "" for a blank key; two composite keys never have the same one."""
        if self._text_key is not None:  # by far the most frequent, so short
            value = item.get(self._text_key)
            return value if type(value) is str else self._key_text(self._text_key, value)
        parts = [self._key_text(name, item.get(name)) for name in self.key]
        return parts[0] if len(parts) == 1 else _SEPARATOR.join(map(_escaped, parts))

    def identities(self, parts: Sequence[Sequence[Any]]) -> list[str]:
        """The same for many items; `parts` are their values of each property of the key, None for what is absent."""
        texts = [self._texts(name, values) for name, values in zip(self.key, parts, strict=True)]
        if len(texts) == 1:
            return texts[0]
        return [_SEPARATOR.join(map(_escaped, key)) for key in zip(*texts, strict=True)]

    def _texts(self, name: str, values: Sequence[Any]) -> list[str]:
        if self.keys_as_sent and self.types.get(name, "text") in _AS_SENT and {str}.issuperset(map(type, values)):
            return list(values)
        return [self._key_text(name, value) for value in values]

    def _key_text(self, name: str, value: Any) -> str:
        """A part of a key as Orgvue may match it.

        Whether it takes `007` or `7.0` for the number 7 is not known. So a text is itself: taken for another item it is
        one deletion too many in the count, never one too few.
        """
        kind = self.types.get(name, "text")
        if self.keys_as_sent and kind in _AS_SENT:
            if type(value) is str:
                return value
            if kind == "text" and type(value) is float:
                return json.dumps(value)
        return canonical(value, kind, self.date_format)

    def key_of(self, item: Mapping[str, Any]) -> dict[str, str]:
        """The key alone, as Orgvue writes it: a date is in ISO form, however the import reads dates."""
        return {name: self._key_text(name, item.get(name)) for name in self.key}

    def is_same(self, sent: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
        """Whether sending `sent` would leave `held` as it is; the key itself and `_action` are not compared."""
        clear_token = self.clear_token
        for name, value in sent.items():
            present = held.get(name)
            if clear_token is not None and value == clear_token:
                value = None  # noqa: PLW2901 - what the text means
            kind = type(value)
            if kind is type(present):
                if value == present and kind not in _NESTED:
                    continue
            elif type(present) is int and value == str(present):  # a number in a CSV: no need to look at types
                continue
            if not self._is_same_value(name, value, present):
                return False
        return True

    def changed(self, rows: Sequence[Mapping[str, Any]], items: Sequence[Mapping[str, Any]]) -> list[int]:
        """The places of the items that sending the row beside each would not leave as they are."""
        found: set[int] = set()
        for name in dict.fromkeys(chain.from_iterable(rows)):
            sent, held = [row.get(name, _ABSENT) for row in rows], [item.get(name) for item in items]
            if not (self.is_by_value and sent == held and _PLAIN.issuperset(map(type, chain(sent, held)))):
                found.update(self.differing(name, sent, held, _ABSENT))
        return sorted(found)

    @property
    def text_key(self) -> str | None:
        """The property of a key that is a text, alone."""
        return self._text_key

    @property
    def is_by_value(self) -> bool:
        """Whether sending a value to a property that has it changes nothing, whatever the value."""
        return self.clear_token is None

    def differing(self, name: str, sent: Sequence[Any], held: Sequence[Any], absent: object) -> list[int]:
        """The places at which sending a value of one property would not leave the one held beside it as it is.

        `absent` stands for what an item does not mention.
        """
        if name == ACTION_PROPERTY or name in self.key:
            return []
        places = []
        for place, (value, present) in enumerate(zip(sent, held, strict=True)):
            if value is absent:
                continue
            if self.clear_token is not None and value == self.clear_token:
                value = None  # noqa: PLW2901 - what the text means
            kind = type(value)
            if kind is type(present):
                if value == present and kind not in _NESTED:
                    continue
            elif type(present) is int and value == str(present):
                continue
            if not self._is_same_value(name, value, None if present is absent else present):
                places.append(place)
        return places

    def _is_same_value(self, name: str, value: Any, present: Any) -> bool:
        if name == ACTION_PROPERTY or name in self.key or (self.noop_token is not None and value == self.noop_token):
            return True
        kind = self.types.get(name, "text")
        return canonical(value, kind, self.date_format) == canonical(present, kind)

    def fingerprint(self, item: Mapping[str, Any], columns: tuple[str, ...], *, sent: bool) -> tuple[str, ...]:
        """The values of `columns` but the key, for recognising an item under another key."""
        date_format = self.date_format if sent else ISO_DATE
        return tuple(
            canonical(item.get(name), self.types.get(name, "text"), date_format)
            for name in columns
            if name != ACTION_PROPERTY and name not in self.key
        )


def readable(identity: str) -> str:
    """An identity for people: `7`, `E1 + P2`, `(blank)`."""
    return composite(part or "(blank)" for part in identity.split(_SEPARATOR))


def has_blank_part(identity: str) -> bool:
    """Whether a part of the key is blank, so that no import can match the item."""
    return not all(map(str.strip, identity.split(_SEPARATOR)))


def canonical(value: Any, kind: str, date_format: str = ISO_DATE) -> str:
    """One text for all spellings of a value that a property of this type takes for the same."""
    if value is None or value == "":
        return ""
    if kind == "number":
        return _number(value)
    if kind == "boolean":
        return _boolean(value)
    if kind == "date" and isinstance(value, str):
        return _date(value, date_format)
    return value if isinstance(value, str) else _text(value)


def _escaped(part: str) -> str:
    return part.replace("\\", r"\\").replace(_SEPARATOR, r"\u") if "\\" in part or _SEPARATOR in part else part


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # in full, as an integer: what is equal has one text
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _number(value: Any) -> str:
    """Integers in full, whatever their size: two keys must not become one because a float cannot tell them apart."""
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):  # Python reads 1_000, Orgvue does not
        return _text(value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return _text(value)
    if not math.isfinite(number):
        return _text(value)
    if not number.is_integer():
        return repr(number)
    if abs(number) < _EXACT:
        return str(int(number))
    try:
        return str(int(value))
    except ValueError:
        return str(int(number))


def _boolean(value: Any) -> str:
    text = _text(value).strip().lower()
    if text in _TRUE:
        return "true"
    return "false" if text in _FALSE else text


@lru_cache(maxsize=1 << 15)
def _date(value: str, date_format: str) -> str:
    """The ISO form of a date in `date_format` or in ISO form itself, without a time of day; else the text."""
    text = value.strip()
    iso = text[:10] if text[10:11] in ("", "T", " ") else text
    for candidate, form in ((text, date_format), (iso, ISO_DATE)):
        try:
            return datetime.strptime(candidate, _STRPTIME[form]).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return text
