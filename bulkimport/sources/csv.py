"""Delimited text as tables: RFC 4180 in the strict reading of `rows`, with a header.

The fast reading only notices *that* something is wrong: the file is then read once more by `csv.reader` alone, which
knows the lines.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource
from bulkimport.sources import complaints
from bulkimport.sources.base import Place
from bulkimport.sources.files import SourceFiles
from bulkimport.sources.header import Header, read_header
from bulkimport.sources.rows import BlankBeforeQuote, CellRows, RowSplitter
from bulkimport.sources.text import MAX_LINE, text_blocks

_SEPARATOR = re.compile(r'"?sep=([^\r\n])"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Opened:
    """The text of one file from `first_line` on, and how it is read."""

    blocks: Iterator[str]
    source: CsvSource
    first_line: int


class CsvTable:
    """The table of one or more files with the same columns, in any order; each row has one cell per column.

    With `differing_columns: fill`, it has the columns of all files in order of first appearance, and blank cells where
    a file lacks one. Entirely empty lines are skipped; cells are as they stand in the file. A first line such as
    `sep=;`, which spreadsheets write, names the file's delimiter. Raises SourceError.
    """

    def __init__(self, source: CsvSource, wanted: frozenset[str] = frozenset()) -> None:
        _refuse_dialect(source)
        csv.field_size_limit(MAX_LINE)
        self.files = SourceFiles(source.paths, source.member)
        self.warnings: list[str] = []
        self._source = source
        self.headers = {path: self._read_header(path, wanted) for path in self.files.paths}
        self.columns = tuple(dict.fromkeys(chain.from_iterable(h.columns for h in self.headers.values())))
        if source.differing_columns == "refuse":
            self._refuse_other_columns()

    def batches(self) -> Iterator[CellRows]:
        for path in self.files.paths:
            opened = self._opened(path)
            yield from self._arranged(opened.blocks, opened.source, path, header_seen=False)

    def rows_in(self, blocks: Iterator[str], path: str, *, header_seen: bool) -> Iterator[CellRows]:
        """The rows of a file (`header_seen`: of the rest of it) in its text, cells in the order of `columns`.

        Each block is whole lines; a batch of rows is yielded once the block in which they end has been read. No line
        in it names the delimiter.
        """
        yield from self._arranged(blocks, self._source, path, header_seen=header_seen)

    def _arranged(
        self, blocks: Iterator[str], source: CsvSource, path: str, *, header_seen: bool
    ) -> Iterator[CellRows]:
        header = self.headers[path]
        arrange = header.arranged_as(self.columns)
        named = len(header.columns)
        for rows in self._rows(RowSplitter(blocks, source), path, header.width, header_seen):
            if header.cells in rows and header.comes_again(header.cells):
                raise self._diagnosis(path)
            if named < header.width:
                if any(map(any, (row[named:] for row in rows))):
                    raise self._diagnosis(path)
                rows = [row[:named] for row in rows]  # noqa: PLW2901 (the same rows, less their empty cells)
            yield rows if arrange is None else list(map(arrange, rows))

    def places(self) -> Iterator[Place]:
        for path in self.files.paths:
            walk = self._walk(path)
            next(walk)
            for place, _ in walk:
                yield place

    def _rows(self, splitter: RowSplitter, path: str, width: int, header_seen: bool) -> Iterator[CellRows]:
        """The data rows, all of the same width."""
        try:
            for rows in splitter.batches():
                if not {width}.issuperset(map(len, rows)):
                    raise self._diagnosis(path)
                data = rows if header_seen else rows[1:]
                header_seen = True
                if data:
                    yield data
        except csv.Error:
            raise self._diagnosis(path) from None

    def _opened(self, path: str) -> _Opened:
        blocks = text_blocks(self.files, path, self._source.encoding)
        start = next(blocks, "")
        separator = _SEPARATOR.match(start)
        if separator is None:
            return _Opened(chain([start], blocks), self._source, 1)
        source = replace(self._source, delimiter=separator[1])
        _refuse_dialect(source)
        return _Opened(chain([start[separator.end() :]], blocks), source, 2)

    def _read_header(self, path: str, wanted: frozenset[str]) -> Header:
        for place, cells in self._walk(path):
            header, warnings = read_header(cells, place, wanted)
            self.warnings += warnings
            return header
        raise SourceError(f"{path} has no header: all its lines are empty", "Have the file written again.", path)

    def _refuse_other_columns(self) -> None:
        first = self.files.paths[0]
        for path, header in self.headers.items():
            error = complaints.other_columns(path, header.columns, first, self.headers[first].columns)
            if error is not None:
                raise error

    def _walk(self, path: str) -> Iterator[tuple[Place, list[str]]]:
        """Each record with the line it starts on, the header included. Slow; knows what exactly is wrong."""
        opened = self._opened(path)
        check = BlankBeforeQuote(opened.source)
        taken: list[str] = []

        def lines() -> Iterator[str]:
            for block in opened.blocks:
                for line in io.StringIO(block, newline=""):
                    taken.append(line)
                    yield line

        reader = csv.reader(lines(), delimiter=opened.source.delimiter, quotechar=opened.source.quotechar, strict=True)
        start = opened.first_line
        try:
            for row in reader:
                place = Place(path, start)
                if check.is_in(row, taken):
                    raise complaints.blank_before_quote(place)
                if row:
                    yield place, row
                start = reader.line_num + opened.first_line
                taken.clear()
        except csv.Error as error:
            raise complaints.malformed(Place(path, start), str(error)) from None

    def _diagnosis(self, path: str) -> SourceError:
        """What is wrong with a file in which the fast reading stumbled."""
        header = self.headers[path]
        named, header_seen = len(header.columns), False
        try:
            for place, row in self._walk(path):
                if len(row) != header.width:
                    return complaints.wrong_width(place, row, named, header.width)
                if header_seen and header.comes_again(row):
                    return complaints.repeated_header(place)
                if header_seen and any(row[named:]):
                    return complaints.value_without_column(place)
                header_seen = True
        except SourceError as error:
            return error
        return SourceError(f"{path} changed while it was read", "Run again once the file is complete.", path)


def _refuse_dialect(source: CsvSource) -> None:
    for name, value in (("delimiter", source.delimiter), ("quotechar", source.quotechar)):
        if len(value) != 1 or value in "\r\n" or source.delimiter == source.quotechar:
            hint = f"Set the source's `{name}` to one character, another than the line ends and the other one."
            raise SourceError(f"{value!r} cannot be the {name} of a CSV file", hint)
