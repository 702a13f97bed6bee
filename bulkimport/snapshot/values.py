"""The values of many items, as far as a comparison asks for them: read and compared in fewer steps than whole objects.

An item becomes a small record of its values of the payload's properties, and nothing is made of what else Orgvue tells
about it. Two equal records are two items that are the same. Only where records differ, their values are looked at, one
property at a time.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, ne
from typing import Annotated, Any

import msgspec

from bulkimport.diff import ComparisonRules

_EXACT_INTEGER = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]  # orjson makes floats of larger ones
_VALUE = str | _EXACT_INTEGER | float | None | msgspec.UnsetType
_FEW = 4
"""Records are looked at one by one unless more than one in so many differs."""


class RecordDecoder:
    """How items become records. `columns` are the payload's properties."""

    def __init__(self, comparison: ComparisonRules, columns: Sequence[str]) -> None:
        self._comparison = comparison
        self._fields = {name: f"v{index}" for index, name in enumerate(dict.fromkeys((*comparison.key, *columns)))}
        self._columns = {name: _taker(field) for name, field in self._fields.items()}
        self._decode = self._decoder()

    def records(self, data: bytes) -> list[Any] | None:
        """A record for each object of a JSON array; None if one has a value that only `ComparisonRules` compares
        rightly, as lists are, or if this is no such array."""
        if self._decode is None:
            return None
        try:
            return self._decode(data)
        except (msgspec.DecodeError, RecursionError):
            return None

    def keys(self, records: Sequence[Any]) -> list[list[Any]]:
        """What `ComparisonRules.identities` takes."""
        return [self._column(name, records) for name in self._comparison.key]

    def changed(self, sent: Sequence[Any], held: Sequence[Any]) -> list[int]:
        """The places of those `held` that would not stay as they are if what is `sent` beside them were sent."""
        if not self._comparison.is_by_value:
            return self._differing(sent, held)
        if sent == held:
            return []
        unequal = [place for place, differs in enumerate(map(ne, sent, held)) if differs]
        if len(unequal) * _FEW > len(sent):
            return self._differing(sent, held)
        places = self._differing([sent[place] for place in unequal], [held[place] for place in unequal])
        return [unequal[place] for place in places]

    def _differing(self, sent: Sequence[Any], held: Sequence[Any]) -> list[int]:
        found: set[int] = set()
        for name, take in self._columns.items():
            values, present = take(sent), take(held)
            if not (self._comparison.is_by_value and values == present):
                found.update(self._comparison.differing(name, values, present, msgspec.UNSET))
        return sorted(found)

    def _column(self, name: str, records: Sequence[Any]) -> list[Any]:
        values = self._columns[name](records)
        if {str}.issuperset(map(type, values)):
            return values
        return [None if value is msgspec.UNSET else value for value in values]

    def _decoder(self) -> Callable[[bytes], list[Any]] | None:
        types = self._comparison.types
        fields = [
            # To Python True is 1; to a property of any other type it is not.
            (field, _VALUE | bool if types.get(name) == "boolean" else _VALUE, msgspec.UNSET)
            for name, field in self._fields.items()
        ]
        names = {field: name for name, field in self._fields.items()}
        try:
            record = msgspec.defstruct("Record", fields, rename=names, gc=False)
        except ValueError:  # a name with a quote or the like
            return None
        return msgspec.json.Decoder(list[record]).decode  # type: ignore[valid-type]  # made at run time


def _taker(field: str) -> Callable[[Iterable[Any]], list[Any]]:
    get = attrgetter(field)
    return lambda records: list(map(get, records))
