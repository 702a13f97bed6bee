"""One attempt on real sockets: bytes on the wire, redirects, deadlines, permits."""

import asyncio
import hashlib
import os
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from bulkimport.errors import AmbiguousError, ServiceError, StateError, UnavailableError
from bulkimport.limiter.slots import TRANSIT
from bulkimport.model import ImportOptions, Retries, Timeouts
from bulkimport.orgvue import BytesBody, FileBody
from tests.orgvue.support import DATASET, TOKEN, bench, location
from tests.support.http import (
    DEAF,
    DROP,
    SILENCE,
    Received,
    Reply,
    ScriptedServer,
    answer,
    api_error,
    json_answer,
    scripted_server,
)
from tests.support.refreshing import OpenGate

ONCE = Retries(attempts=1)
IMPATIENT = Timeouts(connect=2.0, read=0.2)
TARGETS = [
    "/a%2fb%2Fc?X-Amz-Signature=a%2b%2B+b==",
    "/p~q%7Er?e=&e=,:@&f&x=%c3%a9",
    "/a/../b//c/./d?x=/?y",
    "/a%20b;c=d?%24a=$b!*'()",
]


def ticket(server: ScriptedServer) -> Reply:
    return json_answer({"_links": {"self": {"url": server.url("/ticket")}}, "jobStatus": "created"})


@pytest.mark.parametrize("target", TARGETS)
async def test_presigned_urls_go_out_byte_for_byte(target: str) -> None:
    async with scripted_server(json_answer({"jobStatus": "running"}), answer()) as server, bench(server.origin) as b:
        await b.client.read_ticket(server.url(target))
        await b.client.upload(location(server.url(target)), BytesBody(b"[]"))
        assert [request.line for request in server.received] == [
            f"GET {target} HTTP/1.1",
            f"PUT {target} HTTP/1.1",
        ]


@pytest.mark.parametrize("target", TARGETS)
async def test_redirects_are_followed_byte_for_byte(target: str) -> None:
    async with scripted_server() as store, scripted_server() as server, bench("http://127.0.0.1:1") as b:
        server.will(answer(307, headers=[("Location", store.url(target))]))
        store.will(answer(308, headers=[("Location", target)]), answer())
        await b.client.upload(location(server.url("/")), BytesBody(b"[1]"))
        assert [request.target for request in store.received] == [target, target]
        assert [request.body for request in store.received] == [b"[1]", b"[1]"]


async def test_beside_an_https_tenant_nothing_is_sent_in_the_clear() -> None:
    async with scripted_server(answer()) as server, bench("https://orgvue.invalid") as b:
        with pytest.raises(ServiceError, match="only https is accepted"):
            await b.client.upload(location(server.url("/p")), BytesBody(b"[]"))
        assert server.connections == 0


async def test_the_token_goes_to_the_api_alone_and_the_store_gets_bare_requests() -> None:
    async with scripted_server() as server, bench(server.origin) as b:
        server.will(json_answer([]), answer(), json_answer({"jobStatus": "running"}))
        await b.client.list_datasets()
        await b.client.upload(location(server.url("/put?sig=1")), BytesBody(b"[]"))
        await b.client.read_ticket(server.url("/ticket?sig=1"))
        api, put, get = server.received
        assert api.header("Authorization") == f"Bearer {TOKEN}"
        assert api.header("Content-Type") == "application/json; charset=UTF-8"
        assert api.header("Accept-Encoding") == "gzip"
        assert {name for name, _ in put.headers} == {"Host", "Content-Type", "Content-Length"}
        assert {name for name, _ in get.headers} == {"Host", "Accept-Encoding"}


async def test_cookies_and_netrc_are_none_of_our_business(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(netrc))
    cookie = [("Set-Cookie", "session=1; Path=/")]
    async with scripted_server() as server, bench(server.origin) as b:
        server.will(*[json_answer({"jobStatus": "running"}, headers=cookie)] * 2)
        for _ in range(2):
            await b.client.read_ticket(server.url("/t"))
        assert {name for request in server.received for name, _ in request.headers} == {"Host", "Accept-Encoding"}


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted_server(json_answer({"jobStatus": "running"})) as proxy:
        monkeypatch.setenv("http_proxy", proxy.origin)
        monkeypatch.setenv("no_proxy", "")
        async with bench("http://orgvue.invalid") as b:
            await b.client.read_ticket("http://store.invalid/t%2f?s=%2F+")
        assert proxy.received[0].line == "GET http://store.invalid/t%2f?s=%2F+ HTTP/1.1"


async def test_an_upload_has_its_length_and_is_never_chunked(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    path = tmp_path / "payload"
    await asyncio.to_thread(path.write_bytes, content)
    seen: list[int] = []
    async with scripted_server(answer()) as server, bench(server.origin) as b:
        await b.client.upload(location(server.url("/p")), FileBody(path, len(content)), seen.append)
        (request,) = server.received
    assert request.header("Content-Length") == "3000000"
    assert request.header("Transfer-Encoding") is None
    assert hashlib.sha256(request.body).digest() == hashlib.sha256(content).digest()
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, len(content))


