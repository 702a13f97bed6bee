"""Work off the event loop: where it runs, what comes back, and what happens to it when somebody stops waiting."""

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import anyio
import pytest

from bulkimport.errors import SourceError, StateError
from bulkimport.workers import SMALL, Workers

LARGE = SMALL + 1


def place(*_: object) -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def refuse(path: str, line: int) -> None:
    raise SourceError("The quote is never closed.", "Close it.", path, line)


def stumble() -> None:
    raise ZeroDivisionError("not ours")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def shrug_off(number: int) -> str:
    os.kill(os.getpid(), number)
    return "still here"


def hang(pid_file: str) -> None:
    part = Path(pid_file + ".part")
    part.write_text(str(os.getpid()))
    part.replace(pid_file)
    time.sleep(1000)


def meet(folder: str, name: str, others: int) -> int:
    """Leaves a mark and waits for the marks of the others; the number seen, fewer if they never came."""
    Path(folder, name).touch()
    deadline = time.monotonic() + 60
    while len(list(Path(folder).iterdir())) < others and time.monotonic() < deadline:
        time.sleep(0.01)
    return len(list(Path(folder).iterdir()))


@pytest.mark.parametrize("size", [0, SMALL])
async def test_small_work_is_done_in_a_thread(size: int) -> None:
    pid, thread = await Workers().run(place, size=size)
    assert pid == os.getpid()
    assert thread != threading.get_ident()


@pytest.mark.parametrize("size", [LARGE, None])
async def test_large_work_and_work_of_unknown_size_is_done_in_a_process(size: int | None) -> None:
    pid, _ = await Workers().run(place, size=size)
    assert pid != os.getpid()


async def test_a_process_is_used_again() -> None:
    workers = Workers(1)
    first, _ = await workers.run(place, size=None)
    second, _ = await workers.run(place, size=None)
    assert first == second


@pytest.mark.parametrize("size", [0, None])
async def test_an_exception_passes_with_everything_it_says(size: int | None) -> None:
    with pytest.raises(SourceError, match="never closed") as caught:
        await Workers(1).run(refuse, "people.csv", 7, size=size)
    assert (caught.value.hint, caught.value.path, caught.value.line) == ("Close it.", "people.csv", 7)


@pytest.mark.parametrize("size", [0, None])
async def test_a_foreign_exception_passes_as_it_is(size: int | None) -> None:
    with pytest.raises(ZeroDivisionError, match="not ours"):
        await Workers(1).run(stumble, size=size)


async def test_a_process_that_dies_is_a_state_error_and_the_next_one_works() -> None:
    workers = Workers(1)
    with pytest.raises(StateError, match="worker process died") as caught:
        await workers.run(die, size=None)
    assert "out of memory" in caught.value.hint
    pid, _ = await workers.run(place, size=None)
    assert pid != os.getpid()


async def test_a_process_that_dies_while_it_starts_is_a_state_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    for _ in range(5):  # anyio may or may not have noticed when it wants to kill it
        with pytest.raises(StateError, match="worker process died"):
            await Workers(1).run(place, size=None)


async def test_what_a_dead_worker_had_done_is_not_judged_here() -> None:
    """A result is counted in a worker too, after the import: `nothing was sent` would be a lie then."""
    with pytest.raises(StateError) as caught:
        await Workers(1).run(die, size=None)
    assert "sent" not in caught.value.message


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_to_the_whole_group_does_not_end_a_worker(number: int) -> None:
    assert await Workers(1).run(shrug_off, number, size=None) == "still here"


async def test_cancelling_kills_the_process(tmp_path: Path) -> None:
    workers, pid_file = Workers(1), tmp_path / "pid"
    async with anyio.create_task_group() as group:

        async def work() -> None:
            await workers.run(hang, str(pid_file), size=None)

        group.start_soon(work)
        with anyio.fail_after(60):
            while not await anyio.Path(pid_file).exists():
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    pid = int(pid_file.read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    survivor, _ = await workers.run(place, size=None)
    assert survivor != pid


async def met(workers: Workers, folder: Path, tasks: int) -> list[int]:
    seen: list[int] = []

    async def work(number: int) -> None:
        seen.append(await workers.run(meet, str(folder), str(number), tasks, size=0))

    async with anyio.create_task_group() as group:
        for number in range(tasks):
            group.start_soon(work, number)
    return seen


async def test_as_many_run_at_once_as_there_are_places(tmp_path: Path) -> None:
    assert await met(Workers(3), tmp_path, 3) == [3, 3, 3]


async def test_no_more_run_at_once_than_there_are_places() -> None:
    workers, running, most = Workers(2), 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    async def one() -> None:
        await workers.run(work, size=0)

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(one)
    assert most <= 2
