import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import SourceError
from bulkimport.sources import text as text_module
from bulkimport.sources.files import SourceFiles
from bulkimport.sources.text import count_lines, text_blocks


class Chunks(SourceFiles):
    """Content in chunks of a chosen size, without a disk."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._chunk = data, size

    def chunks(self, path: str, size: int = 0) -> Iterator[bytes]:
        for start in range(0, len(self._data), size or self._chunk):
            yield self._data[start : start + self._chunk]


def blocks(data: bytes, encoding: str = "utf-8", chunk: int = 5) -> list[str]:
    return list(text_blocks(Chunks(data, chunk), "f.csv", encoding))


@given(
    st.text(alphabet="ab\r\né€😀\u2028\x0b,", max_size=60),
    st.integers(1, 12),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7"]),
)
def test_blocks_are_the_text_in_whole_lines(text: str, chunk: int, encoding: str) -> None:
    found = blocks(text.encode(encoding), encoding, chunk)

    assert "".join(found) == text
    assert all(block.endswith(("\n", "\r")) for block in found[:-1])
    for block, following in itertools.pairwise(found):
        assert not (block.endswith("\r") and following.startswith("\n")), "a line end was cut in two"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "UTF8", "utf-16", "utf-16-le"])
def test_a_byte_order_mark_is_no_part_of_the_text(encoding: str) -> None:
    data = "\ufeffa,b\n".encode("utf-16-le" if "16" in encoding else "utf-8")

    assert "".join(blocks(data, encoding)) == "a,b\n"


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_a_byte_that_is_not_of_the_encoding_is_named_with_line_and_offset(chunk: int) -> None:
    with pytest.raises(SourceError) as caught:
        blocks("é\r\nb\nc".encode() + b"\xff\n", chunk=chunk)

    assert caught.value.message == "f.csv, line 3: the byte 0xff at offset 7 is not utf-8 (invalid start byte)"
    assert caught.value.line == 3


def test_the_offset_counts_the_byte_order_mark_and_all_earlier_chunks() -> None:
    with pytest.raises(SourceError, match="0xe9 at offset 9 is not utf-8"):
        blocks(b"\xef\xbb\xbfab\ncd,\xe9\n", chunk=4)


def test_a_text_cut_within_a_character_is_an_error() -> None:
    with pytest.raises(SourceError, match="line 2: the byte 0xc3 at offset 3 is not utf-8"):
        blocks(b"a\nb\xc3")


def test_a_utf_16_file_read_as_utf_8_is_recognised() -> None:
    with pytest.raises(SourceError) as caught:
        blocks("a,b\n".encode("utf-16"), chunk=100)

    assert "encoding: utf-16" in caught.value.hint


def test_an_unknown_encoding_is_an_error() -> None:
    for name in ("klingon", "base64", "rot13"):
        with pytest.raises(SourceError, match="no text encoding called"):
            blocks(b"a", name)


@pytest.mark.parametrize("chunk", [1, 100])
def test_a_nul_character_is_an_error_with_its_line(chunk: int) -> None:
    with pytest.raises(SourceError, match="line 2: there is a NUL"):
        blocks(b"a\nb\0\n", chunk=chunk)


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    with patch.object(text_module, "MAX_LINE", 50), pytest.raises(SourceError, match="line 2: the line does not end"):
        blocks(b"a\n" + b"b" * 100)


@given(st.text(alphabet="a\r\n", max_size=20))
def test_line_ends_are_counted_as_files_count_them(text: str) -> None:
    lines = list(io.StringIO(text, newline=""))

    assert count_lines(text) == len([line for line in lines if line.endswith(("\r", "\n"))])


def test_a_real_file_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("é,b\r\n".encode("cp1252") * 50_000)

    assert "".join(text_blocks(SourceFiles([str(path)]), str(path), "cp1252")) == "é,b\r\n" * 50_000
