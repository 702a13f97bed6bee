"""One sheet of a workbook: its cells as a person sees them, and what in it cannot be read as a table."""

import datetime
import re
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from bulkimport.errors import SourceError

Cells = Sequence[Any]
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*ref=["\']([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)["\']')
_PLACE = re.compile(rb'<(?:\w+:)?(?:row|c)\s(?:[^>]*?\s)?r=["\']([A-Z]*)([0-9]+)["\']')
_CALCULATION = re.compile(rb"<(?:\w+:)?calcPr\s[^>]*>")
_STALE = re.compile(rb"""fullCalcOnLoad=["'](?:1|true)["']""")
"""Excel is asked to calculate everything when it opens the workbook: whoever wrote it did not, or not all of it."""
_OF_XLSXWRITER = re.compile(rb"""calcId=["']124519["']""")
"""XlsxWriter always asks for that. It saves the result that it was given, and 0 where it was given none. Others that
ask for it have changed cells below saved results of any value."""
_ZEROS = (datetime.time(), datetime.timedelta(), datetime.datetime(1904, 1, 1))  # noqa: DTZ001 - as Excel has them
"""What 0 is where it is formatted as a date."""
_OVERLAP = 256
_CHUNK = 1 << 20
_NO_CODES = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')
"""What in a number format stands for itself, or for a language or a colour."""
_TRUTH = re.compile('BOOLEAN|"TRUE";"TRUE";"FALSE"')
"""How LibreOffice marks the numbers that are its truth values."""
_PADDED = re.compile("0{2,}")
_SAVE_AGAIN = "Open it in Excel and save it again."
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_LONGEST_EXACT = 15


class Sheet:
    """A sheet of the workbook at `path`, open as `book`; `place` is what people call it. Raises SourceError."""

    def __init__(self, path: str, book: Any, sheet: Any, place: str) -> None:
        self.place = place
        self._path = path
        self._sheet = sheet
        self._member = sheet._worksheet_path  # openpyxl has no public name for it
        with zipfile.ZipFile(path) as archive:
            calculation = b"".join(_CALCULATION.findall(archive.read("xl/workbook.xml")))
            self._stale = _STALE.search(calculation) is not None
            self._only_zeros_doubtful = self._stale and _OF_XLSXWRITER.search(calculation) is not None
            self._has_formulas, self._merged = self._scanned(archive)

    def rows(self) -> Iterator[Cells]:
        """The cells of every row from the first on; where a row is not in the file, it has no cells."""
        self._sheet.reset_dimensions()  # what the file says of them need not be true
        return self._calculated() if self._has_formulas else iter(self._sheet.iter_rows())

    def refuse_merged(self, first_row: int, columns: int) -> None:
        """Raises SourceError where cells of the table are merged: which rows their value is for, nobody can tell."""
        for left, top, right, bottom in self._merged:
            if int(bottom) >= first_row and _number(left) <= columns:
                area = f"{left}{top}:{right}{bottom}"
                hint = "Unmerge them in Excel (Home, Merge & Center), and fill each cell."
                raise SourceError(f"{self.place}: the cells {area} are merged", hint, self.place, int(top))

    def _calculated(self) -> Iterator[Cells]:
        """Rows of a sheet with formulas, which are worth what Excel has calculated and saved with them."""
        from openpyxl import load_workbook

        with Path(self._path).open("rb") as file:
            book = load_workbook(file, read_only=True)
            try:
                yield from self._compared(book[self._sheet.title])
            finally:
                book.close()

    def _compared(self, with_formulas: Any) -> Iterator[Cells]:
        with_formulas.reset_dimensions()
        for values, formulas in zip_longest(self._sheet.iter_rows(), with_formulas.iter_rows(), fillvalue=()):
            for value, formula in zip(values, formulas, strict=True):
                if formula.data_type == "f":
                    self._judge(value, formula.value)
            yield values

    def _judge(self, result: Any, formula: object) -> None:
        """Raises SourceError for the result of a formula that need not be one."""
        if result.value is None and result.data_type != "str":  # what has that type is an empty text
            raise _uncalculated(self.place, result)
        if not self._stale or result.data_type == "e":
            return
        # The other cells that an array formula fills are saved as 0, and as no formulas.
        is_alone = isinstance(formula, str) or getattr(formula, "ref", "") == result.coordinate
        if not (self._only_zeros_doubtful and is_alone):
            raise _uncalculated(self.place, result)
        if not isinstance(result.value, bool) and (result.value == 0 or result.value in _ZEROS):
            raise _uncalculated(self.place, result, "never calculated, or to 0: the workbook does not tell which")

    def _scanned(self, archive: zipfile.ZipFile) -> tuple[bool, list[tuple[str, ...]]]:
        """Whether there are formulas, and which cells are merged; and all bytes are seen, so their checksum holds."""
        has_formulas = False
        merged: dict[tuple[str, ...], None] = {}
        tail, last = b"", (0, 0)
        with archive.open(self._member) as xml:
            while chunk := xml.read(_CHUNK):
                text = tail + chunk
                has_formulas = has_formulas or _FORMULA.search(text) is not None
                for found in _MERGED.findall(text):
                    merged[tuple(part.decode() for part in found)] = None
                last = self._in_order(text, len(tail), last)
                tail = text[-_OVERLAP:]
        return has_formulas, list(merged)

    def _in_order(self, text: bytes, begin: int, last: tuple[int, int]) -> tuple[int, int]:
        """The last row and cell in `text`, of which what ends before `begin` was seen. Raises SourceError where rows or
        cells are not in order: of those, openpyxl would leave some out."""
        for found in _PLACE.finditer(text):
            if found.end() <= begin:
                continue
            place = (int(found[2]), _number(found[1].decode()))
            if place <= last:
                where = f"cell {found[1].decode()}{place[0]}" if place[1] else f"row {place[0]}"
                raise SourceError(f"{self.place}, {where}: it is not in its place in the file", _SAVE_AGAIN, self.place)
            last = place
        return last


