"""Objects spread over files by the hash of their identity, so that two large sets can be joined piece by piece."""

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

PIECE = 4 << 20
"""About how many bytes of JSON one partition of the payload holds; parsed it takes some ten times that."""

_MOST = 4096
_BUFFERS = 16 << 20
"""Bytes that wait in memory for being written, over all partitions of one side."""

_LONGEST_BUFFER = 64 << 10

Item = dict[str, Any]
Identified = tuple[str, Item]


def partitions_for(size: int, piece: int = PIECE) -> int:
    """How many partitions `size` bytes need so that each has about `piece` bytes, up to some 16 GB in all."""
    return max(1, min(_MOST, -(-size // piece)))


class Partitions:
    """`count` piles of (identity, object), in files of mode 0600 in `folder`, removed at the end.

    A single pile is not stored at all: what is put in comes out again as it is read.
    """

    def __init__(self, folder: Path, name: str, count: int) -> None:
        self._paths = [folder / f"{name}.{number:04}" for number in range(count)] if count > 1 else []
        self._single: Iterator[Identified] = iter(())
        self._buffers = [bytearray() for _ in self._paths]
        self._buffer_size = min(_LONGEST_BUFFER, _BUFFERS // count)

    def __enter__(self) -> "Partitions":
        self._remove()  # what a killed worker left here must not be taken for ours
        return self

    def __exit__(self, *exception: object) -> None:
        self._remove()

    def _remove(self) -> None:
        for path in self._paths:
            path.unlink(missing_ok=True)

    def fill(self, blocks: Iterable[list[Item]], identity: Callable[[Item], str]) -> None:
        """Spreads the objects of all blocks; to be called once, and without `put`."""
        if not self._paths:
            self._single = ((identity(item), item) for block in blocks for item in block)
            return
        for block in blocks:
            self.put(list(map(identity, block)), block)
        self.finish()

    def put(self, names: list[str], items: list[Item]) -> None:
        """Spreads objects whose identities are known, over more than one pile; `finish` when there are no more."""
        count = len(self._paths)
        piles: list[list[Identified]] = [[] for _ in range(count)]
        for name, item in zip(names, items, strict=True):
            piles[zlib.crc32(name.encode()) % count].append((name, item))
        for number, pile in enumerate(piles):
            if pile:
                self._write(number, pile)

    def finish(self) -> None:
        """Brings everything to where it is read from."""
        for number in range(len(self._paths)):
            self._flush(number)

    def _write(self, number: int, pile: list[Identified]) -> None:
        buffer = self._buffers[number]
        buffer += orjson.dumps(pile)
        buffer += b"\n"
        if len(buffer) > self._buffer_size:
            self._flush(number)

    def _flush(self, number: int) -> None:
        if self._buffers[number]:
            with open(self._paths[number], "ab", opener=_private) as file:
                file.write(self._buffers[number])
            self._buffers[number] = bytearray()

    def __iter__(self) -> Iterator[Iterator[Identified]]:
        """The piles, each to be read before the next, in an order that is the same for any two of one count."""
        if not self._paths:
            yield self._single
        for path in self._paths:
            yield _stored(path)


def _stored(path: Path) -> Iterator[Identified]:
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                yield from orjson.loads(line)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
