"""Text as rows of cells: what `csv.reader` reads in strict mode, at the speed of `str.split` where that will do.

Where a line has no quote character, splitting it at the delimiter is all that reading it takes; other lines go to
`csv.reader`.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from bulkimport.model import CsvSource

CellRows = list[list[str]]

_BLANKS = (" ", "\t")


class RowSplitter:
    """Splits text into rows exactly as `csv.reader(strict=True)` would; empty lines are skipped.

    Raises csv.Error where that would, and where white space stands before a cell's opening quote.
    """

    def __init__(self, blocks: Iterator[str], source: CsvSource) -> None:
        self._blocks = blocks
        self._delimiter = source.delimiter
        self._quote = source.quotechar
        self._reader = csv.reader(
            self._lines_for_reader(), delimiter=source.delimiter, quotechar=source.quotechar, strict=True
        )
        self._check = BlankBeforeQuote(source)
        self._is_suspect = False
        self._further_lines: list[str] = []
        self._lines: Iterator[str] = iter(())
        self._line_end = ""
        self._pending: str | None = None

    def batches(self) -> Iterator[CellRows]:
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
        self._is_suspect = self._quote in block and self._check.may_be_in(block)
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

    def _rows_with_quotes(self) -> CellRows:
        rows: CellRows = []
        delimiter, quote, further_lines = self._delimiter, self._quote, self._further_lines
        lines = None
        while lines is not self._lines:  # a record that runs into the next block replaces them
            lines, is_suspect = self._lines, self._is_suspect
            for line in lines:
                if quote in line or not self._line_end:
                    self._pending = line
                    further_lines.clear()
                    row = next(self._reader)
                    if (is_suspect or self._is_suspect) and self._check.is_in(row, [line, *further_lines]):
                        raise csv.Error("white space before a quote")
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
                    self._further_lines.append(line)
            if line is not None:
                yield line + self._line_end
            else:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._take(block)


class BlankBeforeQuote:
    """White space between a delimiter and an opening quote, as in `1, "a"`.

    Some programs mean the quotes to count there, and RFC 4180 (and the csv module) takes them for characters, so that a
    delimiter within them splits the cell.
    """

    def __init__(self, source: CsvSource) -> None:
        delimiter, quote = re.escape(source.delimiter), re.escape(source.quotechar)
        self._marks = tuple(blank + source.quotechar for blank in _BLANKS)
        before = rf"(?:(?!{delimiter})[ \t])++{quote}"
        cell = rf"(?:{quote}(?:[^{quote}]|{quote}{quote})*+{quote}|(?!{before})[^{delimiter}]*+)"
        self._anywhere = re.compile(rf"(?:\A|[{delimiter}\r\n]){before}")
        self._good = re.compile(rf"{cell}(?:{delimiter}{cell})*+[\r\n]*+\Z")

    def may_be_in(self, block: str) -> bool:
        """Whether there is something like it in whole lines, be it within a quoted cell."""
        return any(mark in block for mark in self._marks) and self._anywhere.search(block) is not None

    def is_in(self, row: list[str], lines: Iterable[str]) -> bool:
        """Whether it is in the well-formed record whose cells and lines these are."""
        cells = "\n".join(row)  # looked at as one text, since it takes a third of the time
        if not (cells.startswith(_BLANKS) or "\n " in cells or "\n\t" in cells):
            return False
        return self._good.match("".join(lines)) is None
