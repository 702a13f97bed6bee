"""Rows and items that meet in the order in which they come, so that most of two large sets is settled as it is read.

A tenant gives its items in much the order in which they were once sent, and a source has its rows in much the same
order every night. So both sides are read side by side, block by block: what meets is settled at once, and what is
passed over is left to the partitions. Two sides in different orders leave nearly everything there, which costs time
alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

from bulkimport.json_stream import JsonObject
from bulkimport.payload.hashes import HashFile
from bulkimport.snapshot.partition import Partitions
from bulkimport.snapshot.rows import RowBatch, Window

_WAITING_BLOCKS = 2
"""How many blocks of one side may wait for the other to come to them."""

_FEW = 1 << 16
"""So many hashes are looked for at once, in a few megabytes."""


class NotUniqueError(Exception):
    """Several rows or items seem to have one key, so nothing may be settled before all of them are seen."""


class Side(Window):
    """Rows of one side that are read once; what of them does not meet ends in `left`."""

    def __init__(self, blocks: Iterator[RowBatch], left: Partitions) -> None:
        super().__init__()
        self._blocks = blocks
        self._left = left
        self.is_over = False

    def read(self) -> None:
        """Lets one more block wait."""
        rows = next(self._blocks, None)
        if rows is None:
            self.is_over = True
        else:
            self.add(rows)

    def pass_over(self, count: int, missed: Sequence[int], hashes: HashFile) -> None:
        """The first `count` wait no longer; those of them that were `missed` are left to the partitions."""
        if missed:
            names = [self.names[place] for place in missed]
            hashes.add(names)
            self._left.put(names, self.texts(missed))
        self.drop(count)

    def surplus(self) -> int:
        """How many have waited long enough."""
        return max(0, len(self.names) - (0 if self.is_over else _WAITING_BLOCKS * self.latest))


@dataclass(frozen=True, slots=True)
class Met:
    """Items, and beside each the row that has its key. To be looked at before the next ones meet."""

    held: Window
    sent: Window
    held_places: Sequence[int]
    sent_places: Sequence[int]

    def __len__(self) -> int:
        return len(self.held_places)

    def item(self, index: int) -> JsonObject:
        return self.held.object(self.held_places[index])

    def row(self, index: int) -> JsonObject:
        return self.sent.object(self.sent_places[index])

    def values(self) -> tuple[list[Any], list[Any]] | None:
        """The records of the rows and of the items; None where whole objects have to be compared."""
        rows, items = self.sent.values(self.sent_places), self.held.values(self.held_places)
        return None if rows is None or items is None else (rows, items)


@dataclass(frozen=True, slots=True)
class Alone:
    """All rows that wait, none of which has an item. To be looked at before any others."""

    sent: Window

    @property
    def names(self) -> list[str]:
        return self.sent.names

    def row(self, index: int) -> JsonObject:
        return self.sent.object(index)


class Meeting:
    """Two sides, read once. `scratch` is a private folder for the hashes of all keys. Raises OSError.

    `has_unique_texts` tells that no two rows that are sent have one key, as far as keys are texts.
    """

    def __init__(self, held: Side, sent: Side, scratch: str, *, has_unique_texts: bool = False) -> None:
        self._held, self._sent, self._scratch = held, sent, scratch
        self._has_unique_texts = has_unique_texts
        self._was_alone = False
        self._files = ExitStack()

    def __enter__(self) -> Self:
        self._met, self._held_left, self._sent_left = (
            self._files.enter_context(HashFile(self._scratch)) for _ in range(3)
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self._files.close()

    def settled(self) -> Iterator[Met | Alone]:
        """What meets, and what is known to meet nothing. Raises NotUniqueError, mostly at the end, where one of their
        keys occurs once more on a side."""
        held, sent = self._held, self._sent
        while not (held.is_over and sent.is_over):
            is_held_next = sent.is_over or (not held.is_over and len(held.names) <= len(sent.names))
            (held if is_held_next else sent).read()
            if met := self._in_step() or self._in_window():
                yield met
                self._pass(held, met.held_places, self._held_left)
                self._pass(sent, met.sent_places, self._sent_left)
            if sent.names and self._is_sent_alone():
                self._was_alone = True
                yield Alone(sent)
                sent.pass_over(len(sent.names), (), self._sent_left)
            for side, left in ((held, self._held_left), (sent, self._sent_left)):
                surplus = side.surplus()
                side.pass_over(surplus, range(surplus), left)
        self._check_unique()

    def _is_sent_alone(self) -> bool:
        """Whether every item has met its row by now, so that no other row has one: rows are unique."""
        held = self._held
        return held.is_over and not held.names and not self._held_left.count and self._is_sent_unique

    @property
    def _is_sent_unique(self) -> bool:
        return self._has_unique_texts and self._sent.are_texts  # of numbers, 5 and 5.0 are one

    def _in_step(self) -> Met | None:
        """By far the most frequent: the same keys in the same order."""
        held, sent = self._held, self._sent
        count = min(len(held.names), len(sent.names))
        names = held.names[:count]
        if not names or names != sent.names[:count]:
            return None
        self._met.add(names)
        return Met(held, sent, range(count), range(count))

    def _in_window(self) -> Met | None:
        """The same keys anywhere in what waits."""
        held, sent = self._held, self._sent
        places = {name: place for place, name in enumerate(sent.names)}
        if len(places) < len(sent.names):
            raise NotUniqueError
        pairs = [(place, places[name]) for place, name in enumerate(held.names) if name in places]
        if not pairs:
            return None
        at_held, at_sent = zip(*pairs, strict=True)
        if len(set(at_sent)) < len(at_sent):
            raise NotUniqueError
        self._met.add([held.names[place] for place in at_held])
        return Met(held, sent, at_held, at_sent)

    def _pass(self, side: Side, met: Sequence[int], left: HashFile) -> None:
        """Whatever stands before the last of those that met has been passed over."""
        if isinstance(met, range):
            side.pass_over(len(met), (), left)
        else:
            count = max(met) + 1
            side.pass_over(count, sorted(set(range(count)).difference(met)), left)

    def _check_unique(self) -> None:
        """Keys that are not unique do no harm as long as all of their rows and items are in the partitions."""
        if not self._is_sent_unique and (self._was_alone or any(self._met.repeated(self._sent_left))):
            raise NotUniqueError
        for suspects in self._suspects():
            if suspects and any(not suspects.isdisjoint(piece) for piece in self._met.pieces()):
                raise NotUniqueError

    def _suspects(self) -> Iterator[set[int]]:
        """The hashes of items that may have the key of one that met."""
        left = self._held_left
        if left.count > _FEW:
            yield from self._met.repeated(left)
        else:
            yield set(chain.from_iterable(left.pieces()))
