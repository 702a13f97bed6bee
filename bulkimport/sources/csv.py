"""Delimited text: RFC 4180 as the csv module reads it in strict mode, at the speed of `str.split` where that will do.

Where a line has no quote character, splitting it at the delimiter is all that reading it takes; other lines go to
`csv.reader`. The fast reading only notices *that* something is wrong: the file is then read once more by `csv.reader`
alone, which knows the lines.
"""

import csv
import io
from collections.abc import Iterator

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource
from bulkimport.sources.base import Place
from bulkimport.sources.files import SourceFiles
from bulkimport.sources.header import Header, read_header
from bulkimport.sources.text import MAX_LINE, text_blocks

Rows = list[list[str]]

_CUT_HINT = (
    "The file may be cut short, or a delimiter in a cell may lack its quotes. Nothing was sent for this dataset."
)
_QUOTE_HINT = 'A quote inside a quoted cell is written twice (""). Have the file corrected; nothing was sent.'


class CsvTable:
    """The table of one or more files with the same columns, in any order; each row has one cell per column.

    Entirely empty lines are skipped; cells are as they stand in the file. Raises SourceError.
    """

    def __init__(self, source: CsvSource, wanted: frozenset[str] = frozenset()) -> None:
        for name, value in (("delimiter", source.delimiter), ("quotechar", source.quotechar)):
            if len(value) != 1 or value in "\r\n" or source.delimiter == source.quotechar:
                hint = f"Set the source's `{name}` to one character, another than the line ends and the other one."
                raise SourceError(f"{value!r} cannot be the {name} of a CSV file", hint)
        csv.field_size_limit(MAX_LINE)
        self.files = SourceFiles(source.paths)
        self.warnings: list[str] = []
        self._source = source
        self.headers = {path: self._read_header(path, wanted) for path in self.files.paths}
        self.columns = self.headers[self.files.paths[0]].columns
        self._refuse_other_columns()

    def batches(self) -> Iterator[Rows]:
        for path in self.files.paths:
            yield from self.rows_in(text_blocks(self.files, path, self._source.encoding), path, header_seen=False)

    def rows_in(self, blocks: Iterator[str], path: str, *, header_seen: bool) -> Iterator[Rows]:
        """The rows of a file (`header_seen`: of the rest of it) in its text, cells in the order of `columns`.

        Each block is whole lines; a batch of rows is yielded once the block in which they end has been read.
        """
        header = self.headers[path]
        arrange = header.arranged_as(self.columns)
        named = len(header.columns)
        for rows in self._rows(blocks, path, header.width, header_seen):
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

    def _rows(self, blocks: Iterator[str], path: str, width: int, header_seen: bool) -> Iterator[Rows]:
        """The data rows, all of the same width."""
        splitter = RowSplitter(blocks, self._source)
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

    def _read_header(self, path: str, wanted: frozenset[str]) -> Header:
        for place, cells in self._walk(path):
            header, warnings = read_header(cells, place, wanted)
            self.warnings += warnings
            return header
        raise SourceError(f"{path} has no header: all its lines are empty", "Have the file written again.", path)

    def _refuse_other_columns(self) -> None:
        first = self.files.paths[0]
        for path, header in self.headers.items():
            lacking = [name for name in self.columns if name not in header.columns]
            extra = [name for name in header.columns if name not in self.columns]
            if lacking or extra:
                differences = [
                    *([f"lacks {', '.join(map(repr, lacking))}"] if lacking else []),
                    *([f"has {', '.join(map(repr, extra))} besides"] if extra else []),
                ]
                hint = "Files that are read as one source need the same columns (in any order)."
                raise SourceError(f"{path} {' and '.join(differences)}, compared with {first}", hint, path, 1)

    def _walk(self, path: str) -> Iterator[tuple[Place, list[str]]]:
        """Each record with the line it starts on, the header included. Slow; knows what exactly is wrong."""
        blocks = text_blocks(self.files, path, self._source.encoding)
        lines = (line for block in blocks for line in io.StringIO(block, newline=""))
        reader = csv.reader(lines, delimiter=self._source.delimiter, quotechar=self._source.quotechar, strict=True)
        start = 1
        try:
            for row in reader:
                if row:
                    yield Place(path, start), row
                start = reader.line_num + 1
        except csv.Error as error:
            raise _malformed(Place(path, start), str(error)) from None

    def _diagnosis(self, path: str) -> SourceError:
        """What is wrong with a file in which the fast reading stumbled."""
        header = self.headers[path]
        try:
            for place, row in self._walk(path):
                if len(row) != header.width:
                    expected = f"{header.width} as in the header"
                    return place.error(f"the row has {len(row)} cells, expected {expected}", _CUT_HINT)
                if place.line > 1 and any(row[len(header.columns) :]):
                    hint = "Name the column in the header or remove its cells; nothing was sent for this dataset."
                    return place.error("there is a value in a column that has no name", hint)
        except SourceError as error:
            return error
        return SourceError(f"{path} changed while it was read", "Run again once the file is complete.", path)


