"""Rows and items that meet in the order in which they come, so that most of two large sets is settled as it is read.

A tenant gives its items in much the order in which they were once sent, and a source has its rows in much the same
order every night. So both sides are read side by side, block by block: what meets is settled at once, and what is
passed over is left to the partitions. Two sides in different orders leave nearly everything there, which costs time
alone.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple, Self

from bulkimport.payload.hashes import HashFile
from bulkimport.snapshot.partition import Item, Partitions

_WAITING_BLOCKS = 2
"""How many blocks of one side may wait for the other to come to them."""

Identities = Callable[[list[Item]], list[str]]


class NotUniqueError(Exception):
    """Several rows or items seem to have one key, so nothing may be settled before all of them are seen."""


class Met(NamedTuple):
    """Items, and beside each the row that has its key."""

    items: list[Item]
    rows: list[Item]


class Side:
    """Blocks of one side that are read once; what of them does not meet ends in `left`."""

    def __init__(self, blocks: Iterator[list[Item]], identities: Identities, left: Partitions) -> None:
        self._blocks = blocks
        self._identities = identities
        self._left = left
        self._latest = 0
        self.names: list[str] = []
        self.objects: list[Item] = []
        self.is_over = False

    def read(self) -> None:
        """Lets one more block wait."""
        block = next(self._blocks, None)
        if block is None:
            self.is_over = True
            return
        self._latest = len(block)
        self.names += self._identities(block)
        self.objects += block

    def pass_over(self, count: int, met: set[int], hashes: HashFile) -> None:
        """The first `count` wait no longer: they are left to the partitions, but for those that have `met`."""
        missed = [place for place in range(count) if place not in met]
        if missed:
            names = [self.names[place] for place in missed]
            hashes.add(names)
            self._left.put(names, [self.objects[place] for place in missed])
        del self.names[:count], self.objects[:count]

    def surplus(self) -> int:
        """How many have waited long enough."""
        return max(0, len(self.names) - (0 if self.is_over else _WAITING_BLOCKS * self._latest))


class Meeting:
    """Two sides, read once. `scratch` is a private folder for the hashes of all keys. Raises OSError."""

    def __init__(self, held: Side, sent: Side, scratch: str) -> None:
        self._held, self._sent, self._scratch = held, sent, scratch
        self._files = ExitStack()

    def __enter__(self) -> Self:
        self._met, self._held_left, self._sent_left = (
            self._files.enter_context(HashFile(self._scratch)) for _ in range(3)
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self._files.close()

    def pairs(self) -> Iterator[Met]:
        """What meets. Raises NotUniqueError, mostly at the end, where one of its keys occurs once more on a side."""
        held, sent = self._held, self._sent
        while not (held.is_over and sent.is_over):
            is_held_next = sent.is_over or (not held.is_over and len(held.names) <= len(sent.names))
            (held if is_held_next else sent).read()
            if met := self._in_step() or self._in_window():
                yield met
            held.pass_over(held.surplus(), set(), self._held_left)
            sent.pass_over(sent.surplus(), set(), self._sent_left)
        self._check_unique()

    def _in_step(self) -> Met | None:
        """By far the most frequent: the same keys in the same order."""
        held, sent = self._held, self._sent
        count = min(len(held.names), len(sent.names))
        names = held.names[:count]
        if not names or names != sent.names[:count]:
            return None
        self._met.add(names)
        met, everyone = Met(held.objects[:count], sent.objects[:count]), set(range(count))
        held.pass_over(count, everyone, self._held_left)
        sent.pass_over(count, everyone, self._sent_left)
        return met

    def _in_window(self) -> Met | None:
        """The same keys anywhere in what waits. Whatever stands before the last of them has been passed over."""
        held, sent = self._held, self._sent
        places = {name: place for place, name in enumerate(sent.names)}
        if len(places) < len(sent.names):
            raise NotUniqueError
        pairs = [(place, places[name]) for place, name in enumerate(held.names) if name in places]
        if not pairs:
            return None
        at_held, at_sent = zip(*pairs, strict=True)
        self._met.add([held.names[place] for place in at_held])
        met = Met([held.objects[place] for place in at_held], [sent.objects[place] for place in at_sent])
        held.pass_over(max(at_held) + 1, set(at_held), self._held_left)
        sent.pass_over(max(at_sent) + 1, set(at_sent), self._sent_left)
        return met

    def _check_unique(self) -> None:
        """Keys that are not unique do no harm as long as all of their rows and items are in the partitions."""
        if any(self._met.repeated(self._sent_left)):
            raise NotUniqueError
        for suspects in self._met.repeated(self._held_left):
            if suspects and any(not suspects.isdisjoint(piece) for piece in self._met.pieces()):
                raise NotUniqueError
