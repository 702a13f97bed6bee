"""Delimited text as columns of Arrow, block by block, wherever that is certain to give what `CsvTable` gives.

Arrow's reader is faster by a factor, but forgives what is refused here: text behind a closing quote, quotes that never
close, bytes that are not UTF-8. So it sees only blocks in which every quote stands where RFC 4180 has it and no cell
has a line end. Any other block goes to `CsvTable`. What may be an error is not judged here at all: RowsNeededError asks
for the source to be read by rows, from its start, which knows the lines.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from typing import Any

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource
from bulkimport.sources.arrow_types import TypedColumn, arrow, kernels
from bulkimport.sources.csv import CsvTable
from bulkimport.sources.csv_blocks import Marks, Quoting, is_utf8
from bulkimport.sources.extras import extra_library
from bulkimport.sources.rows import CellRows
from bulkimport.sources.text import text_blocks

BLOCK = 512 << 10
"""Bytes that Arrow is given at once: larger blocks take more memory, and hardly less time."""

_PIECE = 64 << 10
_LONGEST_BLOCK = 8 << 20
_MARK = codecs.BOM_UTF8


class RowsNeededError(Exception):
    """Only the reading by rows, from the start of the source, can tell what is to become of it."""


class CsvColumns:
    """The cells of `table`, which has been opened from `source`, in batches: columns in its order, or rows."""

    def __init__(self, table: CsvTable, source: CsvSource) -> None:
        self._table = table
        self._source = source
        self._marks = Marks(source.delimiter, source.quotechar)

    @staticmethod
    def fits(source: CsvSource) -> bool:
        """Whether the marks of `source` are ones that Arrow takes, and its files have the same columns."""
        marks = source.delimiter + source.quotechar
        return source.differing_columns == "refuse" and all(
            mark.isascii() and (mark.isprintable() or mark == "\t") for mark in marks
        )

    def batches(self) -> Iterator[list[TypedColumn] | CellRows]:
        """All rows in batches, none empty. Raises RowsNeededError."""
        try:
            for path in self._table.files.paths:
                yield from self._batches(path)
        except (SourceError, UnicodeError):
            raise RowsNeededError from None

    def _batches(self, path: str) -> Iterator[list[TypedColumn] | CellRows]:
        blocks = self._blocks(path)
        header_seen = False
        for block in blocks:
            if not header_seen and block.lstrip(b'"')[:4].lower() == b"sep=":
                raise RowsNeededError  # it names the delimiter
            quoting = self._marks.quoting(block)
            data = block if header_seen or quoting is None else self._without_header(block, path)
            columns = None if quoting is None else self._columns(data, path, quoting)
            if columns is None:
                yield from self._rows(block, blocks, path, header_seen=header_seen)
            elif columns and len(columns[0].array):
                yield columns
            header_seen = True

    def _rows(self, block: bytes, blocks: Iterator[bytes], path: str, *, header_seen: bool) -> Iterator[CellRows]:
        """The rows that start in `block`; the last of them may take what it lacks from `blocks`."""
        pieces = deque(_pieces(block))

        def texts() -> Iterator[str]:
            while pieces:
                yield pieces.popleft().decode()
            yield from map(bytes.decode, blocks)

        for rows in self._table.rows_in(texts(), path, header_seen=header_seen):
            yield rows
            if not pieces:
                return

    def _columns(self, data: bytes, path: str, quoting: Quoting) -> list[TypedColumn] | None:
        """The cells of a regular block; None where Arrow finds fault with it."""
        if not data or (data.isspace() and not data.strip(b"\r\n")):
            return []
        if not is_utf8(data):
            return None
        pa = arrow()
        reader = extra_library("pyarrow.csv", "parquet", "Reading columns")
        header = self._table.headers[path]
        names = [*header.columns, *(f"\0{index}" for index in range(len(header.columns), header.width))]
        types = dict.fromkeys(names, pa.string())
        try:
            table = reader.read_csv(
                pa.BufferReader(data),
                reader.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
                reader.ParseOptions(delimiter=self._source.delimiter, quote_char=self._source.quotechar),
                # What is UTF-8 as a whole is so in every cell: its marks are ASCII.
                reader.ConvertOptions(check_utf8=False, column_types=types, strings_can_be_null=False),
            )
        except pa.ArrowInvalid:
            return None
        arrays = dict(zip(names, (_one(column) for column in table.columns), strict=True))
        if any(any(arrays[name].to_pylist()) for name in names[len(header.columns) :]):
            raise RowsNeededError
        if kernels().any(kernels().equal(arrays[names[0]], header.cells[0])).as_py():
            raise RowsNeededError  # the header may have come again
        plain = self._marks.needs_no_escape(data, quoting, table.num_rows)
        return [TypedColumn("text", arrays[name], plain) for name in self._table.columns]

    def _without_header(self, block: bytes, path: str) -> bytes:
        line, _, rest = block.lstrip(b"\r\n").partition(b"\n")
        text = line.decode().rstrip("\r")
        reader = csv.reader([text], delimiter=self._source.delimiter, quotechar=self._source.quotechar, strict=True)
        cells = next(reader, [])
        header = self._table.headers[path]
        found = tuple(cell.strip() for cell in cells)
        if found[: len(header.columns)] != tuple(map(str.strip, header.columns)) or len(found) != header.width:
            raise RowsNeededError
        return rest

    def _blocks(self, path: str) -> Iterator[bytes]:
        """The text of a file as UTF-8 without a byte order mark, in blocks of whole lines."""
        for block in self._whole_lines(path):
            if _MARK[:1] in block and _MARK in block:  # looking for one byte is far quicker
                raise RowsNeededError  # amid the text it is an error
            yield block

    def _whole_lines(self, path: str) -> Iterator[bytes]:
        tail: list[bytes] = []
        held = 0
        for chunk in self._chunks(path):
            if b"\0" in chunk:
                raise RowsNeededError
            end = chunk.rfind(b"\n") + 1
            if end:
                yield b"".join((*tail, chunk[:end]))
                tail, held = [], 0
            tail.append(chunk[end:])
            held += len(chunk) - end
            if held > _LONGEST_BLOCK:
                raise RowsNeededError
        if rest := b"".join(tail):
            yield rest

    def _chunks(self, path: str) -> Iterator[bytes]:
        files, encoding = self._table.files, self._source.encoding
        if codecs.lookup(encoding).name == "utf-8":
            chunks = files.chunks(path, BLOCK)
            yield next(chunks).removeprefix(_MARK)
            yield from chunks
        else:
            gathered: list[bytes] = []
            for text in text_blocks(files, path, encoding):
                gathered.append(text.encode())
                if sum(map(len, gathered)) >= BLOCK:
                    yield b"".join(gathered)
                    gathered.clear()
            yield b"".join(gathered)


def _pieces(block: bytes) -> Iterator[bytes]:
    """The block in smaller ones of whole lines."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", start + _PIECE) + 1 or len(block)
        yield block[start:end]
        start = end


def _one(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
