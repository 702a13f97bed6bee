"""A sandbox's life: where it listens, what it remembers, and that a folder has one at a time."""

import json
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import anyio
import pytest

from bulkimport.errors import StateError, UsageError
from bulkimport.sandbox.server import Address, run_server, running_sandbox, serve
from bulkimport.sandbox.world import SandboxOptions
from tests.support.sandbox import PEOPLE, Caller, SandboxProcess, calling, quick_options, sandbox_thread

ROWS = [{"_action": "createOrUpdate", "employeeID": str(number)} for number in range(3)]


async def test_a_restart_keeps_addresses_data_urls_and_token(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        ticket, entries = await caller.load(PEOPLE, ROWS)
        unused = await caller.generate()
        first = (sandbox.address, sandbox.storage_url, await sandbox.items(PEOPLE))
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        assert (sandbox.address, sandbox.storage_url, await sandbox.items(PEOPLE)) == first
        assert await caller.result(ticket) == entries
        assert (await caller.upload(unused, json.dumps(ROWS).encode())).status == 200
        assert (await caller.submit(PEOPLE, unused)).status == 202


async def test_a_port_that_was_taken_meanwhile_is_given_up(tmp_path: Path) -> None:
    async with running_sandbox(quick_options(tmp_path)) as sandbox:
        before = sandbox.address.base_url
    with socket.create_server(("127.0.0.1", int(before.rpartition(":")[2]))):
        async with running_sandbox(quick_options(tmp_path)) as sandbox:
            assert sandbox.address.base_url != before


async def test_a_port_that_was_asked_for_is_used_or_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=str(port)):
            async with running_sandbox(quick_options(tmp_path, port=port)):
                pass
    async with running_sandbox(quick_options(tmp_path, port=port)) as sandbox:
        assert sandbox.address.base_url.endswith(f":{port}")


async def test_a_folder_has_one_sandbox_at_a_time(tmp_path: Path) -> None:
    async with running_sandbox(quick_options(tmp_path)):
        with pytest.raises(StateError, match="Another sandbox is serving"):
            async with running_sandbox(quick_options(tmp_path)):
                pass
    async with running_sandbox(quick_options(tmp_path)):
        pass


async def test_a_folder_that_cannot_be_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StateError) as caught:
        async with running_sandbox(quick_options(tmp_path / "file" / "data")):
            pass
    assert caught.value.hint


async def test_nothing_it_keeps_can_be_read_by_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with calling(quick_options(folder)) as (_, caller):
        await caller.load(PEOPLE, ROWS)
        paths = [folder, *folder.rglob("*")]
        assert len(paths) > 8
        for path in paths:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_what_the_block_raises_comes_out_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with running_sandbox(quick_options(tmp_path)):
            raise KeyError("mine")


async def test_serve_stops_when_it_is_told_to(tmp_path: Path) -> None:
    heard: list[Address] = []
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(
            lambda: serve(quick_options(tmp_path, tenant="ACME", token="t"), ready=heard.append, stop=stop)
        )
        with anyio.fail_after(60):
            while not heard:
                await anyio.sleep(0.01)
        stop.set()
    assert (heard[0].tenant_id, heard[0].token) == ("ACME", "t")
    assert "'t'" not in repr(heard[0])


async def test_trouble_of_its_own_is_a_500_in_the_host_s_words(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        (tmp_path / "objects").rename(tmp_path / "elsewhere")
        stored = await caller.upload(location, b"[]")
        assert (stored.status, b"<Code>InternalError</Code>" in stored.body) == (500, True)
        for path in (tmp_path / "datasets").iterdir():
            path.unlink()
        (tmp_path / "datasets").rmdir()
        reply = await caller.api("GET", f"datasets/{PEOPLE}")
        assert (reply.status, reply.error_names) == (500, ["InternalServerError"])
        (tmp_path / "elsewhere").rename(tmp_path / "objects")


async def test_what_a_killed_server_was_writing_is_cleared_away(tmp_path: Path) -> None:
    async with running_sandbox(quick_options(tmp_path)):
        pass
    leftovers = [tmp_path / "objects" / "A.B.part", tmp_path / "results" / "C.part", tmp_path / "payloads" / "D.sync"]
    for path in leftovers:
        path.write_bytes(b"half")
    async with running_sandbox(quick_options(tmp_path)):
        assert not any(path.exists() for path in leftovers)


def test_a_wrong_tenant_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lower"):
        SandboxOptions(tmp_path, tenant="lower")


def test_run_server_tells_what_is_wrong_without_a_group_around_it(tmp_path: Path) -> None:
    with sandbox_thread(quick_options(tmp_path)), pytest.raises(StateError):
        run_server(quick_options(tmp_path), lambda address: None)


async def submit_and_leave(process: SandboxProcess) -> dict[str, object]:
    """Submits an import and answers its ticket."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        caller = Caller(session, process.address)
        location = await caller.generate()
        await caller.upload(location, json.dumps(ROWS).encode())
        ticket: dict[str, object] = (await caller.submit(PEOPLE, location)).json()
        return ticket


async def wait_and_count(process: SandboxProcess, ticket: dict[str, object]) -> tuple[list[str], int]:
    """The statuses of the job's entries, and the number of the dataset's items."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        caller = Caller(session, process.address)
        entries = await caller.result(await caller.wait(ticket))
        items = (await caller.api("GET", f"datasets/{PEOPLE}/items")).json()
        return [entry["_status"] for entry in entries], len(items)


def test_a_killed_server_finishes_its_jobs_in_its_next_life(tmp_path: Path) -> None:
    slow = {"created": 1000, "running": 0}
    with SandboxProcess(tmp_path, workers=0, timing=slow) as process:
        ticket = anyio.run(submit_and_leave, process)
        process.kill()
    with SandboxProcess(tmp_path, workers=0) as again:
        assert again.address == process.address
        assert anyio.run(wait_and_count, again, ticket) == (["success"] * 3, 3)


def test_a_server_killed_between_applying_and_saying_so_does_not_apply_twice(tmp_path: Path) -> None:
    with ExitStack() as stack:
        process = stack.enter_context(
            SandboxProcess(tmp_path, workers=1, timing={"created": 0, "running": 0, "per_item": 1000})
        )
        ticket = anyio.run(submit_and_leave, process)

        async def applied() -> None:
            async with aiohttp.ClientSession() as session:
                caller = Caller(session, process.address)
                with anyio.fail_after(60):
                    while not (await caller.api("GET", f"datasets/{PEOPLE}/items")).json():
                        await anyio.sleep(0.02)

        anyio.run(applied)
        process.kill()
    with SandboxProcess(tmp_path, workers=0) as again:
        # Applied anew, the same rows would all be skipped.
        assert anyio.run(wait_and_count, again, ticket) == (["success"] * 3, 3)


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as process:
        ticket = anyio.run(submit_and_leave, process)
        assert anyio.run(wait_and_count, process, ticket) == (["success"] * 3, 3)
        assert process.stop() == 0