async def test_an_empty_body_has_a_length_too() -> None:
    async with scripted_server(answer()) as server, bench(server.origin) as b:
        await b.client.upload(location(server.url("/p")), BytesBody(b""))
        assert server.received[0].header("Content-Length") == "0"


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirected_upload_sends_its_body_again(status: int, tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(b"x" * 500_000)
    async with scripted_server(answer()) as store, scripted_server() as front, bench(front.origin) as b:
        front.will(answer(status, headers=[("Location", store.url("/real?s=%2f"))]))
        await b.client.upload(location(front.url("/put")), FileBody(path, 500_000))
        assert store.received[0].target == "/real?s=%2f"
        assert store.received[0].body == b"x" * 500_000
        assert b.client.traffic.requests == 2


async def test_a_redirect_that_would_drop_the_body_is_not_followed() -> None:
    async with scripted_server(answer(303, headers=[("Location", "/x")])) as server, bench(server.origin) as b:
        with pytest.raises(ServiceError, match="answered 303"):
            await b.client.upload(location(server.url("/p")), BytesBody(b"[]"))
        assert len(server.received) == 1


async def test_redirects_in_circles_come_to_an_end() -> None:
    async with scripted_server() as server, bench(server.origin, retries=ONCE) as b:
        server.will(*[answer(307, headers=[("Location", "/again")])] * 10)
        with pytest.raises(UnavailableError, match="circles"):
            await b.client.read_ticket(server.url("/t"))
        assert len(server.received) == 6


async def test_the_token_never_follows_a_redirect_to_another_origin() -> None:
    async with scripted_server(json_answer([])) as other, scripted_server() as server, bench(server.origin) as b:
        server.will(answer(307, headers=[("Location", other.url("/datasets"))]))
        with pytest.raises(ServiceError, match="the API token must not go"):
            await b.client.list_datasets()
        assert other.received == []


async def test_an_api_call_may_be_redirected_within_its_origin() -> None:
    async with scripted_server() as server, bench(server.origin) as b:
        server.will(answer(307, headers=[("Location", "/v2")]), json_answer([]))
        assert await b.client.list_datasets() == ()
        assert server.received[1].header("Authorization") == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_an_import_redirected_to_who_knows_what_may_be_running(status: int) -> None:
    async with scripted_server() as server, bench(server.origin) as b:
        server.will(answer(status, headers=[("Location", "/elsewhere")]))
        with pytest.raises(AmbiguousError):
            await b.client.submit_import(DATASET, location(server.url("/g")), ImportOptions(), OpenGate())
        assert len(server.received) == 1


async def test_an_import_redirected_within_its_origin_is_sent_on_whole() -> None:
    async with scripted_server() as server, bench(server.origin) as b:
        server.will(answer(307, headers=[("Location", "/moved")]), ticket(server))
        gate = OpenGate()
        await b.client.submit_import(DATASET, location(server.url("/g")), ImportOptions(), gate)
        first, second = server.received
        assert gate.passed == ["sent", "sent"]
        assert first.body == second.body
        assert second.header("Authorization") == f"Bearer {TOKEN}"


async def test_the_http_library_repeats_nothing_on_its_own() -> None:
    """A kept connection that drops under a request: aiohttp would send an idempotent one again, unasked."""
    async with scripted_server() as server, bench(server.origin, retries=ONCE) as b:
        server.will(json_answer({"jobStatus": "running"}), DROP, json_answer({"jobStatus": "running"}))
        await b.client.read_ticket(server.url("/t"))
        with pytest.raises(UnavailableError, match="closed the connection"):
            await b.client.read_ticket(server.url("/t"))
        assert [request.connection for request in server.received] == [0, 0]


async def test_every_import_has_a_connection_of_its_own() -> None:
    async with scripted_server() as server, bench(server.origin) as b:
        server.will(json_answer([]), ticket(server), ticket(server))
        await b.client.list_datasets()
        for _ in range(2):
            await b.client.submit_import(DATASET, location(server.url("/g")), ImportOptions(), OpenGate())
        assert [request.connection for request in server.received] == [0, 1, 2]


async def test_a_silent_server_is_not_waited_for_longer_than_the_read_timeout() -> None:
    async with scripted_server(SILENCE) as server, bench(server.origin, timeouts=IMPATIENT, retries=ONCE) as b:
        with pytest.raises(UnavailableError, match=r"silent for 0\.2 s"):
            await b.client.read_ticket(server.url("/t"))


async def test_a_server_that_does_not_read_ends_an_upload(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    await asyncio.to_thread(path.write_bytes, bytes(30_000_000))
    async with scripted_server(DEAF) as server, bench(server.origin, timeouts=IMPATIENT, retries=ONCE) as b:
        with pytest.raises(UnavailableError, match="made no progress in time"):
            await b.client.upload(location(server.url("/p")), FileBody(path, 30_000_000))


async def test_a_server_that_trickles_ends_a_small_request() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with bench(origin, timeouts=Timeouts(0.1, 0.1), retries=ONCE) as b:
        with pytest.raises(UnavailableError):
            await b.client.read_ticket(f"{origin}/t")
    server.close()


async def test_an_answer_before_the_whole_body_was_sent_is_no_acknowledgement(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    await asyncio.to_thread(path.write_bytes, bytes(30_000_000))
    hasty = Reply(answer(200).data, unread=True, close=True)
    async with scripted_server(hasty) as server, bench(server.origin, retries=ONCE) as b:
        with pytest.raises(UnavailableError):
            await b.client.upload(location(server.url("/p")), FileBody(path, 30_000_000))


async def test_a_refusal_before_the_whole_body_was_sent_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    await asyncio.to_thread(path.write_bytes, bytes(30_000_000))
    refusal = Reply(answer(413, b"too large").data, unread=True, silent=False, wait=0.05)
    async with scripted_server(refusal) as server, bench(server.origin, retries=ONCE) as b:
        with pytest.raises(ServiceError, match="answered 413"):
            await b.client.upload(location(server.url("/p")), FileBody(path, 30_000_000))


async def test_a_payload_that_vanished_is_not_the_networks_fault(tmp_path: Path) -> None:
    async with scripted_server(answer()) as server, bench(server.origin) as b:
        with pytest.raises(StateError, match="spool file"):
            await b.client.upload(location(server.url("/p")), FileBody(tmp_path / "gone", 10))


async def test_only_requests_to_the_tenants_host_need_permits() -> None:
    async with scripted_server() as store, scripted_server() as server, bench(server.origin) as b:
        store.will(answer(), json_answer({"jobStatus": "running"}))
        server.will(json_answer([]), answer())
        await b.client.upload(location(store.url("/p")), BytesBody(b"[]"))
        await b.client.read_ticket(store.url("/t"))
        assert b.limiter.stats.total == 0
        await b.client.list_datasets()
        await b.client.upload(location(server.url("/p")), BytesBody(b"[]"))
        assert b.limiter.stats.total == 2
        assert b.client.traffic.requests == 4


async def test_a_refused_request_leaves_its_place_at_once_as_its_answer_was_read() -> None:
    async with scripted_server(api_error(404, "404001", "NotFound")) as server, bench(server.origin) as b:
        with pytest.raises(ServiceError):
            await b.client.metadata(DATASET)
        before = b.clock.monotonic()
        permits = [b.limiter.permit() for _ in range(50)]
        for permit in permits:
            await permit.__aenter__()
        assert b.clock.monotonic() - before < TRANSIT


async def test_a_cancelled_request_closes_its_connection_and_its_permit_is_not_lost() -> None:
    async with scripted_server(SILENCE, json_answer([])) as server, bench(server.origin) as b:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(b.client.list_datasets)
                while not server.received:
                    await asyncio.sleep(0.001)
                scope.cancel()
        assert b.limiter.stats.in_flight == 0
        assert await b.client.list_datasets() == ()
        assert [request.connection for request in server.received] == [0, 1]


async def test_a_request_is_counted_when_it_was_sent_and_not_when_nobody_was_there() -> None:
    async with scripted_server() as server:
        origin = server.origin
    async with bench(origin, retries=ONCE) as b:
        with pytest.raises(UnavailableError, match=r"no connection to 127\.0\.0\.1"):
            await b.client.read_ticket(f"{origin}/t")
        assert b.client.traffic.requests == 0


async def test_no_url_and_no_token_is_ever_told(caplog: pytest.LogCaptureFixture) -> None:
    secret = "/t?X-Amz-Signature=5ecre7"

    def echo(request: Received) -> Reply:
        body = f"cannot {request.line} {server.url(secret)} Bearer {TOKEN} token={TOKEN}".encode()
        return answer(400, body)

    async with scripted_server() as server, bench(server.origin) as b:
        server.will(echo, DROP, answer(200, b"<html>" + server.url(secret).encode()), echo, echo)
        errors = []
        for call in (b.client.read_ticket(server.url(secret)), b.client.list_datasets()):
            with pytest.raises(ServiceError) as caught:
                await call
            errors.append(caught.value)
    told = " ".join(f"{e!r} {e.message} {e.hint} {e.__cause__!r}" for e in errors) + repr(b.events.seen) + caplog.text
    assert "5ecre7" not in told
    assert TOKEN not in told


async def test_the_clocks_are_compared_by_the_tenants_answers_alone() -> None:
    """The clock of these tests stands at 02:00:00."""
    date = ("Date", "Mon, 23 Nov 2026 01:58:30 GMT")
    other = ("Date", "Mon, 23 Nov 2026 09:00:00 GMT")
    async with scripted_server() as store, scripted_server() as server, bench(server.origin) as b:
        assert b.client.clock_skew is None
        server.will(answer(200, b"[]", headers=[date]))
        await b.client.list_datasets()
        assert b.client.clock_skew == pytest.approx(90, abs=1)
        store.will(answer(404, headers=[other]))
        await b.client.read_stored_head(location(store.url("/x")), 1)
        assert b.client.clock_skew == pytest.approx(90, abs=1)