class RowSplitter:
    """Splits text into rows exactly as `csv.reader(strict=True)` would; empty lines are skipped. Raises csv.Error."""

    def __init__(self, blocks: Iterator[str], source: CsvSource) -> None:
        self._blocks = blocks
        self._delimiter = source.delimiter
        self._quote = source.quotechar
        self._reader = csv.reader(
            self._lines_for_reader(), delimiter=source.delimiter, quotechar=source.quotechar, strict=True
        )
        self._lines: Iterator[str] = iter(())
        self._line_end = ""
        self._pending: str | None = None

    def batches(self) -> Iterator[Rows]:
        """The rows that start in each block; `blocks` must consist of whole lines."""
        delimiter = self._delimiter
        for block in self._blocks:
            self._take(block)
            if self._quote not in block and self._line_end:
                rows = [line.split(delimiter) for line in self._lines if line]
            else:
                rows = self._rows_with_quotes()
            if rows:
                yield rows

    def _take(self, block: str) -> None:
        """Splits a block into lines: without their ends where these are all alike, else with them."""
        returns = block.count("\r")
        if not returns:
            self._line_end = "\n"
        elif returns == block.count("\n") == block.count("\r\n"):
            self._line_end = "\r\n"
        else:
            self._line_end = ""
            self._lines = iter(io.StringIO(block, newline=""))
            return
        lines = block.split(self._line_end)
        if not lines[-1]:
            lines.pop()  # what stands after the last line end is no line
        self._lines = iter(lines)

    def _rows_with_quotes(self) -> Rows:
        rows: Rows = []
        delimiter, quote = self._delimiter, self._quote
        lines = None
        while lines is not self._lines:  # a record that runs into the next block replaces them
            lines = self._lines
            for line in lines:
                if quote in line or not self._line_end:
                    self._pending = line
                    row = next(self._reader)
                    if row:
                        rows.append(row)
                elif line:
                    rows.append(line.split(delimiter))
        return rows

    def _lines_for_reader(self) -> Iterator[str]:
        """The pending line, then as many of those after it as the reader needs to complete a record."""
        while True:
            line, self._pending = self._pending, None
            if line is None:
                line = next(self._lines, None)
            if line is not None:
                yield line + self._line_end
            else:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._take(block)


def _malformed(place: Place, reason: str) -> SourceError:
    if reason.startswith("unexpected end of data"):
        return place.error("a quoted cell of this row is never closed, and swallows the rest of the file", _QUOTE_HINT)
    if "expected after" in reason:
        return place.error(f"a cell of this row goes on after its closing quote ({reason})", _QUOTE_HINT)
    if "field larger than" in reason:
        message = f"a cell of this row has more than {MAX_LINE} characters; a closing quote is probably missing"
        return place.error(message, _QUOTE_HINT)
    return place.error(f"the row is not CSV: {reason}", _QUOTE_HINT)
