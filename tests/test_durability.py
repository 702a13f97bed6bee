import errno
import os
from pathlib import Path

import pytest

from bulkimport.durability import sync


@pytest.mark.parametrize("is_folder", [False, True])
def test_files_and_folders_are_written_through(
    is_folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path if is_folder else tmp_path / "file"
    synced: list[os.stat_result] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(os.fstat(descriptor)))
    sync(path)
    (found,) = synced
    assert os.path.samestat(found, path.stat())


def test_a_file_system_that_knows_no_such_thing_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: _fail(errno.EINVAL))
    sync(tmp_path)


def test_a_disk_that_fails_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: _fail(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        sync(tmp_path)


def _fail(number: int) -> None:
    raise OSError(number, os.strerror(number))
