"""Excel workbooks (.xlsx), their sheets rewritten as rows of JSON lines: line 17 is row 17 of the sheet.

openpyxl, because its reading is a stream: of a sheet it holds one row at a time (and the workbook's shared texts),
where calamine holds the whole sheet; and because it gives each cell with its number format, which alone tells a date
from a number.
"""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from bulkimport.errors import SourceError
from bulkimport.model import ExcelSource, NdjsonSource
from bulkimport.sources.base import Place
from bulkimport.sources.extras import extra_library
from bulkimport.sources.files import SourceFiles
from bulkimport.sources.header import read_header
from bulkimport.sources.landing_file import LandingFile
from bulkimport.sources.sheet import Sheet, cell_text, cell_value, is_blank_cell
from bulkimport.sources.typed import BATCH, TypedRows
from bulkimport.wording import listed

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS = "Open it in Excel and save it as an Excel workbook (.xlsx)."
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, SyntaxError),  # XML's ParseError is a SyntaxError
    *(KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError, OverflowError),
)
"""What openpyxl raises where a workbook is not what it should be."""


def rewrite_workbooks(source: ExcelSource, folder: Path) -> tuple[NdjsonSource, dict[str, str], list[str]]:
    """Writes the rows of each workbook to a file in `folder`: the files as a source, what people call each, warnings.

    Raises SourceError, and OSError where `folder` cannot be written.
    """
    extra_library("openpyxl", "excel", "Reading Excel workbooks")
    files = SourceFiles(source.paths)
    names: dict[str, str] = {}
    told: list[str] = []
    columns: tuple[str, ...] = ()
    for number, path in enumerate(files.paths, 1):
        target = folder / f"sheet-{number}.ndjson"
        with _opened(path) as book:
            sheet = _chosen(book, source.sheet, path, told)
            place = f"{path}, sheet {sheet.title!r}"
            found = _rewrite(Sheet(path, book, sheet, place), source.header_row, target, told)
        names[str(target)] = place
        _refuse_other_columns(columns or found, found, files.paths[0], path)
        columns = columns or found
    files.verify_unchanged()
    return NdjsonSource(tuple(names), columns, "row"), names, told


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """The workbook, closed at the end. What openpyxl raises on the way is translated here."""
    from openpyxl import load_workbook

    _refuse_other_kinds(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which have no part in this
            with Path(path).open("rb") as file:  # of a path it would want a certain ending
                book = load_workbook(file, read_only=True, data_only=True)
                try:
                    yield book
                finally:
                    book.close()
    except _BROKEN as error:
        _refuse_empty_chart_sheets(path)
        raise _broken(path, error) from None


def _rewrite(sheet: Sheet, header_row: int, target: Path, told: list[str]) -> tuple[str, ...]:
    """Writes the rows below the header, and returns the columns."""
    rows = sheet.rows()
    head: Sequence[Any] = ()
    for _ in range(header_row):
        head = next(rows, ())
    place = Place(sheet.place, header_row, "row")
    columns = _header(head, place, told)
    sheet.refuse_merged(header_row, len(columns))
    with LandingFile(target) as file:
        out = TypedRows(file, sheet.place)
        out.skip(header_row)
        batch: list[dict[str, object]] = []
        for number, row in enumerate(rows, header_row + 1):
            if all(map(is_blank_cell, row)):
                _write(out, batch)
                out.skip()
                continue
            _refuse_unnamed(row[len(columns) :], sheet.place, len(columns), number)
            cells = [cell_value(cell, sheet.place) for cell in row[: len(columns)]]
            cells += [None] * (len(columns) - len(cells))
            batch.append(dict(zip(columns, cells, strict=True)))
            if len(batch) == BATCH:
                _write(out, batch)
        _write(out, batch)
    return columns


def _write(out: TypedRows, batch: list[dict[str, object]]) -> None:
    out.write(batch)
    batch.clear()


def _header(row: Sequence[Any], place: Place, told: list[str]) -> tuple[str, ...]:
    if all(map(is_blank_cell, row)):
        hint = "Say which row names the columns with `header_row`."
        raise place.error("the row has no column names", hint)
    header, padded = read_header([cell_text(cell, place.path) for cell in row], place, frozenset())
    told += padded
    return header.columns


def _refuse_unnamed(rest: Sequence[Any], place: str, named: int, number: int) -> None:
    """Beyond the named columns there is nothing: a value there belongs to no property."""
    for index, cell in enumerate(rest, named + 1):
        if not is_blank_cell(cell):
            hint = f"Give column {index} a name in the header row, or clear it."
            raise SourceError(f"{place}, cell {cell.coordinate}: its column has no name", hint, place, number)


def _chosen(book: Any, wanted: str | int | None, path: str, told: list[str]) -> Any:
    """The sheet that the source names."""
    every = {sheet.title: sheet for sheet in book.worksheets}
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    have = f"it has {listed(map(repr, every))}" if every else "it has none"
    match wanted:
        case None if shown:
            if len(shown) > 1:
                told.append(
                    f"{path}: of {len(shown)} sheets the first, {shown[0].title!r}, was read: say which with `sheet`."
                )
            return shown[0]
        case str() if wanted in every:
            return every[wanted]
        case int() if wanted <= len(shown):
            return shown[wanted - 1]
        case int():
            hint = "Sheets that are not hidden are counted from 1."
            if str(wanted) in every:
                hint = f'To name the sheet {wanted}, put it in quotes: `sheet: "{wanted}"`.'
            raise SourceError(f"{path} has no sheet number {wanted}: {have}", hint, path)
        case _:
            name = "that can be seen" if wanted is None else repr(wanted)
            hint = "Name one of its sheets with `sheet`."
            raise SourceError(f"{path} has no sheet {name}: {have}", hint, path)


def _refuse_other_columns(first: tuple[str, ...], found: tuple[str, ...], first_path: str, path: str) -> None:
    if set(first) != set(found):
        differing = listed(map(repr, sorted(set(first) ^ set(found))))
        hint = "All workbooks of a source have to have the same columns."
        raise SourceError(f"{path} has other columns than {first_path}: they differ in {differing}", hint, path)


def _refuse_other_kinds(path: str) -> None:
    """Recognises what has the wrong format, or a password, by its content."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(len(_OLE))
            content = file.read() if start == _OLE else b""
    except OSError as error:
        hint = "Check the file, and that the account that runs bulkimport may read it."
        raise SourceError(f"{path} cannot be read: {error.strerror}", hint, path) from None
    if _ENCRYPTED in content:
        hint = "Save it without a password, or have a `command` that decrypts it."
        raise SourceError(f"{path} is protected by a password, so that it cannot be read", hint, path)
    if start == _OLE:
        raise SourceError(f"{path} is a workbook in the old format of Excel 97 (.xls)", _SAVE_AS, path)
    if start.startswith(b"\x1f\x8b"):
        raise SourceError(f"{path} is gzip-compressed", "A workbook is packed already: unpack it.", path)
    if not start.startswith(b"PK"):
        hint = "Say what it is with `type`, or save it as an Excel workbook (.xlsx)."
        raise SourceError(f"{path} is no Excel workbook", hint, path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        raise _broken(path, None) from None
    if "xl/workbook.xml" not in members:
        kind = {".bin": "a binary workbook (.xlsb)"}.get(
            next((PurePath(name).suffix for name in members if name.startswith("xl/workbook.")), ""),
            "a zip archive, but no workbook of Excel",
        )
        raise SourceError(f"{path} is {kind}", _SAVE_AS, path)


def _refuse_empty_chart_sheets(path: str) -> None:
    """Nothing is wrong with them, but openpyxl reads no workbook that has one."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except _BROKEN:
        return
    sheets = [PurePath(name) for name in members if name.startswith("xl/chartsheets/sheet")]
    if any(str(sheet.parent / "_rels" / f"{sheet.name}.rels") not in members for sheet in sheets):
        hint = "Delete it in Excel, or put a chart on it, and save the workbook again."
        raise SourceError(f"{path} has a chart sheet without a chart, with which it cannot be read", hint, path)


def _broken(path: str, error: BaseException | None) -> SourceError:
    is_telling = error is not None and str(error) and not isinstance(error, AttributeError | TypeError | IndexError)
    reason = re.sub(r"\s+", " ", f": {error}")[:200] if is_telling else ""
    hint = "It may be cut short, or still being written. Have it saved again."
    return SourceError(f"{path} is not a whole Excel workbook{reason}", hint, path)
