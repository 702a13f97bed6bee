"""Hashes of texts on disk, and which of them occur more than once, in bounded memory."""

import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from types import TracebackType
from typing import IO, Self

_WORD = "q"  # what `hash` gives: a signed 64-bit integer
_PARTITION_BITS = 16  # a partition holds about so many (as a power of two), a few megabytes while it is looked at
_BUFFERED = 1 << 20
_PIECE = 1 << 16


class HashFile:
    """Eight bytes for each text, in an unnamed file in `directory`. Raises OSError.

    `hash` is keyed anew in every process, so the file is of use to the process that wrote it alone. `count` is how many
    there are.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 (closed by __exit__)
        self.count = 0

    def add(self, texts: Sequence[object]) -> None:
        self._file.write(array(_WORD, map(hash, texts)).tobytes())
        self.count += len(texts)

    def repeated(self, *others: "HashFile") -> Iterator[set[int]]:
        """The hashes that occur more than once, here and in `others` together, in sets that have none in common."""
        for parts in in_parts(self, *others):
            yield _repeated(chain.from_iterable(parts))

    def pieces(self) -> Iterator["array[int]"]:
        """All hashes, a few at a time."""
        self._file.seek(0)
        while data := self._file.read(_PIECE * 8):
            yield _words(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()


def in_parts(*files: HashFile) -> Iterator[tuple[Iterable["array[int]"], ...]]:
    """The hashes of each file, in parts that have none in common and are small enough to be held. Raises OSError.

    Each part is to be read before the next.
    """
    bits = max(0, sum(file.count for file in files).bit_length() - _PARTITION_BITS)
    if bits == 0:
        yield tuple(file.pieces() for file in files)
        return
    with ExitStack() as stack:
        dealt = [stack.enter_context(_Dealt(file, bits)) for file in files]
        for number in range(1 << bits):
            yield tuple(one.part(number) for one in dealt)


class _Dealt:
    """The hashes of a file by their lowest `bits`, most of them in another one."""

    def __init__(self, file: HashFile, bits: int) -> None:
        self._spill = tempfile.TemporaryFile(dir=file.directory)  # noqa: SIM115 (closed by __exit__)
        self._held = [array(_WORD) for _ in range(1 << bits)]
        self._spilled: list[list[tuple[int, int]]] = [[] for _ in self._held]
        deal, mask, buffered = [bucket.append for bucket in self._held], len(self._held) - 1, 0
        for piece in file.pieces():
            for value in piece:
                deal[value & mask](value)
            buffered += len(piece)
            if buffered >= _BUFFERED:
                self._write()
                buffered = 0

    def _write(self) -> None:
        for bucket, spilled in zip(self._held, self._spilled, strict=True):
            spilled.append((self._spill.tell(), len(bucket)))
            bucket.tofile(self._spill)
            del bucket[:]

    def part(self, number: int) -> Iterable["array[int]"]:
        spilled = (_read(self._spill, offset, length) for offset, length in self._spilled[number])
        return chain(spilled, (self._held[number],))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._spill.close()


def _read(file: IO[bytes], offset: int, length: int) -> "array[int]":
    file.seek(offset)
    return _words(file.read(8 * length))


def _words(data: bytes) -> "array[int]":
    words = array(_WORD)
    words.frombytes(data)
    return words


def _repeated(pieces: Iterable["array[int]"]) -> set[int]:
    """Holds each different value once, however often it occurs."""
    seen: set[int] = set()
    repeated: set[int] = set()
    for piece in pieces:
        values = set(piece)
        if len(values) < len(piece):
            repeated.update(value for value, times in Counter(piece).items() if times > 1)
        repeated |= seen & values
        seen |= values
    return repeated
