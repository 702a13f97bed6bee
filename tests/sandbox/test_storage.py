"""The object storage: signatures byte for byte, expiry, framing, ranges, and where uploads go."""

import gzip
import json
import socket
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest

from bulkimport.sandbox.world import JobTiming
from tests.support.sandbox import CSV, JSON, PEOPLE, Caller, calling, faults, quick_options

PAYLOAD = json.dumps([{"_action": "createOrUpdate", "employeeID": "1"}]).encode()


async def raw(url: str, request: bytes) -> bytes:
    """What a socket gets back for bytes of our own; `{target}` and `{host}` are filled in."""
    parts = urlsplit(url)
    content = request.replace(b"{target}", f"{parts.path}?{parts.query}".encode()).replace(b"{host}", b"localhost")
    stream = await anyio.connect_tcp(parts.hostname or "", parts.port or 0)
    async with stream:
        await stream.send(content)
        answer = b""
        try:
            while True:
                answer += await stream.receive()
        except anyio.EndOfStream:
            return answer


async def test_presigned_urls_hold_what_requoting_would_break(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        for url in (await caller.generate()).values():
            for fragile in ("%2B", "%2F", "%2f", "%2b", "+", "==", "~"):
                assert fragile in url


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("%2B", "+"),
        ("%2F", "/"),
        ("%2f", "%2F"),
        ("==", "%3D%3D"),
        ("+", "%20"),
        ("%2b", "%2B"),
        ("~", "%7E"),
        ("&x-", "&y-"),
    ],
)
async def test_any_change_of_a_presigned_url_breaks_its_signature(tmp_path: Path, old: str, new: str) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        broken = {name: url.replace(old, new) for name, url in location.items()}
        for reply in (await caller.upload(broken, PAYLOAD), await caller.send("GET", broken["get"])):
            assert reply.status == 403
            assert b"<Code>SignatureDoesNotMatch</Code>" in reply.body or b"<Code>AccessDenied</Code>" in reply.body
        assert (await caller.upload(location, PAYLOAD)).status == 200


