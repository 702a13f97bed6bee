import errno
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from bulkimport.sources.landing_file import LANDING_RESERVE, LandingError, LandingFile

Usage = namedtuple("Usage", ["total", "used", "free"])


def test_it_is_private_and_nobody_elses_file_is_overwritten(tmp_path: Path) -> None:
    with LandingFile(tmp_path / "landing" / "a") as file:
        file.write(b"x")
    assert (tmp_path / "landing").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "landing" / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(LandingError):
        LandingFile(tmp_path / "landing" / "a")


def test_it_stops_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([LANDING_RESERVE + (20 << 20), LANDING_RESERVE + (2 << 20)])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, next(free)))
    with LandingFile(tmp_path / "a") as file:
        file.write(bytes(10 << 20))
        file.write(bytes(6 << 20))
        with pytest.raises(LandingError) as caught:
            file.write(bytes(11 << 20))
    assert caught.value.errno == errno.ENOSPC
    assert (tmp_path / "a").stat().st_size == 16 << 20
