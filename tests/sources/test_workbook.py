"""Workbooks of LibreOffice and of XlsxWriter, as rows; and what is no whole workbook."""

import datetime
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from bulkimport.errors import SourceError
from bulkimport.model import ExcelSource
from bulkimport.sources.workbook import rewrite_workbooks

LIBRE = Path(__file__).parents[1] / "data" / "people.xlsx"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)
Fill = Callable[[Any, Any], None]


def book(folder: Path, fill: Fill, name: str = "people", **options: Any) -> Path:
    """A workbook with one sheet `Staff`, filled by `fill(workbook, sheet)`."""
    path = folder / f"{name}.xlsx"
    with xlsxwriter.Workbook(str(path), options) as workbook:
        fill(workbook, workbook.add_worksheet("Staff"))
    return path


def table(*rows: list[Any]) -> Fill:
    def fill(workbook: Any, sheet: Any) -> None:
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return fill


def rows_of(folder: Path, *paths: Path, **options: Any) -> list[dict[str, Any] | None]:
    """The rows by their lines; None for a line without one."""
    source, _, _ = rewrite_workbooks(ExcelSource(tuple(map(str, paths)), **options), folder / "landing")
    lines = [line for path in source.paths for line in Path(path).read_text().split("\n")[:-1]]
    return [json.loads(line) if line else None for line in lines]


