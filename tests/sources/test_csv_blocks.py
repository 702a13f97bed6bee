import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.sources.csv_blocks import Marks, Quoting, is_utf8

COMMA = Marks(",", '"')
TAB = Marks("\t", '"')
APOSTROPHE = Marks(";", "'")


@pytest.mark.parametrize(
    ("block", "quoting"),
    [
        (b"1,x\n2,\n", Quoting.NONE),
        (b"1,x\r\n2,\r\n", Quoting.NONE),
        (b'1,"x, y"\n"2",""\n', Quoting.WHOLE),
        (b'"1"', Quoting.WHOLE),
        (b'1,"x ""y"""\n', Quoting.DOUBLED),
        (b'1,""""\n', Quoting.DOUBLED),
    ],
)
def test_quotes_around_whole_cells_are_regular(block: bytes, quoting: Quoting) -> None:
    assert COMMA.quoting(block) is quoting


@pytest.mark.parametrize(
    "block",
    [b'1,x"y\n', b'1,"x"y\n', b'1, "x"\n', b'1,"x\n', b'1,"x\ny"\n', b'1,"x\r\ny"\r\n', b"1,x\r2\n", b"1\r\n2\n"],
)
def test_any_other_quote_and_mixed_line_ends_are_not(block: bytes) -> None:
    assert COMMA.quoting(block) is None


@pytest.mark.parametrize(
    ("marks", "block", "rows"),
    [
        (COMMA, b"1,x\n2,y\n", 2),
        (COMMA, b"1,x\r\n2,y", 2),
        (COMMA, b'1,"x, y"\n', 1),
        (TAB, b"1\tx\n", 1),
        (APOSTROPHE, b"1;'x;y'\n", 1),
    ],
)
def test_cells_that_json_takes_as_they_are_need_no_escape(marks: Marks, block: bytes, rows: int) -> None:
    quoting = marks.quoting(block)

    assert quoting is not None
    assert marks.needs_no_escape(block, quoting, rows)


@pytest.mark.parametrize(
    ("marks", "block"),
    [
        (COMMA, b"1,x\\y\n"),
        (COMMA, b"1,x\ty\n"),
        (COMMA, b"1,\x1f\r\n"),
        (COMMA, b"1,\x1f"),
        (COMMA, b'1,"x ""y"""\n'),
        (TAB, b'1\t"x\ty"\n'),
        (APOSTROPHE, b'1;x"y\n'),
    ],
)
def test_what_json_escapes_is_seen(marks: Marks, block: bytes) -> None:
    quoting = marks.quoting(block)

    assert quoting is not None
    assert not marks.needs_no_escape(block, quoting, 1)


CELLS = st.text(
    st.sampled_from("aë \t\x00\x1f\\") | st.characters(exclude_characters='\r\n",', exclude_categories=["Cs"])
)


@given(st.lists(CELLS, min_size=1), st.sampled_from(("\n", "\r\n")), st.booleans())
def test_no_cell_that_json_escapes_is_taken_for_a_plain_one(cells: list[str], line_end: str, ended: bool) -> None:
    block = (line_end.join(f"{cell}," for cell in cells) + line_end * ended).encode()

    if COMMA.needs_no_escape(block, Quoting.NONE, len(cells)):
        assert not re.search(r"[\x00-\x1f\\]", "".join(cells))


@pytest.mark.parametrize("block", [b"", b"abc\n", "Zoë €\n".encode(), "\U0001f600".encode()])
def test_utf8_is_told(block: bytes) -> None:
    assert is_utf8(block)


@pytest.mark.parametrize("block", [b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xc0\x80", "ë".encode("cp1252") + b" b"])
def test_what_is_not_utf8_is_told(block: bytes) -> None:
    assert not is_utf8(block)


@given(st.binary(max_size=20))
def test_what_is_utf8_is_what_python_decodes(block: bytes) -> None:
    try:
        block.decode()
        decodes = True
    except UnicodeDecodeError:
        decodes = False

    assert is_utf8(block) is decodes
