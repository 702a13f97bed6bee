import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource
from bulkimport.sources.base import Place, locate
from bulkimport.sources.csv import CsvTable
from bulkimport.sources.rows import RowSplitter

SOURCE = CsvSource(())


def table(folder: Path, *contents: str | bytes, **options: str) -> CsvTable:
    paths = []
    for number, content in enumerate(contents, 1):
        path = folder / f"f{number}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(str(path))
    return CsvTable(CsvSource(tuple(paths), **options))  # type: ignore[arg-type]  # `type` is not among the options


def rows(read: CsvTable) -> list[list[str]]:
    return [row for batch in read.batches() for row in batch]


def whole_lines(text: str, per_block: Sequence[int]) -> list[str]:
    """`text` in blocks of whole lines, of so many lines each in turn."""
    lines = list(io.StringIO(text, newline=""))
    found = []
    for count in per_block:
        found.append("".join(lines[:count]))
        del lines[:count]
    found.append("".join(lines))
    return [block for block in found if block]


@given(st.text(alphabet='ab,"\n\r\té', max_size=60), st.lists(st.integers(1, 4), max_size=8))
def test_any_text_is_split_as_the_csv_module_does(text: str, per_block: list[int]) -> None:
    def split() -> list[list[str]]:
        return [row for batch in RowSplitter(iter(whole_lines(text, per_block)), SOURCE).batches() for row in batch]

    try:
        expected = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        with pytest.raises(csv.Error):
            split()
    else:
        assert split() == expected


@given(
    st.lists(st.lists(st.text(alphabet="a ,;\"\n\r'é😀", max_size=6), min_size=2, max_size=4), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(['"', "'"]),
    st.lists(st.integers(1, 3), max_size=10),
)
def test_what_csv_writers_write_reads_back_exactly(
    cells: list[list[str]], line_end: str, delimiter: str, quote: str, per_block: list[int]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(
        text, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_NONNUMERIC, lineterminator=line_end
    ).writerows([[number, *row] for number, row in enumerate(cells)])
    source = CsvSource((), delimiter=delimiter, quotechar=quote)

    batches = RowSplitter(iter(whole_lines(text.getvalue(), per_block)), source).batches()

    assert [row for batch in batches for row in batch] == [[str(number), *row] for number, row in enumerate(cells)]


def test_a_cell_over_several_blocks_is_kept_exactly(tmp_path: Path) -> None:
    cell = "line\n\n\r\nline\r" * 30_000

    assert rows(table(tmp_path, f'id,note\n1,"{cell}"\n2,b\n3,"c"\n')) == [["1", cell], ["2", "b"], ["3", "c"]]


def test_rows_are_under_the_columns_of_the_header(tmp_path: Path) -> None:
    read = table(tmp_path, "id,name\n1,Ann\n2,\n")

    assert read.columns == ("id", "name")
    assert rows(read) == [["1", "Ann"], ["2", ""]]
    assert rows(read) == [["1", "Ann"], ["2", ""]], "can be read again"


def test_line_ends_in_quotes_are_kept_byte_for_byte(tmp_path: Path) -> None:
    read = table(tmp_path, 'id,note\n1,"a\r\nb"\n2,"c\nd"\n3,"e\rf"\n')

    assert rows(read) == [["1", "a\r\nb"], ["2", "c\nd"], ["3", "e\rf"]]


def test_a_quote_within_an_unquoted_cell_is_a_character_like_others(tmp_path: Path) -> None:
    assert rows(table(tmp_path, 'id,size\n1,5" pipe\n2,x "y" z\n')) == [["1", '5" pipe'], ["2", 'x "y" z']]


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert rows(table(tmp_path, "id,name\n")) == []
    assert rows(table(tmp_path, "id,name")) == []


def test_empty_lines_are_skipped_anywhere(tmp_path: Path) -> None:
    read = table(tmp_path, "\r\n\nid,name\r\n\r\n1,a\n\n2,b\n\n\n")

    assert rows(read) == [["1", "a"], ["2", "b"]]
    assert [place.line for place in read.places()] == [5, 7]


def test_in_one_column_a_quoted_empty_cell_is_a_row_and_an_empty_line_is_not(tmp_path: Path) -> None:
    assert rows(table(tmp_path, 'id\n\n""\n1\n')) == [[""], ["1"]]


def test_a_last_line_needs_no_line_end(tmp_path: Path) -> None:
    assert rows(table(tmp_path, "id,name\n1,a\n2,b")) == [["1", "a"], ["2", "b"]]


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-8", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252"), ("utf-8", "utf-8")]
)
def test_encodings_are_read_with_and_without_a_byte_order_mark(tmp_path: Path, encoding: str, name: str) -> None:
    read = table(tmp_path, "id,ñame\n1,Zoë\n".encode(name), encoding=encoding)

    assert read.columns == ("id", "ñame")
    assert rows(read) == [["1", "Zoë"]]


