"""A JSON array of objects of any length, read in blocks of whole objects.

Cutting wants only a *candidate* border: a `}` followed by a comma. Since a parser reads from left to right, a block
that parses was cut between two elements of the array, whatever stands in its strings or in nested values; a block that
does not is either cut in the wrong place (the parser complains about its very end) or broken (it complains earlier).
Every block is given to a parser once in the usual case; only a series of unlucky candidates calls for the slower scan.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from bulkimport.json_types import json_type
from bulkimport.wording import quoted

JsonObject = dict[str, Any]
Quick = Callable[[bytes], list[Any] | None]

BLOCK = 1 << 20
"""Bytes of a block, about."""

_READ_SIZE = 1 << 18
_BOM = b"\xef\xbb\xbf"
_WHITESPACE = b" \t\r\n"
_COMMA = re.compile(rb"[ \t\r\n]*,")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]"]', re.DOTALL)
_CANDIDATES = 3
_TRAILING = "unexpected content after document"  # orjson's words


class JsonStreamError(ValueError):
    """Text that is not one JSON array of objects.

    `byte_offset` (0-based) and `record_number` (1-based) say where; `message` says what, without a full stop.
    """

    def __init__(self, byte_offset: int, record_number: int, message: str) -> None:
        super().__init__(byte_offset, record_number, message)
        self.byte_offset = byte_offset
        self.record_number = record_number
        self.message = message

    def __str__(self) -> str:
        return f"record {self.record_number}, byte {self.byte_offset}: {self.message}"


@dataclass(slots=True)
class JsonBlock:
    """Some whole objects of the array: `data` is their text as a JSON array of its own.

    `offset` is the 0-based place in the stream of the byte after the block's bracket, `first_record` the 1-based
    number of its first object. `values` is what the reader's `quick` made of the text, None where it did not.
    """

    data: bytes
    offset: int
    first_record: int
    values: list[Any] | None = None
    _objects: list[JsonObject] | None = None

    @property
    def objects(self) -> list[JsonObject]:
        """What the text says. Numbers are orjson's: integers beyond 64 bits and long decimals become floats.

        Raises JsonStreamError.
        """
        if self._objects is None:
            try:
                self._objects = orjson.loads(self.data)
            except orjson.JSONDecodeError as error:  # `quick` was content with what it needs
                raise JsonStreamError(self.offset, self.first_record, error.msg) from None
        return self._objects

    def place_of(self, index: int) -> int:
        """The 0-based place in the stream of the object at the 0-based `index`; for errors, since it is looked for."""
        return self.offset + _after(self.data, index) - 1


class ArrayReader:
    """Takes the bytes of an array in chunks of any size and gives out blocks of about `block_size` bytes.

    Holds no more than two blocks and a chunk, or the largest single object (at most `max_object` bytes). Does no I/O,
    so that synchronous and asynchronous readers share it. Both methods raise JsonStreamError.

    With `within`, the array is part of a document, starting at that 0-based place in the stream: it may end before the
    stream does, and then `ended` is true and `rest` is what was fed beyond its end. No more is to be fed after that.

    `quick` is asked first what the text of a block says: it gives something for each object, or None where it cannot,
    and then orjson is asked. It must refuse whatever is not one whole JSON array of objects.
    """

    def __init__(
        self,
        block_size: int = BLOCK,
        *,
        max_object: int = 64 << 20,
        within: int | None = None,
        quick: Quick | None = None,
    ) -> None:
        self._block_size = block_size
        self._max_object = max_object
        self._quick = quick
        self._pending = bytearray()
        self._offset = within or 0  # of the first pending byte
        self._within = within is not None
        self.ended = False
        self.rest = b""
        self._records = 0
        self._opened = False
        self._span = block_size  # how far to look for a border; doubles until one is found, to stay linear
        self._scan_first = False

    def feed(self, chunk: bytes) -> Iterator[JsonBlock]:
        """The blocks that `chunk` completes. To be exhausted before the next call."""
        self._pending += chunk
        if not self._opened:
            self._open(at_end=False)
        while self._opened and not self.ended and len(self._pending) >= self._span:
            block = self._cut()
            if block is not None:
                self._span = self._block_size
                yield block
            elif self.ended:
                return
            elif self._span > self._max_object:
                raise self._error(f"no end of this object in {self._max_object} bytes; is a quote or brace missing?")
            else:
                self._span *= 2

    def close(self) -> Iterator[JsonBlock]:
        """The last block, at the end of the stream; nothing for an empty array."""
        if not self._opened:
            self._open(at_end=True)
        block = self._finish(len(self._pending))
        if block is not None:
            yield block

    def _open(self, *, at_end: bool) -> None:
        """Takes the byte order mark, white space and the opening bracket off the start of the stream."""
        pending = self._pending
        if not at_end and len(pending) < len(_BOM) and _BOM.startswith(pending):
            return
        if pending.startswith(_BOM):
            self._drop(len(_BOM))
        self._drop(len(pending) - len(pending.lstrip(_WHITESPACE)))
        if pending[:1] == b"[":
            self._drop(1)
            self._opened = True
        elif pending or at_end:
            found = f"found {quoted(pending[:12])}" if pending else "the text is empty"
            raise self._error(f"expected '[', the start of an array of objects; {found}")

    def _drop(self, count: int) -> None:
        del self._pending[:count]
        self._offset += count

    def _cut(self) -> JsonBlock | None:
        """The objects that end within the first `_span` pending bytes; None if none is seen to."""
        if not self._scan_first:
            for end in islice(_candidates(self._pending, self._span), _CANDIDATES):
                block = self._take(end)
                if block is not None or self.ended:
                    return block
        border, closing = _last_border(self._pending[: self._span])
        if self._within and closing is not None:
            return self._finish(closing)
        self._scan_first = border is not None
        return None if border is None else self._take(border)

    def _take(self, end: int) -> JsonBlock | None:
        """The objects up to `end`, or None where that is not between two elements of the array."""
        comma = _COMMA.match(self._pending, end)
        if comma is None:
            return None
        data = b"[" + self._pending[:end] + b"]"
        try:
            block = self._block(data)
        except orjson.JSONDecodeError as error:
            position = _byte_position(data, error)
            if self._within and error.msg == _TRAILING:
                return self._finish(position - 1)
            if position >= len(data) - 1:
                return None
            raise self._broken(data, error) from None
        self._drop(comma.end())
        return block

    def _finish(self, end: int) -> JsonBlock | None:
        """The last objects, of an array whose bracket is the last thing before `end`; None if there are none."""
        if self._records and self._pending.lstrip(_WHITESPACE).startswith(b"]"):
            raise self._error("an object is missing after the last comma")
        data = b"[" + self._pending[:end]
        try:
            block = self._block(data)
        except orjson.JSONDecodeError as error:
            if self._within and error.msg == _TRAILING:
                return self._finish(_byte_position(data, error) - 1)
            raise self._broken(data, error) from None
        self._drop(end)
        self.ended, self.rest = True, bytes(self._pending)
        return block

    def _block(self, data: bytes) -> JsonBlock | None:
        """The objects that `data` says, which are the next ones; None if there are none. Raises JSONDecodeError."""
        first = self._records + 1
        values = self._quick(data) if self._quick is not None else None
        if values is not None:
            self._records += len(values)
            return JsonBlock(data, self._offset, first, values) if values else None
        objects = orjson.loads(data)
        if not {dict}.issuperset(map(type, objects)):
            index, other = next((i, o) for i, o in enumerate(objects) if type(o) is not dict)
            kind = json_type(type(other))
            position = _after(data, index) - 1
            raise self._error(f"expected an object, found {kind}", record=first + index, position=position)
        self._records += len(objects)
        return JsonBlock(data, self._offset, first, None, objects) if objects else None

    def _broken(self, data: bytes, error: orjson.JSONDecodeError) -> JsonStreamError:
        position = _byte_position(data, error)
        cut_short = position >= len(data) - 1 and error.msg.startswith("unexpected end")
        message = "the text ends before the array does; it was cut short" if cut_short else error.msg
        record = self._records + 1 + sum(depth == 0 for depth, _ in _ends(data[1:position]))
        return self._error(message, record=record, position=position - 1)

    def _error(self, message: str, *, record: int | None = None, position: int = 0) -> JsonStreamError:
        return JsonStreamError(self._offset + position, record or self._records + 1, message)


def iter_blocks(chunks: Iterable[bytes], block_size: int = BLOCK, quick: Quick | None = None) -> Iterator[JsonBlock]:
    """The array whose bytes are `chunks`, in blocks of about `block_size` bytes. Raises JsonStreamError."""
    reader = ArrayReader(block_size, quick=quick)
    for chunk in chunks:
        yield from reader.feed(chunk)
    yield from reader.close()


def blocks_in(path: str, block_size: int = BLOCK, quick: Quick | None = None) -> Iterator[JsonBlock]:
    """The array in a file, in blocks. Raises JsonStreamError and OSError."""
    with open(path, "rb") as file:  # noqa: PTH123 - a plain descriptor, read to its end
        yield from iter_blocks(iter(lambda: file.read(_READ_SIZE), b""), block_size, quick)


def _candidates(text: bytearray, limit: int) -> Iterator[int]:
    """Places after a `}` that a comma follows, the last one first."""
    end = text.rfind(b"}", 0, limit) + 1
    while end:
        if _COMMA.match(text, end):
            yield end
        end = text.rfind(b"}", 0, end - 1) + 1


def _last_border(text: bytearray) -> tuple[int | None, int | None]:
    """The place after the last object that is an element of the array whose bracket precedes `text`, and the place
    after the array's closing bracket."""
    border = None
    for depth, end in _ends(text):
        if depth < 0:
            return border, end
        border = end
    return border, None


def _ends(text: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """The places (0, after each object) of an array whose bracket precedes `text`, as far as `text` goes, and (-1,
    after its closing bracket)."""
    depth = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case b"{" | b"[":
                depth += 1
            case b"}" | b"]":
                depth -= 1
                if depth <= 0:
                    yield depth, token.end()
                if depth < 0:
                    return
            case b'"':  # opens a string that does not end in this text
                return
            case _:  # a whole string
                pass


def _after(data: bytes, objects: int) -> int:
    """Where in the array `data` begins what comes after so many objects."""
    end = 1 + max((end for _, end in islice(_ends(data[1:]), objects)), default=0)
    return len(data) - len(data[end:].lstrip(_WHITESPACE + b","))


def _byte_position(data: bytes, error: orjson.JSONDecodeError) -> int:
    """Where in `data` the error is: orjson counts characters, and does not place bytes that are not UTF-8."""
    try:
        text = data.decode()
    except UnicodeDecodeError as undecodable:
        return undecodable.start
    return len(text[: error.pos].encode())
