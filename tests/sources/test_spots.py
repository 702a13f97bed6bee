"""Lines and columns of bytes."""

from hypothesis import given
from hypothesis import strategies as st

from bulkimport.sources.spots import Spot, spot_of


@given(st.text(alphabet="ab\né🎉\r\ufeff", max_size=30), st.booleans(), st.integers(1, 9), st.data())
def test_a_byte_is_where_counting_characters_finds_it(text: str, marked: bool, chunk: int, data: st.DataObject) -> None:
    text = text.lstrip("\ufeff")
    at = data.draw(st.integers(0, len(text)))
    whole = (b"\xef\xbb\xbf" if marked else b"") + text.encode()
    offset = len(whole) - len(text[at:].encode())
    line_start = text.rfind("\n", 0, at) + 1

    spot = spot_of(offset, [whole[start : start + chunk] for start in range(0, len(whole), chunk)])

    assert spot == Spot(text.count("\n", 0, at) + 1, at - line_start + 1)
    assert str(spot) == f"line {spot.line}, column {spot.column}"


def test_a_byte_order_mark_is_where_the_text_begins() -> None:
    assert spot_of(0, [b"\xef\xbb", b"\xbf["]) == Spot(1, 1)


def test_no_more_is_read_than_what_stands_before() -> None:
    chunks = iter([b"[1,\n", b"2,\n", b"3]"])

    assert spot_of(5, chunks) == Spot(2, 2)
    assert list(chunks) == [b"3]"]


def test_what_lies_beyond_the_text_has_no_place() -> None:
    assert spot_of(3, [b"[]"]) is None
    assert spot_of(1, []) is None
