"""Files that each hold one JSON array of objects, by itself or within a document."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from bulkimport.errors import SourceError
from bulkimport.json_stream import JsonBlock, JsonStreamError, iter_blocks
from bulkimport.sources.base import Place, Record
from bulkimport.sources.document import See, blocks_at
from bulkimport.sources.files import CHUNK_SIZE, SourceFiles
from bulkimport.sources.records import RecordError, plain_records
from bulkimport.sources.spots import Spot, spot_of
from bulkimport.sources.text import utf8_chunks

_HINT = "The file has to be one JSON array of objects, whole."
_HINT_WITHIN = "The file has to be JSON, whole, with an array of objects where `records` says."
_HINT_OBJECT = "If the array is within an object, say where with the source's `records`, such as `records: data.items`."


_HINT_UTF8 = "JSON is exchanged in UTF-8 (RFC 8259): have the file written so."
_NOT_UTF8 = "what stands there is not UTF-8, or was cut within a character"
_HINT_LINES = f"If every line is an object of its own, set `type: ndjson`. {_HINT_OBJECT}"
_IS_OBJECT = re.compile(r"found ['\"]\{")

Reading = Callable[[], Iterable[bytes]]
"""The bytes of a document, from its start each time."""


class JsonRecords:
    """The objects of one or more files as one source; in each, under `names` if there are any. Raises SourceError."""

    def __init__(
        self,
        paths: Sequence[str],
        names: Sequence[str] = (),
        *,
        member: str | None = None,
        exact_decimals: bool = False,
    ) -> None:
        self.files = SourceFiles(paths, member)
        self.warnings: list[str] = []
        self._names = names
        self.columns: tuple[str, ...] | None = None
        self._exact_decimals = exact_decimals

    def batches(self) -> Iterator[list[Record]]:
        for path in self.files.paths:
            for block in self._blocks(path):
                try:
                    yield plain_records(block.data, block.objects, exact_decimals=self._exact_decimals)
                except RecordError as error:
                    raise self._place(path, block, error.index).error(error.message, error.hint) from None

    def places(self) -> Iterator[Place]:
        for path in self.files.paths:
            for block in self._blocks(path):
                for index in range(len(block.objects)):
                    yield self._place(path, block, index)

    def _blocks(self, path: str) -> Iterator[JsonBlock]:
        return array_blocks(self._reading(path), self._names, path)

    def _reading(self, path: str) -> Reading:
        return partial(utf8_chunks, self.files, path)

    def _place(self, path: str, block: JsonBlock, index: int) -> Place:
        return Place(path, block.first_record + index, "record", partial(self._line, path, block, index))

    def _line(self, path: str, block: JsonBlock, index: int) -> int | None:
        spot = _spot(self._reading(path), block.place_of(index))
        return None if spot is None else spot.line


def array_blocks(reading: Reading, names: Sequence[str], path: str, see: See | None = None) -> Iterator[JsonBlock]:
    """The array in a document (under `names` if there are any), in blocks.

    Raises SourceError, in which the document is called `path`; what line it is about takes another reading. `see` is
    told of the values around the array.
    """
    try:
        if names:
            yield from blocks_at(reading(), names, CHUNK_SIZE, see)
        else:
            yield from iter_blocks(reading(), CHUNK_SIZE)
    except JsonStreamError as error:
        number = error.record_number or None
        record = f", record {number}" if number else ""
        hint = _HINT_WITHIN if names else _HINT_LINES if _IS_OBJECT.search(error.message) else _HINT
        message, hint = (_NOT_UTF8, _HINT_UTF8) if "valid UTF-8" in error.message else (error.message, hint)
        spot = _spot(reading, error.byte_offset)
        where = f"byte {error.byte_offset}" if spot is None else f"{spot} (byte {error.byte_offset})"
        raise SourceError(f"{path}{record}, {where}: {message}", hint, path, number) from None


def _spot(reading: Reading, offset: int) -> Spot | None:
    """None where the document cannot be read again: the error that asks for the place matters more."""
    try:
        return spot_of(offset, reading())
    except SourceError:
        return None
