"""Tables of text as columns: what Arrow is let see, and what it is not. (That both readings agree is tested in
tests/payload/test_column_stream.py.)"""

from pathlib import Path
from typing import Any

import pytest

from bulkimport.model import CsvSource
from bulkimport.sources.arrow_types import TypedColumn
from bulkimport.sources.csv import CsvTable
from bulkimport.sources.csv_columns import CsvColumns, RowsNeededError


def batches(folder: Path, text: str | bytes, **marks: Any) -> list[Any]:
    """Columns as dicts, rows as lists."""
    path = folder / "a.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    source = CsvSource((str(path),), **marks)
    table = CsvTable(source)
    return [
        {name: column.values() for name, column in zip(table.columns, batch, strict=True)}
        if isinstance(batch[0], TypedColumn)
        else batch
        for batch in CsvColumns(table, source).batches()
    ]


@pytest.mark.parametrize(
    "text",
    [
        "id,a\n1,x\n2,\n",
        "id,a\r\n1,x\r\n\r\n2,",
        '\n\n"id",a\n"1","x"\n2,""\n',
        "\ufeffid,a\n1,x\n2,\n",
        "id,a,,\n1,x,,\n2,,,\n",
    ],
)
def test_plain_tables_are_columns(tmp_path: Path, text: str) -> None:
    found = batches(tmp_path, text)

    assert {name: [cell for batch in found for cell in batch[name]] for name in found[0]} == {
        "id": ["1", "2"],
        "a": ["x", ""],
    }


def test_quoted_cells_hold_marks(tmp_path: Path) -> None:
    assert batches(tmp_path, 'id,a\n1,"x, ""y"""\n2,""""\n3,","\n') == [
        {"id": ["1", "2", "3"], "a": ['x, "y"', '"', ","]}
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_other_encodings_are_columns_too(tmp_path: Path, encoding: str) -> None:
    assert batches(tmp_path, "id;a\n1;Zoë\n".encode(encoding), delimiter=";", encoding=encoding) == [
        {"id": ["1"], "a": ["Zoë"]}
    ]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('id,a\n1,"x\ny"\n', ["1", "x\ny"]),
        ('id,a\n1,x"y\n', ["1", 'x"y']),
        ('id,a\n1,"",b"\n'.replace(',b"', ""), ["1", ""]),
        ("id,a\n1,x\r2,y\n", ["1", "x"]),
        ("id,a\r1,x\r", ["1", "x"]),
    ],
)
def test_a_block_with_anything_unusual_is_rows(tmp_path: Path, text: str, row: list[str]) -> None:
    found = batches(tmp_path, text)

    assert row in (
        found[0] if isinstance(found[0], list) else [list(cells) for cells in zip(*found[0].values(), strict=True)]
    )
    assert isinstance(found[0], list) or '""' in text


@pytest.mark.parametrize(
    "text",
    [
        b"id,a\n1,x,y\n",
        b"id,a\n1\n",
        b'id,a\n1,"x"y\n',
        b'id,a\n1,"a,"b",c"\n',
        b'id,a\n1,"x\n',
        b"id,a\n1,\xff\n",
        b"id,a\n1,\0\n",
        b"id,a,\n1,x,y\n",
        b"id,a\nid,a\n",
    ],
)
def test_what_may_be_an_error_is_left_to_the_reading_by_rows(tmp_path: Path, text: bytes) -> None:
    header, row = text.split(b"\n", 1)
    with pytest.raises(RowsNeededError):
        batches(tmp_path, header + b"\n" + b"1,\n".ljust(20, b"\n") * 9000 + row)


def test_a_header_that_is_not_in_the_first_line_is_left_to_the_reading_by_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=,\nid,a\n1,x\n")
    source = CsvSource((str(path),))
    table = CsvTable(CsvSource((str(path),), delimiter="="))

    with pytest.raises(RowsNeededError):
        list(CsvColumns(table, source).batches())


def test_marks_that_arrow_does_not_take_are_told() -> None:
    assert CsvColumns.fits(CsvSource((), "\t", quotechar="'"))
    assert not CsvColumns.fits(CsvSource((), "§"))
    assert not CsvColumns.fits(CsvSource((), "\x1f"))


def test_a_line_without_end_is_not_held(tmp_path: Path) -> None:
    with pytest.raises(RowsNeededError):
        batches(tmp_path, "id,a\n1," + "x" * (9 << 20))


@pytest.mark.parametrize("text", ["sep=,\n1,x\n", '"sep=;"\nid;a\n', "SEP=,\n"])
def test_a_first_line_that_names_the_delimiter_is_for_the_rows(tmp_path: Path, text: str) -> None:
    with pytest.raises(RowsNeededError):
        batches(tmp_path, f"{text}id,a\n")


def test_a_byte_order_mark_amid_the_text_is_for_the_rows_wherever_it_is_read(tmp_path: Path) -> None:
    spanning = '1,"' + "x\n" * 600_000 + '"\n'  # a record over the border of a block
    plain = "1,x\n" * 600_000
    for text in (f"id,a\n{plain}\ufeff2,y\n", f"id,a\n{spanning}\ufeff2,y\n"):
        with pytest.raises(RowsNeededError):
            batches(tmp_path, text)