def complaint(folder: Path, path: Path, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        rows_of(folder, path, **options)
    assert caught.value.message.startswith(str(path))
    return caught.value.message.removeprefix(str(path))


def test_a_workbook_of_libreoffice(tmp_path: Path) -> None:
    source, names, warnings = rewrite_workbooks(ExcelSource((str(LIBRE),), header_row=2), tmp_path / "landing")
    assert source.columns == ("id", "name", "born", "seen", "hours", "pay", "manager", "note")
    assert source.unit == "row"
    assert list(names.values()) == [f"{LIBRE}, sheet 'Staff'"]
    assert warnings == [f"{LIBRE}: of 2 sheets the first, 'Staff', was read: say which with `sheet`."]
    assert Path(source.paths[0]).read_text() == (
        "\n\n"
        '{"id":"00017","name":"Zoë Łuczak 山田 🎉","born":"1999-12-31","seen":"2026-01-31T08:30:00","hours":37.5,'
        '"pay":3.75,"manager":true,"note":null}\n'
        "\n"
        '{"id":123,"name":"two\\nlines","born":null,"seen":null,"hours":40,"pay":0.3,"manager":false,"note":null}\n'
    )


def test_numbers_and_texts_are_what_excel_shows(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table(["a", "b", "c", "d", "e", "f", "g"], [123, 0.1 + 0.2, 1e15, 1234.56, True])(workbook, sheet)
        sheet.write_string(1, 5, "00123")
        sheet.write_number(1, 6, 123, workbook.add_format({"num_format": "00000"}))

    row = rows_of(tmp_path, book(tmp_path, fill))[1]
    assert row is not None
    assert list(map(repr, row.values())) == ["123", "0.3", "1000000000000000", "1234.56", "True", "'00123'", "'00123'"]


@pytest.mark.parametrize("options", [{}, {"date_1904": True}])
def test_dates_are_told_by_their_format(options: dict[str, Any], tmp_path: Path) -> None:
    formats = {
        "dd/mm/yyyy": "2026-01-31",
        "[$-sv-SE]d mmmm yyyy;@": "2026-01-31",
        "mmmm": "2026-01-31",
        "yyyy-mm-dd hh:mm": "2026-01-31T08:30:00",
        "hh:mm": "08:30:00",
        '"shift of "d/m/yy': "2026-01-31",
    }

    def fill(workbook: Any, sheet: Any) -> None:
        for column, number_format in enumerate(formats):
            sheet.write_string(0, column, number_format)
            moment = datetime.datetime(2026, 1, 31, 8, 30)  # noqa: DTZ001 (Excel has no time zones)
            sheet.write_datetime(1, column, moment, workbook.add_format({"num_format": number_format}))

    assert rows_of(tmp_path, book(tmp_path, fill, **options))[1] == formats


def test_what_is_blank_at_the_edges_is_not_there(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table(["id", "name", "", ""], [1, "A"], [], ["", ""], [2])(workbook, sheet)
        sheet.write_blank(50, 9, None, workbook.add_format({"bold": True}))

    rows = rows_of(tmp_path, book(tmp_path, fill))
    assert [row for row in rows if row] == [{"id": 1, "name": "A"}, {"id": 2, "name": None}]
    assert rows[1] == {"id": 1, "name": "A"}
    assert rows[4] == {"id": 2, "name": None}


def test_more_rows_than_a_batch(tmp_path: Path) -> None:
    path = book(tmp_path, table(["id"], *([number] for number in range(1234))), constant_memory=True)
    assert rows_of(tmp_path, path)[1:] == [{"id": number} for number in range(1234)]


def test_a_sheet_without_rows_has_columns(tmp_path: Path) -> None:
    source, _, _ = rewrite_workbooks(ExcelSource((str(book(tmp_path, table(["id", 2026]))),)), tmp_path / "landing")
    assert source.columns == ("id", "2026")
    assert Path(source.paths[0]).read_text() == "\n"


def test_sheets_are_named_or_counted(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        for number, name in enumerate(["Old", "Staff", "2024"]):
            workbook.add_worksheet(name).write_column(0, 0, ["id", number])
        workbook.worksheets()[1].activate()
        workbook.worksheets()[0].hide()

    def read(sheet: str | int | None) -> object:
        for old in tmp_path.glob("landing/*"):
            old.unlink()
        return (rows_of(tmp_path, path, sheet=sheet)[1] or {})["id"]

    assert [read(sheet) for sheet in (None, 1, 2, "Old", "2024")] == [1, 1, 2, 0, 2]
    assert complaint(tmp_path, path, sheet="staff") == " has no sheet 'staff': it has 'Old', 'Staff' and '2024'"
    assert complaint(tmp_path, path, sheet=3) == " has no sheet number 3: it has 'Old', 'Staff' and '2024'"
    with pytest.raises(SourceError) as caught:
        rows_of(tmp_path, path, sheet=2024)
    assert 'put it in quotes: `sheet: "2024"`' in caught.value.hint


def test_several_workbooks_are_one_source(tmp_path: Path) -> None:
    one = book(tmp_path, table(["id", "name"], [1, "A"]), "one")
    two = book(tmp_path, table(["name", "id"], ["B", 2]), "two")
    other = book(tmp_path, table(["id", "label"], [3, "C"]), "other")
    found = [row for row in rows_of(tmp_path, one, two) if row]
    assert found == [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}]
    with pytest.raises(SourceError, match=r"other.xlsx has other columns than .*they differ in 'label' and 'name'"):
        rows_of(tmp_path / "again", one, other)


def merged(workbook: Any, sheet: Any) -> None:
    table(["id", "name"], [1])(workbook, sheet)
    sheet.merge_range("B2:B4", "A")


def uncalculated(workbook: Any, sheet: Any) -> None:
    table(["id"], [1])(workbook, sheet)
    sheet.write_formula("A3", "=A2+1")


BAD: dict[str, tuple[Fill, str]] = {
    "merged": (merged, ", sheet 'Staff': the cells B2:B4 are merged"),
    "formula": (
        uncalculated,
        ", sheet 'Staff', cell A3: the formula was never calculated, or to 0: the workbook does not tell which",
    ),
    "no name": (table(["id", ""], [1, 5]), ", sheet 'Staff', cell B2: its column has no name"),
    "gap": (table(["id", "", "x"]), ", sheet 'Staff', row 1: column 2 has no name in the header"),
    "twice": (table(["id", "x", "id"]), ", sheet 'Staff', row 1: the header names the column 'id' more than once"),
    "empty": (table(), ", sheet 'Staff', row 1: the row has no column names"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_table_is_not_guessed_at(case: str, tmp_path: Path) -> None:
    fill, message = BAD[case]
    assert complaint(tmp_path, book(tmp_path, fill)).startswith(message)


def test_a_title_above_the_header_may_be_merged(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        sheet.merge_range("A1:C1", "Staff of Example Ltd")
        sheet.write_column(1, 0, ["id", 1])

    assert rows_of(tmp_path, book(tmp_path, fill), header_row=2) == [None, None, {"id": 1}]


def test_an_error_in_a_cell_is_told_with_its_place(tmp_path: Path) -> None:
    assert complaint(tmp_path, LIBRE, sheet="Broken") == ", sheet 'Broken', cell B2: there is an error, #DIV/0!"


RESULTS: list[Any] = [2, -0.5, "ab", True, False]


@pytest.mark.parametrize("result", RESULTS)
def test_results_that_a_library_has_saved_with_formulas_count(result: Any, tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table(["id"])(workbook, sheet)
        sheet.write_formula("A2", "=B9", None, result)

    assert rows_of(tmp_path, book(tmp_path, fill))[1:] == [{"id": result}]


def test_an_error_that_a_library_has_saved_with_a_formula_is_told_as_one(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table(["id"])(workbook, sheet)
        sheet.write_formula("A2", "=NA()", None, "#N/A")

    assert complaint(tmp_path, book(tmp_path, fill)) == ", sheet 'Staff', cell A2: there is an error, #N/A"


@pytest.mark.parametrize("number_format", ["0.00", "yyyy-mm-dd", "hh:mm", "[h]:mm"])
@pytest.mark.parametrize("options", [{}, {"date_1904": True}], ids=["1900", "1904"])
def test_a_result_that_a_library_saves_where_it_has_none_is_refused_whatever_its_format(
    number_format: str, options: dict[str, Any], tmp_path: Path
) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table(["id"])(workbook, sheet)
        sheet.write_formula("A2", "=B9", workbook.add_format({"num_format": number_format}))

    assert ", cell A2: the formula was never calculated, or to 0" in complaint(
        tmp_path, book(tmp_path, fill, **options)
    )


def array_formula(area: str) -> Fill:
    def fill(workbook: Any, sheet: Any) -> None:
        table(["id"])(workbook, sheet)
        sheet.write_array_formula(area, "{=B2:B3}", None, 5)

    return fill


def test_of_a_formula_that_fills_several_cells_the_results_are_refused(tmp_path: Path) -> None:
    """Only the first has a result: the library saves 0 for the others, and no formula with it."""
    path = book(tmp_path, array_formula("A2:A3"))
    assert ", cell A2: the formula was never calculated, so" in complaint(tmp_path, path)


def test_the_result_of_an_array_formula_in_one_cell_counts(tmp_path: Path) -> None:
    assert rows_of(tmp_path, book(tmp_path, array_formula("A2:A2")))[1:] == [{"id": 5}]


def test_results_that_others_than_the_calculating_program_have_passed_on_are_refused(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table(["id"])(workbook, sheet)
        sheet.write_formula("A2", "=B9", None, 2)
        workbook.set_calc_mode("auto", 191029)

    assert ", cell A2: the formula was never calculated, so" in complaint(tmp_path, book(tmp_path, fill))


def test_a_workbook_that_is_cut_short_anywhere(tmp_path: Path) -> None:
    whole = LIBRE.read_bytes()
    path = tmp_path / "people.xlsx"
    for share in (0.01, 0.3, 0.7, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert complaint(tmp_path, path).startswith(" is not a whole Excel workbook")


def test_a_chart_sheet_without_a_chart_is_told(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    workbook = openpyxl.Workbook()
    workbook.create_chartsheet("Chart")
    workbook.save(path)
    assert complaint(tmp_path, path) == " has a chart sheet without a chart, with which it cannot be read"


def test_a_chart_sheet_with_a_chart_is_no_sheet_of_rows(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table(["id"], [1])(workbook, sheet)
        chart = workbook.add_chart({"type": "line"})
        chart.add_series({"values": "=Staff!$A$2:$A$2"})
        workbook.add_chartsheet("Chart").set_chart(chart)

    assert rows_of(tmp_path, book(tmp_path, fill))[1:] == [{"id": 1}]


def test_a_damaged_workbook(tmp_path: Path) -> None:
    whole = bytearray(LIBRE.read_bytes())
    with zipfile.ZipFile(LIBRE) as archive:
        place = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 120
    whole[place : place + 40] = bytes(40)
    (tmp_path / "people.xlsx").write_bytes(whole)
    assert complaint(tmp_path, tmp_path / "people.xlsx").startswith(" is not a whole Excel workbook")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (OLE, " is a workbook in the old format of Excel 97 (.xls)"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), " is protected by a password, so that it cannot be read"),
        (b"id,name\n1,A\n", " is no Excel workbook"),
        (b"\x1f\x8b\x08", " is gzip-compressed"),
    ],
)
def test_other_files_are_recognised(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "people.xlsx").write_bytes(content)
    assert complaint(tmp_path, tmp_path / "people.xlsx") == message


@pytest.mark.parametrize(
    ("member", "kind"),
    [("xl/workbook.bin", "a binary workbook (.xlsb)"), ("content.xml", "a zip archive, but no workbook of Excel")],
)
def test_other_archives_are_recognised(member: str, kind: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "people.xlsx", "w") as archive:
        archive.writestr(member, "x")
    assert complaint(tmp_path, tmp_path / "people.xlsx") == f" is {kind}"


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(SourceError) as caught:
        rows_of(tmp_path, LIBRE)
    assert "pip install 'bulkimport[excel]'" in caught.value.hint


def rewritten(path: Path, old: str, new: str) -> Path:
    """The same workbook with another text in its sheet."""
    other = path.with_name("rewritten.xlsx")
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(other, "w") as out:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            out.writestr(name, content)
    return other


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('r="2"', 'r="9"', ", sheet 'Staff', cell A2: it is not in its place in the file"),
        ('r="3"', 'r="2"', ", sheet 'Staff', row 2: it is not in its place in the file"),
        ('r="A2"', 'r="C2"', ", sheet 'Staff', cell B2: it is not in its place in the file"),
    ],
)
def test_rows_and_cells_that_are_not_in_order_are_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = book(tmp_path, table(["id", "x"], [1, 10], [2, 20]))
    assert complaint(tmp_path, rewritten(path, old, new)) == message


def test_merged_cells_are_seen_however_they_are_written(tmp_path: Path) -> None:
    path = rewritten(book(tmp_path, merged), 'ref="B2:B4"', "ref='B2:B4'")
    assert complaint(tmp_path, path) == ", sheet 'Staff': the cells B2:B4 are merged"


def test_a_number_that_is_none_is_told(tmp_path: Path) -> None:
    path = rewritten(book(tmp_path, table(["id"], [7])), "<v>7</v>", "<v>1E+400</v>")
    assert complaint(tmp_path, path).startswith(" is not a whole Excel workbook")


def test_the_name_of_a_workbook_may_have_any_ending(tmp_path: Path) -> None:
    path = book(tmp_path, table(["id"], [1])).rename(tmp_path / "people.export")
    assert rows_of(tmp_path, path)[1:] == [{"id": 1}]
