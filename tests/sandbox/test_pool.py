"""Applying payloads in processes of their own."""

import os
import signal
from pathlib import Path

import anyio
import pytest

from bulkimport.sandbox import pool
from bulkimport.sandbox.apply import ImportParameters, ImportTask, JobOutcome
from bulkimport.sandbox.dataset import plant
from bulkimport.sandbox.pool import WorkerPool, worker_pool
from tests.support.sandbox import LINKS, PEOPLE_SEED


def work(folder: Path, job_id: str = "J") -> ImportTask:
    database = folder / "d.db"
    plant(database, PEOPLE_SEED)
    (folder / "p").write_bytes(b'[{"_action":"create","employeeID":"1","salary":123456789012345678901234567890}]')
    return ImportTask(
        job_id,
        str(database),
        str(folder / "p"),
        "json",
        str(folder / job_id),
        ImportParameters(auto_id=True),
        (None, LINKS),
    )


def processes(owner: WorkerPool) -> list[int]:
    return [worker._process.pid for worker in owner._idle]  # the pids are nobody's business but this test's


async def test_a_worker_does_the_work_and_says_what_came_of_it(tmp_path: Path) -> None:
    async with worker_pool(1) as workers:
        first = await anyio.to_thread.run_sync(work, tmp_path, "A")
        second = await anyio.to_thread.run_sync(work, tmp_path, "B")
        assert await workers.apply(first) == JobOutcome(1)
        outcome = await workers.apply(second)
        assert [error["name"] for error in outcome.errors] == ["ItemExists"]
        assert len(processes(workers)) == 1


async def test_a_worker_that_dies_is_replaced_and_its_job_done(tmp_path: Path) -> None:
    async with worker_pool(1) as workers:
        job = await anyio.to_thread.run_sync(work, tmp_path)
        assert await workers.apply(job) == JobOutcome(1)
        (pid,) = processes(workers)
        os.kill(pid, signal.SIGKILL)
        assert await workers.apply(job) == JobOutcome(1)
        assert processes(workers) != [pid]


async def test_a_job_that_kills_every_worker_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(self: object, job: ImportTask) -> JobOutcome:
        raise pool.WorkerLostError

    monkeypatch.setattr(pool._Worker, "apply", lost)
    async with worker_pool(1) as workers:
        outcome = await workers.apply(await anyio.to_thread.run_sync(work, tmp_path))
        assert [error["name"] for error in outcome.errors] == ["InternalError"]
        assert processes(workers) == []


async def test_trouble_with_the_database_fails_the_job(tmp_path: Path) -> None:
    async with worker_pool(0) as workers:
        broken = ImportTask("J", str(tmp_path / "none" / "d.db"), "p", "json", str(tmp_path / "r"), ImportParameters())
        outcome = await workers.apply(broken)
        assert [error["name"] for error in outcome.errors] == ["InternalError"]


async def test_the_workers_end_with_the_pool(tmp_path: Path) -> None:
    async with worker_pool(1) as workers:
        await workers.apply(await anyio.to_thread.run_sync(work, tmp_path))
        (pid,) = processes(workers)
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_cancelled_job_takes_its_worker_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forever(self: object, job: ImportTask) -> JobOutcome:
        await anyio.sleep_forever()
        raise AssertionError

    async with worker_pool(1) as workers:
        await workers.apply(await anyio.to_thread.run_sync(work, tmp_path))
        (pid,) = processes(workers)
        monkeypatch.setattr(pool._Worker, "apply", forever)
        with anyio.move_on_after(0.05):
            await workers.apply(await anyio.to_thread.run_sync(work, tmp_path, "B"))
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