def is_blank_cell(cell: Any) -> bool:
    return cell.value is None or cell.value == ""


def cell_value(cell: Any, place: str) -> object:
    """What a cell holds, as Excel shows it: whole numbers without a point, others to Excel's 15 digits, dates as dates
    where the format shows no time. None for a blank cell. Raises SourceError."""
    if is_blank_cell(cell):
        return None
    value = cell.value
    match cell.data_type:
        case "n":
            return _shown_number(value, cell.number_format)
        case "s":
            return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value) if "_x" in value else value
        case "b":
            return bool(value)
        case "d":
            return _shown_date(cell, place)
        case "e":
            hint = "Correct the formula or the value in Excel, and save it again."
            raise SourceError(f"{place}, cell {cell.coordinate}: there is an error, {value}", hint, place, cell.row)
        case kind:
            raise SourceError(f"{place}, cell {cell.coordinate}: its type {kind!r} is not known", _SAVE_AGAIN, place)


def cell_text(cell: Any, place: str) -> str:
    """The same as a text, for the names of columns."""
    value = cell_value(cell, place)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return "" if value is None else str(value)


def _shown_number(value: int | float, number_format: str) -> bool | int | float | str:
    if value in (0, 1) and _TRUTH.fullmatch(number_format):
        return bool(value)
    if isinstance(value, float):
        rounded = Decimal(f"{value:.{_LONGEST_EXACT}g}")
        value = int(rounded) if rounded == rounded.to_integral_value() else float(rounded)
    if isinstance(value, int) and value >= 0 and _PADDED.fullmatch(number_format):
        return f"{value:0{len(number_format)}}"  # a format of zeros is how leading ones are shown
    return value


def _shown_date(cell: Any, place: str) -> datetime.date | datetime.time:
    """A date with its time of day only if the format has one."""
    value: datetime.timedelta | datetime.date | datetime.time = cell.value
    if isinstance(value, datetime.timedelta):
        hint = "Format it as a number or as text."
        raise SourceError(f"{place}, cell {cell.coordinate}: it holds a duration", hint, place, cell.row)
    if isinstance(value, datetime.datetime):
        codes = set(_NO_CODES.sub("", cell.number_format.partition(";")[0]).lower())
        if not codes & set("hs"):
            return value.date()
        if not codes & set("dy"):
            return value.time()
    return value


def _uncalculated(place: str, cell: Any, what: str = "never calculated, so its value is not known") -> SourceError:
    hint = "Open the workbook in Excel and save it, so that it holds the results."
    return SourceError(f"{place}, cell {cell.coordinate}: the formula was {what}", hint, place, cell.row)


@lru_cache(20_000)
def _number(letters: str) -> int:
    """The 1-based number of a column: 27 for AA, 0 for none."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