def test_a_large_cell_is_read(tmp_path: Path) -> None:
    cell = "x" * 1_000_000

    assert rows(table(tmp_path, f'id,note\n1,"{cell}"\n2,{cell}\n')) == [["1", cell], ["2", cell]]


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id\n1\n"))

    assert rows(CsvTable(CsvSource((str(path),)))) == [["1"]]


@pytest.mark.parametrize("filler", [0, 100_000])
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("9,a,b", "the row has 3 cells, expected 2"),
        ("9", "the row has 1 cell, expected 2"),
        ('9,"a\nb",c', "the row has 3 cells, expected 2"),
        ('9,"a" b', "goes on after its closing quote"),
        ('9,"a\nb"c', "goes on after its closing quote"),
        ('9,"never closed', "never closed"),
    ],
)
def test_a_malformed_row_is_named_by_the_line_it_starts_on(tmp_path: Path, row: str, words: str, filler: int) -> None:
    before = 'id,name\r\n1,"two\nlines"\r\n\r\n' + "1,x\r\n" * filler
    read = table(tmp_path, before + row + "\n3,c\n")

    with pytest.raises(SourceError, match=words) as caught:
        rows(read)

    assert caught.value.line == 5 + filler
    assert caught.value.path == str(tmp_path / "f1.csv")
    assert caught.value.message.startswith(f"{tmp_path}/f1.csv, line {5 + filler}: ")
    assert "othing was sent" in caught.value.hint


def test_a_file_cut_within_its_last_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 3: the row has 2 cells, expected 3"):
        rows(table(tmp_path, "id,name,city\n1,a,b\n2,a"))


def test_a_quote_missing_in_the_header_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 1: a quoted cell of this row is never closed"):
        table(tmp_path, '"id,name\n1,a\n')


def test_a_file_of_empty_lines_has_no_header(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no header"):
        table(tmp_path, "\n\r\n\n")


def test_trailing_delimiters_on_every_line_are_read_over(tmp_path: Path) -> None:
    read = table(tmp_path, "id,name,,\n1,a,,\n2,b,,\n")

    assert read.columns == ("id", "name")
    assert rows(read) == [["1", "a"], ["2", "b"]]


def test_a_value_under_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 3: there is a value in a column that has no name"):
        rows(table(tmp_path, "id,name,\n1,a,\n2,b,x\n"))


@pytest.mark.parametrize("text", ["id,name,\n1,a\n", "id,name\n1,a,\n"])
def test_trailing_delimiters_on_some_lines_only_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match=r"line 2: the row has . cells?,"):
        rows(table(tmp_path, text))


def test_several_files_are_one_source_with_columns_matched_by_name(tmp_path: Path) -> None:
    read = table(tmp_path, "id,name\n1,a\n", "name,id,\nb,2,\n", "id,name\n3,c")

    assert rows(read) == [["1", "a"], ["2", "b"], ["3", "c"]]
    assert locate(read, {2, 3}) == {2: Place(f"{tmp_path}/f2.csv", 2), 3: Place(f"{tmp_path}/f3.csv", 2)}


def test_files_with_other_columns_are_refused_naming_both_and_the_columns(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        table(tmp_path, "id,name\n1,a\n", "id,Name,x\n2,b,c\n")

    message = f"{tmp_path}/f2.csv lacks 'name' and has 'Name', 'x' besides, compared with {tmp_path}/f1.csv"
    assert caught.value.message == message


@pytest.mark.parametrize("options", [{"delimiter": ";;"}, {"quotechar": ""}, {"delimiter": "\n"}, {"delimiter": '"'}])
def test_a_delimiter_or_quote_that_cannot_be_one_is_refused(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(SourceError, match="cannot be the"):
        table(tmp_path, "id\n1\n", **options)


def test_a_quote_in_one_line_does_not_change_how_others_are_read(tmp_path: Path) -> None:
    lines = [f'{n},"a,{n}"' if n % 7 == 0 else f"{n},a{n}" for n in range(20_000)]

    read = rows(table(tmp_path, "id,name\n" + "\n".join(lines)))

    assert read == [[str(n), f"a,{n}" if n % 7 == 0 else f"a{n}"] for n in range(20_000)]
