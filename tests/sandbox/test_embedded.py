"""The sandbox inside a run: started, shared, and gone with its last user."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import anyio
import pytest

from bulkimport.errors import StateError
from bulkimport.sandbox.embedded import embedded
from bulkimport.sandbox.world import Address, DatasetSeed, python_environment
from tests.support.sandbox import PEOPLE, PEOPLE_SEED, POSITIONS, quick_options, sandbox_thread

POSITIONS_SEED = DatasetSeed(POSITIONS, "positions", "POSITIONS", auto_id="id")

USER = """
import sys, anyio
from pathlib import Path
from bulkimport.sandbox.embedded import embedded
async def main():
    async with embedded(Path(sys.argv[1]), []) as address:
        print(address.base_url, flush=True)
        await anyio.to_thread.run_sync(sys.stdin.read)
anyio.run(main)
"""


class User:
    """A run of its own that uses the sandbox of a folder until it is told to leave."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=python_environment(),
            start_new_session=True,
        )

    def address(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.communicate(timeout=60)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def answers(base_url: str) -> bool:
    try:
        with urlopen(base_url, timeout=60):
            return True
    except OSError as error:
        return "refused" not in str(error) and "reset" not in str(error)


def is_gone(base_url: str, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while answers(base_url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def names(address: Address) -> list[str]:
    import aiohttp

    headers = {"Authorization": "Bearer any"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{address.base_url}/api/v1/ACME/datasets") as response,
    ):
        return sorted(entry["name"] for entry in json.loads(await response.read()))


async def test_a_run_starts_one_and_it_ends_with_the_run(tmp_path: Path) -> None:
    async with embedded(tmp_path / "data", [PEOPLE_SEED]) as address:
        assert await names(address) == ["people"]
    assert not await anyio.to_thread.run_sync(answers, address.base_url)
    async with embedded(tmp_path / "data", []) as again:
        assert again == address
        assert await names(again) == ["people"]


async def test_a_second_run_joins_and_adds_its_datasets(tmp_path: Path) -> None:
    async with embedded(tmp_path, [PEOPLE_SEED]) as first:
        async with embedded(tmp_path, [POSITIONS_SEED]) as second:
            assert second == first
            assert await names(first) == ["people", "positions"]
        assert await names(first) == ["people", "positions"]


async def test_a_standalone_sandbox_of_the_same_folder_is_joined(tmp_path: Path) -> None:
    with sandbox_thread(quick_options(tmp_path)) as sandbox:
        async with embedded(tmp_path, [POSITIONS_SEED]) as address:
            assert address == sandbox.address
            assert await names(address) == ["people", "positions"]
        assert await names(sandbox.address) == ["people", "positions"]


def test_runs_that_start_at_once_share_one(tmp_path: Path) -> None:
    users = [User(tmp_path) for _ in range(3)]
    addresses = {user.address() for user in users}
    assert len(addresses) == 1
    (address,) = addresses
    users[0].end()
    assert answers(address)
    users[1].process.kill()
    users[1].end()
    assert answers(address)
    users[2].end()
    assert is_gone(address)


def test_a_killed_run_takes_its_sandbox_along_before_long(tmp_path: Path) -> None:
    user = User(tmp_path)
    address = user.address()
    assert answers(address)
    user.process.kill()
    user.end()
    assert is_gone(address)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_do_not_end_it_while_it_is_used(tmp_path: Path, number: signal.Signals) -> None:
    user = User(tmp_path)
    address = user.address()
    children = Path(f"/proc/{user.process.pid}/task/{user.process.pid}/children")
    pids = [
        int(pid) for path in [children, *children.parent.parent.glob("*/children")] for pid in path.read_text().split()
    ]
    child = pids[0]
    os.kill(child, number)
    time.sleep(0.1)
    assert answers(address)
    user.end()
    assert is_gone(address)


def test_killing_the_group_that_started_it_leaves_it_to_others(tmp_path: Path) -> None:
    first = User(tmp_path)
    address = first.address()
    second = User(tmp_path)
    assert second.address() == address
    os.killpg(first.process.pid, signal.SIGKILL)
    first.end()
    assert answers(address)
    second.end()
    assert is_gone(address)


async def test_no_secret_is_in_the_process_list(tmp_path: Path) -> None:
    async with embedded(tmp_path, [PEOPLE_SEED]) as address:
        children = await anyio.to_thread.run_sync(_command_lines)
        assert any("bulkimport.sandbox.child" in line for line in children)
        assert not any(address.token in line for line in children)


def _command_lines() -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return lines


async def test_a_folder_that_cannot_be_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StateError) as caught:
        async with embedded(tmp_path / "file" / "data", []):
            pass
    assert caught.value.hint


async def test_a_sandbox_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "objects").write_bytes(b"")
    with pytest.raises(StateError, match="cannot keep its data"):
        async with embedded(tmp_path, []):
            pass


async def test_seeds_travel_whole(tmp_path: Path) -> None:
    seed = DatasetSeed(PEOPLE, "p", auto_id="id", items=({"id": "1", "name": "ü"},), tags=("a",), locked=("1",))
    async with embedded(tmp_path, [seed]) as address:
        assert await names(address) == ["p"]
