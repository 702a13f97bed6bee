import hashlib
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
