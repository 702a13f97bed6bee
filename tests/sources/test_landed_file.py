import gzip
import stat
from pathlib import Path

import pytest

from bulkimport.sources.landed_file import beginning, named_as_packed, private, sniffed_packing


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (gzip.compress(b"x", mtime=0), ".gz"),
        (b"PK\x03\x04rest", ".zip"),
        (b"\x28\xb5\x2f\xfd", ".zst"),
        (b"id\n", ""),
        (b"", ""),
    ],
)
def test_a_name_says_how_the_content_is_packed(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / "00000.csv"
    path.write_bytes(content)
    assert sniffed_packing(path) == ending
    assert named_as_packed(path, "csv") == f"{path}{ending}"
    assert Path(f"{path}{ending}").read_bytes() == content


def test_what_a_workbook_is_packed_in_is_no_packing_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "00000.excel"
    path.write_bytes(b"PK\x03\x04rest")
    assert named_as_packed(path, "excel") == str(path)


def test_the_beginning_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(b"id,name\n"))
    assert beginning(path) == b"id,name\n"
    path.write_bytes(gzip.compress(b""))
    assert beginning(path, is_gzip=True) == b""
    path.write_bytes(b"not packed, whatever is said of it")
    assert beginning(path, is_gzip=True) == b"not packed, whatever is said of it"


@pytest.mark.parametrize("length", [0, 1, 2, 9, 12, 24])
def test_packed_content_that_ends_too_early_has_no_beginning(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(b"id,name\n")[:length])
    with pytest.raises(EOFError):
        beginning(path, is_gzip=True)


def test_packed_content_that_is_damaged_has_no_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\x1f\x8b broken, and long enough")
    with pytest.raises(gzip.BadGzipFile):
        beginning(path)


def test_what_is_opened_is_for_nobody_else(tmp_path: Path) -> None:
    with open(tmp_path / "a", "wb", opener=private):
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
