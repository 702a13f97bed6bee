"""Each kind of fault as a client sees it, on real sockets."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import anyio
import pytest
from yarl import URL

from tests.support.sandbox import JSON, PEOPLE, Caller, calling, faults, quick_options

PAYLOAD = b'[{"_action":"createOrUpdate","employeeID":"1"}]'


def spoilt(step: str, action: dict[str, Any], **match: Any) -> Any:
    return faults({"match": {"step": step, **match}, "action": action})


async def refresh(caller: Caller) -> dict[str, Any]:
    location = await caller.generate()
    await caller.upload(location, PAYLOAD)
    return await caller.wait((await caller.submit(PEOPLE, location)).json())


async def test_a_status_comes_with_what_was_asked_for_and_nothing_is_done(tmp_path: Path) -> None:
    action = {"status": 429, "retry_after": 7, "headers": {"X-Why": "test"}, "body": {"errors": [{"code": "42901"}]}}
    async with calling(quick_options(tmp_path, faults=spoilt("import", action, nth=1))) as (sandbox, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        reply = await caller.submit(PEOPLE, location)
        assert (reply.status, reply.headers["Retry-After"], reply.headers["X-Why"]) == (429, "7", "test")
        assert reply.json() == action["body"]
        assert "X-Amzn-Trace-Id" in reply.headers
        assert await sandbox.jobs() == []
        assert (await caller.submit(PEOPLE, location)).status == 202


async def test_a_status_may_hide_work_that_was_done(tmp_path: Path) -> None:
    plan = spoilt("import", {"status": 504, "process": True, "body": "gateway timeout"}, nth=1)
    async with calling(quick_options(tmp_path, faults=plan)) as (sandbox, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        reply = await caller.submit(PEOPLE, location)
        assert (reply.status, reply.body) == (504, b"gateway timeout")
        assert len(await sandbox.jobs()) == 1


@pytest.mark.parametrize(("kind", "jobs"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_reset_is_a_real_one_before_or_after_the_work(tmp_path: Path, kind: str, jobs: int) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        sandbox.set_faults(spoilt("import", {kind: True}))
        # Resetting, rather than closing, is what makes the operating system say ECONNRESET.
        with pytest.raises((aiohttp.ClientOSError, ConnectionResetError)) as caught:
            await caller.submit(PEOPLE, location)
        assert not isinstance(caught.value, aiohttp.ServerDisconnectedError)
        # aiohttp repeats a PUT once by itself when a kept connection breaks.
        assert len(await sandbox.jobs()) in (jobs, 2 * jobs)
        assert sandbox.requests[-1].status == 0


async def test_a_reset_is_no_orderly_end_of_the_connection(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, faults=spoilt("storage", {"reset_before": True}))) as (_, caller):
        parts = urlsplit((await caller.generate())["get"])
        stream = await anyio.connect_tcp(parts.hostname or "", parts.port or 0)
        async with stream:
            await stream.send(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            # A FIN would be anyio.EndOfStream.
            with pytest.raises(anyio.BrokenResourceError):
                await stream.receive()


@pytest.mark.parametrize("kind", ["stall", "stall_after"])
async def test_a_stall_is_silence_before_or_after_the_work(tmp_path: Path, kind: str) -> None:
    async with calling(quick_options(tmp_path, faults=spoilt("generate", {kind: 1000}))) as (sandbox, caller):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(caller.generate)
            with anyio.fail_after(60):
                while not sandbox.requests:
                    await anyio.sleep(0.005)
            await anyio.sleep(0.15)
            tasks.cancel_scope.cancel()
        assert sandbox.requests[0].status is None


async def test_a_stall_ends(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, faults=spoilt("list", {"stall": 0.05}))) as (_, caller):
        started = time.monotonic()
        assert (await caller.api("GET", "datasets")).status == 200
        assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize("fraction", [0, 0.5])
@pytest.mark.parametrize("step", ["items", "result", "metadata"])
async def test_a_truncated_answer_promises_more_than_it_gives(tmp_path: Path, step: str, fraction: float) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        ticket = await refresh(caller)
        sandbox.set_faults(spoilt(step, {"truncate": fraction}))
        reading = {
            "result": caller.result(ticket),
            "items": caller.api("GET", f"datasets/{PEOPLE}/items"),
            "metadata": caller.api("GET", f"datasets/{PEOPLE}"),
        }
        wanted = reading.pop(step)
        for unwanted in reading.values():
            unwanted.close()
        with pytest.raises(aiohttp.ClientPayloadError):
            await wanted


async def test_html_comes_instead_of_json(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, faults=spoilt("generate", {"html": True}))) as (_, caller):
        reply = await caller.api("POST", "files/generate", {"targetType": "json", "targetEncoding": "identity"})
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
        assert reply.body.startswith(b"<!DOCTYPE html>")


async def test_malformed_json_keeps_status_and_headers(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, faults=spoilt("poll", {"malformed": True}, nth=1))) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        url = (await caller.submit(PEOPLE, location)).json()["_links"]["self"]["url"]
        reply = await caller.send("GET", url)
        assert (reply.status, reply.headers["Content-Type"]) == (200, JSON)
        with pytest.raises(ValueError, match=r"."):
            reply.json()
        assert (await caller.send("GET", url)).json()["jobStatus"]


async def test_a_dripping_answer_is_slow_and_whole(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        ticket = await refresh(caller)
        whole = await caller.result(ticket)
        sandbox.set_faults(spoilt("result", {"drip": 0.001, "chunk": 5}))
        async with caller.session.get(URL(ticket["_links"]["result"]["url"], encoded=True)) as response:
            pieces = [piece async for piece in response.content.iter_any()]
        assert len(pieces) > 3
        assert await caller.result(ticket) == whole


async def test_an_expiry_fault_concerns_one_presigned_url(tmp_path: Path) -> None:
    plan = spoilt("poll", {"expire": True}, nth=1, dataset="people")
    async with calling(quick_options(tmp_path, faults=plan)) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        url = (await caller.submit(PEOPLE, location)).json()["_links"]["self"]["url"]
        reply = await caller.send("GET", url)
        assert (reply.status, b"Request has expired" in reply.body) == (403, True)
        assert (await caller.send("GET", url)).status == 200


async def test_a_job_can_be_made_to_fail(tmp_path: Path) -> None:
    plan = spoilt("job", {"job_fail": ["out of luck"]}, dataset=PEOPLE, nth=1)
    async with calling(quick_options(tmp_path, faults=plan)) as (sandbox, caller):
        ticket = await refresh(caller)
        assert (ticket["jobStatus"], ticket["errors"][0]["message"]) == ("failed", "out of luck")
        assert "result" not in ticket["_links"]
        assert await sandbox.items(PEOPLE) == []
        assert (await refresh(caller))["jobStatus"] == "completed"


async def test_a_job_can_be_made_to_reject_items(tmp_path: Path) -> None:
    plan = spoilt("job", {"job_reject": ["2"]})
    rows = [{"_action": "createOrUpdate", "employeeID": key} for key in ("1", "2")]
    async with calling(quick_options(tmp_path, faults=plan)) as (sandbox, caller):
        _, entries = await caller.load(PEOPLE, rows, "autoId=true&onActionValidationFailure=skip")
        assert [entry["_status"] for entry in entries] == ["success", "error"]
        assert entries[1]["errors"][0]["name"] == "ItemRejected"
        assert [item["employeeID"] for item in await sandbox.items(PEOPLE)] == ["1"]


async def test_a_temporary_file_is_known_by_the_dataset_it_was_imported_into(tmp_path: Path) -> None:
    plan = spoilt("tempget", {"status": 500}, dataset="people")
    async with calling(quick_options(tmp_path, faults=plan)) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        assert (await caller.send("GET", location["get"])).status == 200
        await caller.wait((await caller.submit(PEOPLE, location)).json())
        assert (await caller.send("GET", location["get"])).status == 500
