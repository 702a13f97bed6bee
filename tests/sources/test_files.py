import errno
import gzip
import os
from pathlib import Path

import pytest

from bulkimport.config.paths import absolute_pattern
from bulkimport.errors import SourceError
from bulkimport.sources.files import SourceFiles


def content(files: SourceFiles, path: str, size: int = 4) -> bytes:
    return b"".join(files.chunks(path, size))


def test_a_pattern_is_its_files_sorted_by_name_and_without_folders(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "0.csv").mkdir()

    files = SourceFiles([str(tmp_path / "*.csv")])

    assert files.paths == (str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))


def test_a_list_keeps_its_order_and_a_file_whose_name_looks_like_a_pattern_is_found(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("z.csv", "data[1].csv")]
    for path in paths:
        Path(path).write_text("x")

    assert SourceFiles(paths).paths == tuple(paths)


def test_a_name_with_wildcards_is_that_file_where_it_exists_also_in_a_folder_of_such_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "[prod]"
    folder.mkdir()
    for name in ("data[1].csv", "data1.csv", "people?*.csv", "people?2.csv"):
        (folder / name).write_text("x")

    for name in ("data[1].csv", "people?*.csv"):
        assert SourceFiles([absolute_pattern(str(folder), name)]).paths == (str(folder / name),)
    assert SourceFiles([absolute_pattern(str(folder), "data[2-9,1].csv")]).paths == (str(folder / "data1.csv"),)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_gz_file_is_unpacked_whatever_its_members(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"one,") + gzip.compress(b"two"))
    files = SourceFiles([str(path)])

    assert content(files, str(path), size) == b"one,two"
    assert files.bytes_read == files.size == path.stat().st_size


def test_bytes_read_grow_over_all_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"12345")
    files = SourceFiles([str(tmp_path / "a"), str(tmp_path / "b")])
    seen = [files.bytes_read for path in files.paths for _ in files.chunks(path, 2)]

    assert seen == [2, 4, 5, 7, 9, 10]
    assert files.size == 10


def test_a_missing_file_an_empty_file_a_folder_and_a_pipe_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for name, words in {
        "missing": "does not exist",
        "*.none": "No file matches",
        "empty": "is empty",
        "": "is a directory",
        "pipe": "not a regular file",
    }.items():
        with pytest.raises(SourceError, match=words) as caught:
            SourceFiles([str(tmp_path / name)])
        assert str(tmp_path / name) in caught.value.message
        assert caught.value.hint
        assert caught.value.path == str(tmp_path / name)


def test_a_file_named_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")

    with pytest.raises(SourceError, match="named twice"):
        SourceFiles([str(tmp_path / "a.csv"), str(tmp_path / "*.csv")])


@pytest.mark.parametrize(
    ("error", "words"),
    [(PermissionError(errno.EACCES, "no"), "permission denied"), (OSError(errno.EIO, "broken disk"), "broken disk")],
)
def test_a_file_that_the_system_does_not_give_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x")
    files = SourceFiles([str(path)])

    def refuse(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match=words):
        content(files, str(path))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(b"abc" * 1000)[:-12], "cut short"),
        (gzip.compress(bytes(range(256)) * 20)[:100], "cut short"),
        (b"no gzip at all", "not a whole gzip file"),
        (gzip.compress(b"abc") + b"garbage", "not a whole gzip file"),
        (gzip.compress(b"abc")[:-8] + b"\0" * 8, "not a whole gzip file"),
        (gzip.compress(b""), "is empty"),
    ],
    ids=["end missing", "half", "no gzip", "garbage after it", "wrong checksum", "nothing in it"],
)
def test_a_broken_gz_file_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(data)
    files = SourceFiles([str(path)])

    with pytest.raises(SourceError, match=words) as caught:
        content(files, str(path), 1000)
    assert caught.value.path == str(path)


@pytest.mark.parametrize(
    ("data", "words"), [(gzip.compress(b"abc"), "gzip"), (b"PK\x03\x04abc", "Excel")], ids=["gzip", "zip"]
)
def test_compressed_content_under_another_name_is_recognised(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    files = SourceFiles([str(path)])

    with pytest.raises(SourceError, match=words):
        content(files, str(path), 1000)


def test_a_file_that_is_not_what_it_was_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("abc")
    files = SourceFiles([str(path)])
    files.verify_unchanged()

    with path.open("a") as file:
        file.write("d")

    with pytest.raises(SourceError, match="written to while it was read"):
        files.verify_unchanged()


def test_a_file_that_was_replaced_is_refused_even_by_one_of_equal_size_and_time(tmp_path: Path) -> None:
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("abc")
    other.write_text("xyz")
    files = SourceFiles([str(path)])
    before = path.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)

    with pytest.raises(SourceError, match="written to"):
        files.verify_unchanged()


def test_a_file_that_vanished_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("abc")
    files = SourceFiles([str(path)])
    path.unlink()

    with pytest.raises(SourceError, match="does not exist"):
        files.verify_unchanged()
