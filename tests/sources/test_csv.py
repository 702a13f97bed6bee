import gzip
from pathlib import Path

import pytest

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource
from bulkimport.sources.base import Place, locate
from bulkimport.sources.csv import CsvTable


def table(folder: Path, *contents: str | bytes, **options: str) -> CsvTable:
    paths = []
    for number, content in enumerate(contents, 1):
        path = folder / f"f{number}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(str(path))
    return CsvTable(CsvSource(tuple(paths), **options))  # type: ignore[arg-type]  # `type` is not among the options


def rows(read: CsvTable) -> list[list[str]]:
    return [row for batch in read.batches() for row in batch]


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


def test_a_file_cut_within_its_last_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 3: the row has 2 cells, expected 3"):
        rows(table(tmp_path, "id,name,city\n1,a,b\n2,a"))


@pytest.mark.parametrize("filler", [0, 40_000])
@pytest.mark.parametrize("again", ["id, name", '"id"," name"'])
def test_a_header_that_comes_again_is_refused(tmp_path: Path, again: str, filler: int) -> None:
    with pytest.raises(SourceError, match=f"line {filler + 3}: the row is the header once more") as caught:
        rows(table(tmp_path, "id, name\n1,a\n" + "2,b\n" * filler + f"{again}\n3,c\n"))

    assert "files put together" in caught.value.hint


def test_a_row_that_is_like_the_header_in_part_is_a_row(tmp_path: Path) -> None:
    assert rows(table(tmp_path, "id,name\nid,x\ny,name\n")) == [["id", "x"], ["y", "name"]]
    assert rows(table(tmp_path, "id\nid\n")) == [["id"]]


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


def test_files_with_other_columns_are_filled_with_blank_cells_if_that_is_wanted(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "id,name\n1,a\n",
        'city,id,,\n"x, y",2,,\n',
        "name,city,id,grade\nb,z,3,7\n",
        differing_columns="fill",
    )

    assert read.columns == ("id", "name", "city", "grade")
    assert rows(read) == [["1", "a", "", ""], ["2", "", "x, y", ""], ["3", "b", "z", "7"]]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_first_line_may_name_the_delimiter_of_its_file(tmp_path: Path, line: str, end: str) -> None:
    other = f"{line}{end}id;name{end}1;a,b{end}{end}2;c"
    read = table(tmp_path, other, "name,id\nd,3\n")

    assert rows(read) == [["1", "a,b"], ["2", "c"], ["3", "d"]]
    assert [place.line for place in read.places()] == [3, 5, 2]


def test_lines_are_counted_from_the_one_that_names_the_delimiter(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 4: the row has 3 cells"):
        rows(table(tmp_path, "sep=;\nid;name\n1;a\n2;b;c\n"))
    with pytest.raises(SourceError, match="line 2: the header names the column 'id' more than once"):
        table(tmp_path, "sep=;\nid;id\n")


def test_a_line_that_names_the_quote_as_delimiter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be the"):
        table(tmp_path, 'sep="\nid"name\n')


@pytest.mark.parametrize("filler", [0, 100_000])
@pytest.mark.parametrize("row", ['9, "a"', '9,\t"a, b"', ' "9",a', '"9", "a"', '9,"x\ny", "a"'])
def test_white_space_before_a_quote_is_refused_with_its_line(tmp_path: Path, row: str, filler: int) -> None:
    text = 'id,name\n"1","a, ""b"""\n' + "1,x\n" * filler + row + "\n3,c\n"

    with pytest.raises(SourceError, match="white space stands before the opening quote") as caught:
        rows(table(tmp_path, text))
    assert caught.value.line == 3 + filler


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("id,name,\n1,a\n", "2 cells, expected 3", "header ends with a delimiter and this row does not"),
        ("id,name\n1,a,\n", "3 cells, expected 2", "every row ends with a delimiter"),
        ("id,name\n1\n", "1 cell, expected 2 as in the header: '1'", "summary"),
        ("id,name\n" + "x" * 99 + "\n", "'" + "x" * 60 + "…'", "summary"),
        ("id,name,city\n1,a\n", "2 cells, expected 3", "cut short"),
    ],
)
def test_a_row_of_another_width_gets_a_hint_that_fits(tmp_path: Path, text: str, words: str, hint: str) -> None:
    with pytest.raises(SourceError) as caught:
        rows(table(tmp_path, text))
    assert words in caught.value.message
    assert hint in caught.value.hint
