import fcntl
import os
import subprocess
import time
from pathlib import Path

import pytest

from bulkimport.journal.locks import RunLocks
from tests.journal.samples import child


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    mine, theirs = RunLocks(tmp_path), RunLocks(tmp_path)
    assert mine.acquire("run-1")
    assert not theirs.acquire("run-1")
    assert not mine.acquire("run-1")
    assert theirs.acquire("run-2")


def test_whether_it_is_held_can_be_seen_by_all(tmp_path: Path) -> None:
    mine, theirs = RunLocks(tmp_path), RunLocks(tmp_path)
    assert not theirs.is_held("run-1")
    mine.acquire("run-1")
    assert mine.is_held("run-1")
    assert theirs.is_held("run-1")
    mine.release("run-1")
    assert not mine.is_held("run-1")
    assert not theirs.is_held("run-1")


def test_looking_does_not_take_it(tmp_path: Path) -> None:
    dead, mine = RunLocks(tmp_path), RunLocks(tmp_path)
    dead.acquire("run-1")
    dead.close()
    assert not mine.is_held("run-1")
    assert mine.acquire("run-1")


def test_two_who_look_at_once_do_not_take_each_other_for_the_holder(tmp_path: Path) -> None:
    dead = RunLocks(tmp_path)
    dead.acquire("run-1")
    dead.close()
    with (tmp_path / "locks" / "run-1.lock").open() as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        assert not RunLocks(tmp_path).is_held("run-1")


def test_one_who_looks_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "run-1.lock").touch()
    waits = []
    with (tmp_path / "locks" / "run-1.lock").open() as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)

        def look_away(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                fcntl.flock(looked_at, fcntl.LOCK_UN)

        monkeypatch.setattr(time, "sleep", look_away)
        assert RunLocks(tmp_path).acquire("run-1")


def test_one_given_back_leaves_no_file_and_can_be_taken_again(tmp_path: Path) -> None:
    locks = RunLocks(tmp_path)
    locks.acquire("run-1")
    locks.release("run-1")
    locks.release("run-1")
    assert list((tmp_path / "locks").iterdir()) == []
    assert locks.acquire("run-1")


def test_a_lock_on_a_removed_file_is_worth_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = RunLocks(tmp_path), RunLocks(tmp_path)
    open_file = os.open
    removed: list[Path] = []

    def open_and_lose(path: Path, *arguments: int) -> int:
        descriptor = open_file(path, *arguments)
        if not removed:
            removed.append(path)
            path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", open_and_lose)
    assert mine.acquire("run-1")
    assert removed
    assert not theirs.acquire("run-1")


def test_files_and_directory_are_private(tmp_path: Path) -> None:
    RunLocks(tmp_path).acquire("run-1")
    assert (tmp_path / "locks").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "locks" / "run-1.lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("run_id", ["", "../locks/run-1", "a/b", "x" * 300, ".", "run 1", "run-1\0"])
def test_a_text_that_cannot_be_a_run_id_is_not_alive(run_id: str, tmp_path: Path) -> None:
    locks = RunLocks(tmp_path)
    locks.acquire("run-1")
    assert not locks.is_held(run_id)


def test_a_forked_worker_that_outlives_its_run_does_not_keep_it_alive(tmp_path: Path) -> None:
    locks = RunLocks(tmp_path)
    with child("fork", tmp_path, "run-1", stdin=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "the worker lives\n"
            assert locks.is_held("run-1")
            process.kill()
            process.wait()
            assert not locks.is_held("run-1")
        finally:
            process.kill()
            assert process.stdin is not None
            process.stdin.close()
        assert process.stdout.readline() == "the worker ends\n"
