import errno
import hashlib
import os
from pathlib import Path

import pytest

from bulkimport.payload.spool import PrivateFile, SpoolFile


def test_a_spool_file_is_private_counted_and_digested(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with SpoolFile(str(path)) as spool:
        assert path.stat().st_mode & 0o777 == 0o600
        for part in (b"one", b"", b"two" * 100_000):
            spool.write(part)

    content = path.read_bytes()
    assert content == b"one" + b"two" * 100_000
    assert (spool.size, spool.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_starting_over_forgets_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with SpoolFile(str(path)) as spool:
        spool.write(b"something long")
        spool.start_over()
        spool.write(b"x")

    assert path.read_bytes() == b"x"
    assert (spool.size, spool.sha256) == (1, hashlib.sha256(b"x").hexdigest())


def test_a_file_or_link_that_is_there_is_neither_written_nor_removed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("keep")
    (tmp_path / "link").symlink_to(other)

    for path in (other, tmp_path / "link"):
        with pytest.raises(FileExistsError):
            PrivateFile(str(path))
    assert other.read_text() == "keep"


def test_an_error_removes_the_file(tmp_path: Path) -> None:
    def write_and_stop() -> None:
        with PrivateFile(str(tmp_path / "s")) as file:
            file.write(b"secret")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()

    assert list(tmp_path.iterdir()) == []


def test_writing_ends_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstatvfs

    def nearly_full(descriptor: int) -> os.statvfs_result:
        found = list(real(descriptor))
        found[1], found[4] = 1, (3 << 20) if (tmp_path / "s").stat().st_size > 3 << 20 else (1 << 30)
        return os.statvfs_result(found)

    def fill() -> None:
        with PrivateFile(str(tmp_path / "s")) as file:
            for _ in range(100):
                file.write(b"x" * 100_000)

    monkeypatch.setattr(os, "fstatvfs", nearly_full)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        fill()
    assert not (tmp_path / "s").exists()
