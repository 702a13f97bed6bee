"""Several processes at one journal, and their deaths."""

import itertools
import random
import signal
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bulkimport.journal import Journal
from bulkimport.model import RunStatus
from tests.journal.child import NAMES
from tests.journal.samples import TENANT, an_owner, child, opened
from tests.support.clock import FakeClock

TODAY = date(2026, 11, 23)


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes to be killed at the end, whatever happens."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


async def status_of(journal: Journal, run_id: str) -> RunStatus:
    run = await journal.run(run_id)
    assert run is not None
    return run.status


async def test_a_process_killed_at_any_instant_loses_no_acknowledged_event(
    tmp_path: Path, clock: FakeClock, children: list[subprocess.Popen[str]]
) -> None:
    rng = random.Random(7)
    acknowledged = dict.fromkeys(NAMES, 0)
    for _ in range(4):
        process = child("append", tmp_path, "run-1")
        children.append(process)
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(rng.randrange(1, 150))]
        process.send_signal(signal.SIGKILL)
        told += process.communicate()[0].splitlines(keepends=True)
        for name, seq in (line.split() for line in told if line.endswith("\n")):
            acknowledged[name] = max(acknowledged[name], int(seq))
        async with Journal.open(tmp_path, clock) as journal:
            run = await journal.run("run-1")
            assert run is not None
            assert run.status is RunStatus.INTERRUPTED
            for name in NAMES:
                written = await journal.entries("run-1", name)
                assert [entry.seq for entry in written] == list(range(1, len(written) + 1))
                assert acknowledged[name] <= len(written) <= acknowledged[name] + 1
                acknowledged[name] = len(written)
    assert sum(acknowledged.values()) > 4


async def test_processes_at_work_at_the_same_time_lose_no_count_and_no_event(
    tmp_path: Path, clock: FakeClock, children: list[subprocess.Popen[str]]
) -> None:
    children += [child("count", tmp_path, f"run-{number}", 40) for number in range(3)]
    assert [process.wait(200) for process in children] == [0, 0, 0]
    async with Journal.open(tmp_path, clock) as journal:
        assert await journal.add_requests(TENANT, TODAY, 0) == 3 * len(NAMES) * 40
        for number, name in itertools.product(range(3), NAMES):
            assert [entry.seq for entry in await journal.entries(f"run-{number}", name)] == list(range(1, 41))


async def test_the_lease_of_a_killed_process_is_free_at_once(
    tmp_path: Path, clock: FakeClock, children: list[subprocess.Popen[str]]
) -> None:
    holder = child("hold", tmp_path, "run-1")
    children.append(holder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    async with opened(tmp_path, clock, "run-2") as journal:
        assert await status_of(journal, "run-1") is RunStatus.RUNNING
        present = await journal.acquire_lease(TENANT, "ID-people", an_owner("run-2"), 60)
        assert present == an_owner("run-1", pid=holder.pid)
        holder.kill()
        holder.wait()
        assert await status_of(journal, "run-1") is RunStatus.INTERRUPTED
        assert await journal.acquire_lease(TENANT, "ID-people", an_owner("run-2"), 60) is None


async def test_a_file_system_that_refuses_to_write_is_a_state_error_and_loses_nothing_acknowledged(
    tmp_path: Path, clock: FakeClock, children: list[subprocess.Popen[str]]
) -> None:
    children.append(child("fill", tmp_path, "run-1"))
    seq, message, hint = children[0].communicate()[0].splitlines()
    assert children[0].returncode == 0
    assert "cannot be read or written" in message
    assert "Check the disk" in hint
    assert int(seq) > 0
    async with Journal.open(tmp_path, clock) as journal:
        assert [entry.seq for entry in await journal.entries("run-1")] == list(range(1, int(seq) + 1))
