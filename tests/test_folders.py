import stat
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Thread

import pytest

from bulkimport.errors import StateError
from bulkimport.folders import RunFolders, Spool, private_folder, sweep


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_is_private_its_parents_included(tmp_path: Path) -> None:
    folders = RunFolders(tmp_path / "a" / "state", "run-1")
    folders.open()
    files = folders.of("people")
    made = [path for path in (tmp_path / "a").rglob("*") if path.is_dir()]
    assert {mode(path) for path in [tmp_path / "a", *made]} == {0o700}
    assert files.spool.is_dir()
    assert files.result.parent == folders.run_dir == tmp_path / "a" / "state" / "runs" / "run-1"
    folders.close()


def test_closing_removes_the_spool_and_keeps_the_run(tmp_path: Path) -> None:
    folders = RunFolders(tmp_path, "run-1")
    folders.open()
    (folders.of("people").spool / "payload.json").write_text("[]")
    folders.close()
    assert not (tmp_path / "spool" / "run-1").exists()
    assert folders.run_dir.is_dir()


def test_a_dataset_can_be_cleared_before_the_run_ends(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "run-1")
    spool.open()
    folder = spool.of("people")
    (folder / "payload.json").write_text("[]")
    spool.clear("people")
    assert not folder.exists()
    spool.clear("people")
    spool.close()


def test_what_a_dead_run_left_is_swept_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    living = Spool(tmp_path, "living")
    living.open()
    living.of("people")
    script = (
        "import os,sys; from pathlib import Path; from bulkimport.folders import Spool; "
        "s = Spool(Path(sys.argv[1]), 'dead'); s.open(); s.of('people'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)]).returncode == 9
    assert (tmp_path / "spool" / "dead" / "people").is_dir()
    later = Spool(tmp_path, "later")
    later.open()
    assert {path.name for path in (tmp_path / "spool").iterdir()} == {"living", "later"}
    assert (tmp_path / "spool" / "living" / "people").is_dir()
    later.close()
    living.close()


def test_commands_that_start_at_the_same_moment_do_not_sweep_each_other(tmp_path: Path) -> None:
    barrier, problems = Barrier(8), []

    def start(number: int) -> None:
        for turn in range(5):
            barrier.wait()
            spool = Spool(tmp_path, f"run-{number}-{turn}")
            try:
                spool.open()
                (spool.of("people") / "payload").write_text("x")
                sweep(tmp_path / "spool")
                if not (spool.folder / "people" / "payload").exists():
                    problems.append(f"{number} was swept")
            except (OSError, StateError) as error:
                problems.append(repr(error))
            barrier.wait()
            spool.close()

    threads = [Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_one_run_cannot_be_opened_twice(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, "run-1"), Spool(tmp_path, "run-1")
    first.open()
    with pytest.raises(StateError):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_state_directory_that_cannot_be_made_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StateError, match=str(place)) as caught:
            RunFolders(place, "run-1").open()
        assert "--state-dir" in caught.value.hint


def test_private_folders_that_exist_stay_as_they_are(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    private_folder(shared / "own")
    private_folder(shared / "own")
    assert (mode(shared), mode(shared / "own")) == (0o755, 0o700)
