"""Rows and items as a comparison meets them: a name each, and their values, whole objects and texts when asked for."""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Protocol

import msgspec
import orjson

from bulkimport.json_stream import JsonBlock, JsonObject, JsonStreamError

Text = bytes | msgspec.Raw
"""One object as JSON; maybe a part of a larger text, which it keeps in memory."""

_texts_in = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Objects(Protocol):
    """Where whole objects and their texts come from."""

    @property
    def objects(self) -> list[JsonObject]: ...

    @property
    def texts(self) -> Sequence[Text]: ...


class Written:
    """The objects of a block, whose texts are cut out of it. Both raise JsonStreamError."""

    def __init__(self, block: JsonBlock) -> None:
        self._block = block

    @property
    def objects(self) -> list[JsonObject]:
        return self._block.objects

    @property
    def texts(self) -> Sequence[Text]:
        block = self._block
        try:
            return _texts_in(block.data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise JsonStreamError(block.offset, block.first_record, str(error)) from None


class Built:
    """Objects that were never JSON, or whose text does not matter."""

    def __init__(self, objects: list[JsonObject]) -> None:
        self.objects = objects

    @property
    def texts(self) -> Sequence[Text]:
        return [orjson.dumps(item) for item in self.objects]


class RowBatch:
    """Some rows or items: `names` are their identities, `values` their records if they were read so.

    `are_texts` tells that the names are the very keys, which were texts.
    """

    def __init__(self, names: list[str], values: list[Any] | None, source: Objects, *, are_texts: bool = False) -> None:
        self.names = names
        self.values = values
        self.are_texts = are_texts
        self._source = source

    @property
    def objects(self) -> list[JsonObject]:
        """All of them whole. Raises JsonStreamError."""
        return self._source.objects

    @cached_property
    def texts(self) -> Sequence[Text]:
        """All of them as JSON. Raises JsonStreamError."""
        return self._source.texts

    def identified(self) -> Iterator[tuple[str, JsonObject]]:
        return zip(self.names, self.objects, strict=True)


class Window:
    """Rows one after the other, of which the first ones may be passed over; places count from the first that is not.

    `are_texts` tells that all names were texts so far.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.are_texts = True
        self._rows: deque[RowBatch] = deque()
        self._passed = 0  # of the first rows

    def add(self, rows: RowBatch) -> None:
        self._rows.append(rows)
        self.names += rows.names
        self.are_texts &= rows.are_texts

    def drop(self, count: int) -> None:
        """The first `count` are passed over."""
        del self.names[:count]
        self._passed += count
        while self._rows and self._passed >= len(self._rows[0].names):
            self._passed -= len(self._rows.popleft().names)

    @property
    def latest(self) -> int:
        """How many were added at last, if any of them is left."""
        return len(self._rows[-1].names) if self._rows else 0

    def values(self, places: Sequence[int]) -> list[Any] | None:
        """The records at these places; None if not all that are here have one."""
        values = [rows.values for rows in self._rows]
        if None in values:
            return None
        every = list(chain.from_iterable(filter(None, values)))[self._passed :]
        return every[: len(places)] if isinstance(places, range) else [every[place] for place in places]

    def object(self, place: int) -> JsonObject:
        """What is at this place, whole. Raises JsonStreamError."""
        place += self._passed
        for rows in self._rows:
            if place < len(rows.names):
                return rows.objects[place]
            place -= len(rows.names)
        raise IndexError(place)

    def texts(self, places: Sequence[int]) -> list[Text]:
        """What is at these places, which are in order, as JSON. Raises JsonStreamError."""
        found: list[Text] = []
        start = -self._passed
        for rows in self._rows:
            end = start + len(rows.names)
            if here := [place - start for place in places if start <= place < end]:
                texts = rows.texts
                found += texts if len(here) == len(texts) else [texts[place] for place in here]
            start = end
        return found
