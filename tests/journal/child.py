"""A second process for the tests of the journal: `python -m tests.journal.child COMMAND STATE_DIR ARGUMENT…`."""

import asyncio
import os
import resource
import sys
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path
from typing import Any

from bulkimport.clock import SystemClock
from bulkimport.errors import StateError
from bulkimport.journal import Journal
from bulkimport.journal.locks import RunLocks
from bulkimport.refresh.events import ImportRequested, TurnCame
from tests.journal.samples import TENANT, a_dataset, a_run, an_owner, source_read

NAMES = ("people", "positions", "links")


async def append(state_dir: Path, run_id: str) -> None:
    """Appends to three datasets at once for ever; says `NAME SEQ` after each event that is on the disk."""
    async with Journal.open(state_dir, SystemClock()) as journal:
        run = await journal.run(run_id)
        if run is None:
            datasets = [a_dataset(name, position=position) for position, name in enumerate(NAMES)]
            await journal.start_run(a_run(run_id, pid=os.getpid()), datasets)
        else:
            await journal.resume_run(run, host="here", pid=os.getpid())

        async def go_on(name: str) -> None:
            while True:
                for event in (TurnCame(), source_read(), ImportRequested()):
                    entry = await journal.append(run_id, name, event)
                    os.write(1, f"{name} {entry.seq}\n".encode())

        await asyncio.gather(*(go_on(name) for name in NAMES))


async def count(state_dir: Path, run_id: str, times: str) -> None:
    """Counts one request so many times, and appends as many events, a few at once."""
    async with Journal.open(state_dir, SystemClock()) as journal:
        datasets = [a_dataset(name, position=position) for position, name in enumerate(NAMES)]
        await journal.start_run(a_run(run_id, pid=os.getpid()), datasets)

        async def go_on(name: str) -> None:
            for _ in range(int(times)):
                await journal.add_requests(TENANT, date(2026, 11, 23), 1)
                await journal.append(run_id, name, TurnCame())

        await asyncio.gather(*(go_on(name) for name in NAMES))


async def hold(state_dir: Path, run_id: str) -> None:
    """Takes the lease of `people` for an hour, says so, and waits to be killed."""
    async with Journal.open(state_dir, SystemClock()) as journal:
        await journal.start_run(a_run(run_id, pid=os.getpid()), [a_dataset()])
        holder = await journal.acquire_lease(TENANT, "ID-people", an_owner(run_id, pid=os.getpid()), 3600)
        os.write(1, b"held\n" if holder is None else b"refused\n")
        await asyncio.sleep(3600)


async def fill(state_dir: Path, run_id: str) -> None:
    """Appends until no file may grow any further; says after which event, and the error."""
    async with Journal.open(state_dir, SystemClock()) as journal:
        await journal.start_run(a_run(run_id, pid=os.getpid()), [a_dataset()])
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        seq = 0
        try:
            while True:
                seq = (await journal.append(run_id, "people", source_read())).seq
        except StateError as error:
            print(seq, error.message, error.hint, sep="\n")  # noqa: T201 # it is what the test reads


async def fork(state_dir: Path, run_id: str) -> None:
    """Holds a run's lock and forks a worker, which lives until the end of stdin."""
    locks = RunLocks(state_dir)
    locks.acquire(run_id)
    if os.fork():
        os.wait()
    else:
        os.write(1, b"the worker lives\n")
        os.read(0, 1)
        os.write(1, b"the worker ends\n")


if __name__ == "__main__":
    commands: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
        "append": append,
        "count": count,
        "hold": hold,
        "fill": fill,
        "fork": fork,
    }
    asyncio.run(commands[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))