async def test_a_url_is_good_for_its_own_method_alone(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        crossed = await caller.send("PUT", location["get"], PAYLOAD, {"Content-Type": JSON})
        assert (crossed.status, b"SignatureDoesNotMatch" in crossed.body) == (403, True)
        assert (await caller.send("GET", location["put"])).status == 403


async def test_without_signature_nothing_is_given(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        url = (await caller.generate())["get"].partition("?")[0]
        reply = await caller.send("GET", url)
        assert (reply.status, reply.headers["Content-Type"]) == (403, "application/xml")
        assert b"<Code>AccessDenied</Code>" in reply.body


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
async def test_a_bearer_token_beside_a_signature_is_refused(tmp_path: Path, name: str) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        reply = await caller.send("GET", location["get"], None, {name: "Bearer x"})
        assert (reply.status, b"<Code>InvalidArgument</Code>" in reply.body) == (400, True)


@pytest.mark.parametrize(
    ("target_type", "sent"), [("json", CSV), ("csv", JSON), ("json", "application/json"), ("csv", "")]
)
async def test_the_content_type_of_an_upload_must_fit_its_target_type(
    tmp_path: Path, target_type: str, sent: str
) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate(target_type)
        headers = {"Content-Type": sent} if sent else {}
        reply = await caller.send("PUT", location["put"], PAYLOAD, headers)
        assert (reply.status, b"SignatureDoesNotMatch" in reply.body) == (403, True)


async def test_an_upload_in_chunks_is_not_implemented(tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield PAYLOAD

    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        reply = await caller.send("PUT", location["put"], body(), {"Content-Type": JSON})
        assert (reply.status, b"<Code>NotImplemented</Code>" in reply.body) == (501, True)


async def test_an_upload_without_length_is_refused(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        url = (await caller.generate())["put"]
        head = f"PUT {{target}} HTTP/1.1\r\nHost: {{host}}\r\nContent-Type: {JSON}\r\nConnection: close\r\n\r\n"
        answer = await raw(url, head.encode())
        assert answer.startswith(b"HTTP/1.1 411 ")
        assert b"<Code>MissingContentLength</Code>" in answer


async def test_an_upload_that_stops_early_leaves_nothing_behind(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        location = await caller.generate()
        parts = urlsplit(location["put"])
        head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\n"
        stream = await anyio.connect_tcp(parts.hostname or "", parts.port or 0)
        async with stream:
            await stream.send(head.encode() + b"Content-Length: 100\r\n\r\n[")
        with anyio.fail_after(60):
            while sandbox.requests[-1].ended is None:
                await anyio.sleep(0.005)
        assert (await caller.send("GET", location["get"])).status == 404
        with anyio.fail_after(60):  # the request has ended before what it left is cleared away
            while list((tmp_path / "objects").iterdir()):
                await anyio.sleep(0.005)


async def test_a_client_that_waits_for_100_continue_gets_it(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        parts = urlsplit((await caller.generate())["put"])
        head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: 2\r\n"
        stream = await anyio.connect_tcp(parts.hostname or "", parts.port or 0)
        async with stream:
            await stream.send(head.encode() + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
            assert (await stream.receive()).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
            await stream.send(b"[]")
            assert (await stream.receive()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
async def test_parts_of_a_temporary_file_can_be_read(
    tmp_path: Path, asked: str, status: int, body: bytes | None, content_range: str | None
) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, b"0123456789")
        reply = await caller.send("GET", location["get"], None, {"Range": asked})
        assert (reply.status, reply.headers.get("Content-Range")) == (status, content_range)
        assert body is None or reply.body == body


async def test_a_url_expires_and_says_so_in_xml(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, url_ttl=0.05)) as (_, caller):
        location = await caller.generate()
        await anyio.sleep(0.06)
        for reply in (await caller.upload(location, PAYLOAD), await caller.send("GET", location["get"])):
            assert (reply.status, reply.headers["Content-Type"]) == (403, "application/xml")
            assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in reply.body
        assert (await caller.submit(PEOPLE, location)).status == 400


async def test_a_temporary_file_is_deleted_after_its_time(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, file_ttl=2.0)) as (_, caller):
        location = await caller.generate()
        assert (await caller.upload(location, PAYLOAD)).status == 200
        with anyio.fail_after(60):
            while list((tmp_path / "objects").iterdir()):
                await anyio.sleep(0.02)
        reply = await caller.send("GET", location["get"])
        assert (reply.status, b"<Code>NoSuchKey</Code>" in reply.body) == (404, True)


async def test_a_file_that_expires_after_the_acceptance_does_not_hurt_its_job(tmp_path: Path) -> None:
    slow = JobTiming(created=3.5, running=0.01)
    async with calling(quick_options(tmp_path, file_ttl=3.0, timing=slow)) as (sandbox, caller):
        location = await caller.generate()
        assert (await caller.upload(location, PAYLOAD)).status == 200
        ended = await caller.wait((await caller.submit(PEOPLE, location)).json())
        assert ended["jobStatus"] == "completed"
        assert len(await sandbox.items(PEOPLE)) == 1
        assert len(await caller.result(ended)) == 1
        assert (await caller.send("GET", location["get"])).status == 404


async def test_the_ticket_expires_too(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, ticket_ttl=0.05)) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        ticket = (await caller.submit(PEOPLE, location)).json()
        await anyio.sleep(0.06)
        assert (await caller.send("GET", ticket["_links"]["self"]["url"])).status == 403


async def test_a_fresh_ticket_may_not_be_there_yet(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, ticket_missing_reads=2)) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        url = (await caller.submit(PEOPLE, location)).json()["_links"]["self"]["url"]
        assert [(await caller.send("GET", url)).status for _ in range(4)] == [404, 404, 200, 200]


async def test_results_may_be_stored_compressed(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, gzip_results=True)) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, PAYLOAD)
        ended = await caller.wait((await caller.submit(PEOPLE, location)).json())
        for url in (ended["_links"]["result"]["url"], location["get"]):
            reply = await caller.send("GET", url)
            assert reply.headers["Content-Encoding"] == "gzip"
            assert json.loads(gzip.decompress(reply.body))[0]["employeeID"] == "1"


async def test_a_temporary_store_on_the_api_host_takes_chunks(tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield PAYLOAD

    async with calling(quick_options(tmp_path, store="api")) as (sandbox, caller):
        location = await caller.generate()
        assert location["put"].startswith(sandbox.address.base_url)
        assert location["get"].startswith(sandbox.storage_url)
        reply = await caller.send("PUT", location["put"], body(), {"Content-Type": JSON})
        assert (reply.status, "X-Amzn-Trace-Id" in reply.headers) == (200, True)
        assert (await caller.send("GET", location["get"])).body == PAYLOAD
        ended = await caller.wait((await caller.submit(PEOPLE, location)).json())
        assert len(await caller.result(ended)) == 1


async def test_a_temporary_store_may_send_uploads_on_to_the_storage(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, store="redirect")) as (sandbox, caller):
        location = await caller.generate()
        first = await caller.upload(location, PAYLOAD)
        assert first.status == 307
        assert first.headers["Location"].startswith(sandbox.storage_url)
        assert (await caller.send("GET", location["get"])).status == 404
        second = await caller.upload({"put": first.headers["Location"]}, PAYLOAD)
        assert second.status == 200
        assert (await caller.send("GET", location["get"])).body == PAYLOAD


@pytest.mark.parametrize("step", ["upload", "tempget", "poll", "result"])
async def test_a_redirect_fault_leads_to_the_same_object(tmp_path: Path, step: str) -> None:
    plan = faults({"match": {"step": step, "nth": 1}, "action": {"redirect": True}})
    async with calling(quick_options(tmp_path, faults=plan)) as (sandbox, caller):
        location = await caller.generate()
        if step == "upload":
            moved = await caller.upload(location, PAYLOAD)
            assert moved.status == 307
            assert (await caller.upload({"put": moved.headers["Location"]}, PAYLOAD)).status == 200
            return
        await caller.upload(location, PAYLOAD)
        ticket = (await caller.submit(PEOPLE, location)).json()
        with anyio.fail_after(60):
            while not (await sandbox.jobs())[0].ended:
                await anyio.sleep(0.01)
        if step == "result":
            ticket = await caller.wait(ticket)
        url = {"tempget": location["get"], "poll": ticket["_links"]["self"]["url"]}.get(step)
        url = url or ticket["_links"]["result"]["url"]
        moved = await caller.send("GET", url)
        assert moved.status == 307
        assert moved.headers["Location"] != url
        there = await caller.send("GET", moved.headers["Location"])
        assert (there.status, there.body) == (200, (await caller.send("GET", url)).body)


async def test_the_server_tells_the_time(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        moment = parsedate_to_datetime((await caller.send("GET", location["get"])).headers["Date"])
        assert moment.utcoffset() is not None


async def test_the_two_hosts_are_different_origins(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        assert isinstance(caller, Caller)
        assert sandbox.storage_url != sandbox.address.base_url
        assert socket.inet_aton(urlsplit(sandbox.storage_url).hostname or "")
