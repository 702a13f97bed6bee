import aiohttp
import anyio
import pytest
from yarl import URL

from bulkimport.errors import TenantError
from bulkimport.model import Secret, Timeouts
from bulkimport.orgvue.calls import Calls
from bulkimport.orgvue.connections import Connections
from tests.orgvue.support import TOKEN, bench
from tests.support.http import answer, json_answer, scripted_server


async def test_the_sessions_have_no_way_around_us() -> None:
    async with Connections(URL("https://orgvue.example"), None, Timeouts(3.0, 7.0)) as connections:
        for session in connections._sessions.values():
            assert session._retry_connection is False
            assert session.trust_env is False
            assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
            assert (session.timeout.total, session.timeout.sock_connect, session.timeout.sock_read) == (None, 3.0, 7.0)


async def test_sessions_are_closed_at_the_end() -> None:
    async with Connections(URL("https://orgvue.example"), None, Timeouts()) as connections:
        sessions = list(connections._sessions.values())
    assert all(session.closed for session in sessions)


async def test_sessions_are_closed_while_the_run_is_being_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    close = aiohttp.TCPConnector.close

    async def slowly(connector: aiohttp.TCPConnector) -> None:
        await anyio.sleep(0.01)
        await close(connector)

    monkeypatch.setattr(aiohttp.TCPConnector, "close", slowly)
    with anyio.CancelScope() as scope:
        async with Connections(URL("https://orgvue.example"), None, Timeouts()) as connections:
            sessions = list(connections._sessions.values())
            scope.cancel()
    assert all(session.closed for session in sessions)


@pytest.mark.parametrize("token", ["", "with blank", "with\nbreak", "schlüssel"])
async def test_a_token_that_cannot_be_a_header_is_a_tenant_error_that_does_not_show_it(token: str) -> None:
    async with scripted_server(json_answer([])) as server:
        connections = Connections(URL(server.origin), Secret(token), Timeouts())
        async with bench(server.origin) as b, connections:
            b.client._transport._exchange._connections = connections
            with pytest.raises(TenantError, match="cannot be sent") as caught:
                await b.client.list_datasets()
        assert not token or token not in caught.value.message + caught.value.hint
        assert server.received == []


async def test_the_token_is_for_one_origin_whatever_is_asked_for() -> None:
    async with scripted_server(json_answer([])) as other:
        async with Connections(URL("http://127.0.0.1:1"), Secret(TOKEN), Timeouts()) as connections:
            url = URL(other.url("/datasets"))
            request = Calls(URL("http://127.0.0.1:1"), "ACME").datasets(None)
            (await connections.send(request, url, None)).close()
        assert other.received[0].header("Authorization") is None


async def test_without_a_token_none_is_sent() -> None:
    async with scripted_server(json_answer([])) as server, bench(server.origin, token=None) as b:
        await b.client.list_datasets()
        assert server.received[0].header("Authorization") is None


async def test_long_redirects_fit() -> None:
    target = "/x?X-Amz-Security-Token=" + "a" * 20_000
    async with scripted_server() as server, bench(server.origin) as b:
        server.will(answer(307, headers=[("Location", target)]), json_answer({"jobStatus": "running"}))
        await b.client.read_ticket(server.url("/t"))
        assert server.received[1].target == target
