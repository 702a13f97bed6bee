"""Packed files are read whole or not at all, whatever is packed in them."""

import gzip
import io
import random
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource, JsonSource, NdjsonSource
from bulkimport.sources import open_source
from bulkimport.sources.base import locate
from bulkimport.sources.files import SourceFiles
from bulkimport.sources.packing import packing
from bulkimport.sources.size import source_size

ROWS = [{"id": str(n), "name": f"Zoë {n}"} for n in range(3000)]
CONTENTS = {
    "csv": "id,name\n" + "".join(f"{row['id']},{row['name']}\n" for row in ROWS),
    "json": "[" + ",".join(f'{{"id":"{row["id"]}","name":"{row["name"]}"}}' for row in ROWS) + "]",
    "ndjson": "".join(f'{{"id":"{row["id"]}","name":"{row["name"]}"}}\n' for row in ROWS),
}
KINDS = {"csv": CsvSource, "json": JsonSource, "ndjson": NdjsonSource}
NOISE = random.Random(7).randbytes(200_000)


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def checked_zstd(content: bytes) -> bytes:
    """With a checksum, as the zstd program writes it."""
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".GZ": gzip.compress,
    ".zst": checked_zstd,
    ".zip": lambda content: zipped(("folder/", b""), ("folder/people.dat", content), ("__MACOSX/._people.dat", b"x")),
}


def content(path: Path, member: str | None = None) -> bytes:
    return b"".join(SourceFiles([str(path)], member).chunks(str(path), 1000))


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("ending", PACKED)
def test_every_type_is_read_from_every_packing_twice_if_need_be(tmp_path: Path, kind: str, ending: str) -> None:
    path = tmp_path / f"people.{kind}{ending}"
    path.write_bytes(PACKED[ending](CONTENTS[kind].encode()))
    source = open_source(KINDS[kind]((str(path),)))

    for _ in range(2):
        found = [row for batch in source.batches() for row in batch]
        assert [row if isinstance(row, dict) else dict(zip(("id", "name"), row, strict=True)) for row in found] == ROWS
    assert locate(source, {3000})[3000].path == str(path)
    assert source.files.bytes_read <= source.files.size


@pytest.mark.parametrize("ending", [".gz", ".zst", ".zip"])
def test_a_packed_file_cut_anywhere_or_with_a_wrong_byte_is_refused(tmp_path: Path, ending: str) -> None:
    whole = PACKED[ending](NOISE)
    path = tmp_path / f"a{ending}"
    for end in [*range(1, 60), len(whole) // 2, *range(len(whole) - 60, len(whole))]:
        path.write_bytes(whole[:end])
        with pytest.raises(SourceError) as caught:
            content(path)
        assert caught.value.path == str(path)
        assert "cut short" in caught.value.message or "not a whole" in caught.value.message
    for place in range(1000, 190_000, 9000):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with pytest.raises(SourceError, match=r"not a whole|cut short"):
            content(path)


@pytest.mark.parametrize("data", [b"no archive at all", zstd.compress(b"abc") + b"garbage"])
@pytest.mark.parametrize("ending", [".zst", ".zip"])
def test_what_is_not_what_its_name_says_is_refused(tmp_path: Path, ending: str, data: bytes) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(data)

    with pytest.raises(SourceError, match=r"not a whole (zip|zstd) file"):
        content(path)


def test_zstd_frames_one_after_the_other_are_one_content(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    path.write_bytes(zstd.compress(b"one,") + zstd.compress(b"two"))

    assert content(path) == b"one,two"


def test_without_the_library_for_zstd_the_message_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zst"
    path.write_bytes(zstd.compress(b"x"))
    monkeypatch.setitem(sys.modules, "backports", None)
    monkeypatch.setitem(sys.modules, "compression", None)

    with pytest.raises(SourceError, match="zstd") as caught:
        content(path)
    assert "pip install 'bulkimport[zstd]'" in caught.value.hint


MANY = zipped(("a/people.csv", b"people"), ("a/jobs.csv", b"jobs"), ("read me[1].txt", b"text"))


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("people.csv", b"people"),
        ("a/people.csv", b"people"),
        ("p*.csv", b"people"),
        ("*.txt", b"text"),
        ("read me[1].txt", b"text"),
    ],
)
def test_the_member_of_an_archive_is_chosen_by_name_or_pattern(tmp_path: Path, member: str, expected: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(MANY)

    assert content(path, member) == expected
    assert source_size(CsvSource((str(path),), member=member)) == len(expected)


@pytest.mark.parametrize(
    ("data", "member", "words"),
    [
        (MANY, None, "holds more than one file: 'a/people.csv', 'a/jobs.csv', 'read me[1].txt'"),
        (MANY, "*.csv", "holds more than one file called '*.csv': 'a/people.csv', 'a/jobs.csv'"),
        (MANY, "x.csv", "holds no file called 'x.csv', but 'a/people.csv'"),
        (zipped(*((f"{n}.csv", b"x") for n in range(9))), None, "'4.csv' and 4 more"),
        (zipped(), None, "is an archive with no file in it"),
        (zipped(("a/", b"")), None, "is an archive with no file in it"),
        (zipped(("a.csv", b"")), None, "is empty"),
        (zipped(("a.csv.gz", gzip.compress(b"x"))), None, "What is packed in"),
    ],
)
def test_an_archive_without_just_that_member_is_refused(
    tmp_path: Path, data: bytes, member: str | None, words: str
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)

    with pytest.raises(SourceError) as caught:
        content(path, member)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(("offset", "mask", "words"), [(6, 1, "password"), (8, 99, "cannot be unpacked here")])
def test_an_archive_that_is_locked_or_packed_strangely_is_refused(
    tmp_path: Path, offset: int, mask: int, words: str
) -> None:
    """`offset` is the place of the flags and of the method in a member's header; they are repeated in the directory."""
    data = bytearray(zipped(("a.csv", b"id\n1\n")))
    for place in (offset, data.index(b"PK\x01\x02") + offset + 2):
        data[place] ^= mask
    path = tmp_path / "a.zip"
    path.write_bytes(data)

    with pytest.raises(SourceError, match=words):
        content(path)


def test_sizes_are_told_from_what_the_files_say_or_usually_hold(tmp_path: Path) -> None:
    text = CONTENTS["csv"].encode()
    for ending, pack in PACKED.items():
        (tmp_path / f"a.csv{ending}").write_bytes(pack(text))

    def told(ending: str) -> int | None:
        return source_size(CsvSource((str(tmp_path / f"a.csv{ending}"),)))

    assert told("") == told(".zip") == len(text)
    assert (told(".zst") or 0) >= len(text)
    assert told(".gz") == 8 * (tmp_path / "a.csv.gz").stat().st_size
    assert source_size(CsvSource((str(tmp_path / "a.csv"), str(tmp_path / "a.csv.zip")))) == 2 * len(text)


@pytest.mark.parametrize(("path", "expected"), [("a.csv", ""), ("a.csv.GZ", ".gz"), ("b.zip", ".zip"), ("gz", "")])
def test_the_packing_is_told_by_the_last_ending(path: str, expected: str) -> None:
    assert packing(path) == expected


def test_the_member_of_exactly_that_name_is_meant_before_one_in_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "people.zip"
    path.write_bytes(zipped(("archive/people.csv", b"id\n1\n"), ("people.csv", b"id\n2\n")))
    assert content(path, "people.csv") == b"id\n2\n"
