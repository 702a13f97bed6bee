"""Programs under a warden: what they write, how they end, and that nothing of them stays."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bulkimport.sources import warden
from bulkimport.sources.processes import Ended, run
from tests.support.program import eventually


def nowhere(chunk: bytes) -> None:
    raise AssertionError(f"nothing was to be written: {chunk!r}")


def shell(script: str, folder: Path, timeout: float = 60, order: bytes = b"") -> tuple[Ended, bytes]:
    chunks: list[bytes] = []
    ended = run(["sh", "-c", script], folder=str(folder), timeout=timeout, output=chunks.append, order=order)
    return ended, b"".join(chunks)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_output_order_and_folder(tmp_path: Path) -> None:
    ended, output = shell("pwd; cat", tmp_path, order=b"x" * 300_000)
    assert ended.well
    assert output == f"{tmp_path}\n".encode() + b"x" * 300_000


def test_without_an_order_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert shell("cat; echo end", tmp_path) == (Ended(code=0), b"end\n")


def test_an_order_that_nobody_reads_is_no_failure(tmp_path: Path) -> None:
    assert shell("true", tmp_path, order=bytes(1_000_000))[0].well


def test_the_exit_code_counts_though_all_was_written_and_closed(tmp_path: Path) -> None:
    ended, output = shell("echo all; exec >&- 2>&-; sleep 0.2; exit 4", tmp_path)
    assert (ended.code, ended.well, output) == (4, False, b"all\n")
    assert str(ended) == "ended with the exit code 4"


def test_a_signal_has_its_name(tmp_path: Path) -> None:
    assert str(shell("kill -SEGV $$", tmp_path)[0]) == "was ended by the signal SIGSEGV"


def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    ended = run(["/no/such/program"], folder=str(tmp_path), timeout=60, output=nowhere)
    assert (ended.errno, str(ended)) == (errno.ENOENT, "could not be started: No such file or directory")


def test_the_last_lines_of_the_errors_are_kept_and_bounded(tmp_path: Path) -> None:
    ended, _ = shell("seq 100000 >&2; printf '\\033[31mred\\n' >&2", tmp_path)
    assert ended.words == r"99997 / 99998 / 99999 / 100000 / \x1b[31mred"
    ended, _ = shell("printf '%2000s' x | tr ' ' y >&2", tmp_path)
    assert len(ended.words) == 601


def test_at_the_deadline_everything_is_ended(tmp_path: Path) -> None:
    script = "sleep 1000 & echo $!; setsid sleep 1000 & echo $!; echo $$; trap '' TERM; wait"
    ended, output = shell(script, tmp_path, timeout=5.0)
    assert ended.timed_out
    pids = list(map(int, output.split()))
    assert len(pids) == 3
    assert not any(map(is_alive, pids))


def test_nothing_outlives_the_program_itself(tmp_path: Path) -> None:
    ended, output = shell("sleep 1000 & echo $!; setsid sh -c 'sleep 1000' & echo $!; exit 0", tmp_path)
    assert ended.well
    assert not any(map(is_alive, map(int, output.split())))


def test_an_error_in_taking_the_output_ends_the_program(tmp_path: Path) -> None:
    pids: list[int] = []

    def fail(chunk: bytes) -> None:
        pids.append(int(chunk))
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        run(["sh", "-c", "echo $$; sleep 1000"], folder=str(tmp_path), timeout=60, output=fail)
    assert not is_alive(pids[0])


@pytest.mark.parametrize("how", ["the asker", "its whole group"])
def test_whoever_asked_may_be_killed(how: str, tmp_path: Path) -> None:
    code = (
        "from bulkimport.sources.processes import run\n"
        "run(['sh', '-c', 'echo $$; sleep 1000'], folder='/', timeout=1000,"
        " output=lambda chunk: print(int(chunk), flush=True))"
    )
    asker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert asker.stdout is not None
    pid = int(asker.stdout.readline())
    assert is_alive(pid)
    if how == "the asker":
        asker.kill()
    else:
        os.killpg(asker.pid, signal.SIGKILL)
    asker.wait()
    asker.stdout.close()
    eventually(lambda: not is_alive(pid), "the program ends")


def test_whoever_asked_may_be_gone_before_it_is_told_of_the_start() -> None:
    lifeline, hold = os.pipe()
    told, status = os.pipe()
    os.close(told)
    argv = [sys.executable, "-I", "-S", warden.__file__, str(lifeline), str(status), "sh", "-c", "echo $$; sleep 1000"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, pass_fds=(lifeline, status)) as process:
        os.close(lifeline)
        os.close(status)
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        os.close(hold)
        assert process.wait() == 0
    assert not is_alive(pid)
