"""Objects spread over files by the hash of their identity, so that two large sets can be joined piece by piece.

They are moved as texts: each file is a JSON array of its own, and nobody looks at an object before it is joined.
"""

import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from bulkimport.snapshot.rows import RowBatch, Text

PIECE = 4 << 20
"""About how many bytes of JSON one partition of the payload holds; parsed it takes some ten times that."""

_MOST = 4096
_BUFFERS = 16 << 20
"""Bytes that wait in memory for being written, over all partitions of one side."""

_LONGEST_BUFFER = 64 << 10


def partitions_for(size: int, piece: int = PIECE) -> int:
    """How many partitions `size` bytes need so that each has about `piece` bytes, up to some 16 GB in all."""
    return max(1, min(_MOST, -(-size // piece)))


class Partitions:
    """`count` piles of objects, in files of mode 0600 in `folder`, removed at the end. Raises OSError.

    A single pile is not stored at all: what is put in comes out again as it is read. `read` makes rows of the others,
    each of which is a JSON array in a file.
    """

    def __init__(self, folder: Path, name: str, count: int, read: Callable[[str], Iterable[RowBatch]]) -> None:
        self._paths = [folder / f"{name}.{number:04}" for number in range(count)] if count > 1 else []
        self._read = read
        self._single: Iterator[RowBatch] = iter(())
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

    def fill(self, some: Iterator[RowBatch]) -> None:
        """Spreads all rows; to be called once, and without `put`."""
        if not self._paths:
            self._single = some
            return
        for rows in some:
            self.put(rows.names, rows.texts)
        self.finish()

    def put(self, names: Sequence[str], texts: Sequence[Text]) -> None:
        """Spreads objects whose identities are known, over more than one pile; `finish` when there are no more."""
        count = len(self._paths)
        piles: list[list[Text]] = [[] for _ in range(count)]
        for name, text in zip(names, texts, strict=True):
            piles[zlib.crc32(name.encode()) % count].append(text)
        for number, pile in enumerate(piles):
            if pile:
                self._write(number, b"," + b",".join(pile))

    def finish(self) -> None:
        """Brings everything to where it is read from."""
        for number, path in enumerate(self._paths):
            if self._buffers[number] or path.exists():
                self._write(number, b"]")
                self._flush(number)

    def _write(self, number: int, text: bytes) -> None:
        buffer = self._buffers[number]
        buffer += text
        if len(buffer) > self._buffer_size:
            self._flush(number)

    def _flush(self, number: int) -> None:
        if buffer := self._buffers[number]:
            with open(self._paths[number], "ab", opener=_private) as file:
                if not file.tell():
                    buffer[:1] = b"["  # in place of the first comma
                file.write(buffer)
            self._buffers[number] = bytearray()

    def __iter__(self) -> Iterator[Iterator[RowBatch]]:
        """The piles, each to be read before the next, in an order that is the same for any two of one count."""
        if not self._paths:
            yield self._single
        for path in self._paths:
            yield iter(self._read(str(path)) if path.exists() else ())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
