"""The backup: whole or not there, and for nobody else's eyes."""

import gzip
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from bulkimport.snapshot.backup import backup_to


def items_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "people.backup.ndjson.gz"


def test_what_is_kept_is_there_afterwards(target: Path) -> None:
    items = [{"_id": str(number), "name": "Zoë\n" + "x" * 100} for number in range(5_000)]
    with backup_to(str(target), target.parent / "scratch") as backup:
        for item in items:
            backup.keep(item)
        assert not target.exists()
    assert backup.count == 5_000
    assert items_of(target) == items
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list((target.parent / "scratch").iterdir()) == []


def test_an_empty_backup_is_no_file_and_takes_an_earlier_one_away(target: Path) -> None:
    target.write_bytes(b"of an earlier check")
    with backup_to(str(target), target.parent / "scratch"):
        pass
    assert not target.exists()
    assert list((target.parent / "scratch").iterdir()) == []


def test_a_failure_leaves_no_half_backup(target: Path) -> None:
    def broken() -> None:
        with backup_to(str(target), target.parent / "scratch") as backup:
            backup.keep({"_id": "1"})
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        broken()
    assert not target.exists()
    assert list((target.parent / "scratch").iterdir()) == []


def test_what_a_killed_worker_left_is_replaced(target: Path) -> None:
    (target.parent / "scratch" / "backup.part").write_bytes(b"half")
    with backup_to(str(target), target.parent / "scratch") as backup:
        backup.keep({"_id": "1"})
    assert items_of(target) == [{"_id": "1"}]


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    with backup_to(None, tmp_path) as backup:
        backup.keep({"_id": "1"})
    assert backup.count == 0
    assert list(tmp_path.iterdir()) == []
