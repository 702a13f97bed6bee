import pytest

from bulkimport.model import Secret
from bulkimport.notify.heartbeat import WAITS, ping
from tests.notify.support import logged
from tests.support.clock import FakeClock
from tests.support.listeners import listening

LONG = 60.0


async def test_a_ping_is_a_bare_get() -> None:
    async with logged() as log:
        with listening() as web:
            await ping(Secret(f"{web.address}/uuid/start?rid=a%2Fb"), "start", FakeClock(), LONG)
            (sent,) = log.events(1)
    (heard,) = web.heard
    assert (heard.method, heard.target, heard.body) == ("GET", "/uuid/start?rid=a%2Fb", b"")
    assert "authorization" not in heard.headers
    assert "cookie" not in heard.headers
    assert (sent["event"], sent["what"]) == ("heartbeat.sent", "start")


async def test_what_may_pass_is_tried_again() -> None:
    clock = FakeClock()
    async with logged() as log:
        with listening(503, 429) as web:
            await ping(Secret(f"{web.address}/uuid"), "success", clock, LONG)
            assert log.events(1)[0]["event"] == "heartbeat.sent"
    assert len(web.heard) == 3
    assert clock.sleeps == list(WAITS)


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (302, 1), (500, 3)])
async def test_what_does_not_pass_is_logged_without_the_url(status: int, attempts: int) -> None:
    async with logged() as log:
        with listening(status, status, status) as web:
            await ping(Secret(f"{web.address}/s3cret-uuid"), "failure", FakeClock(), LONG)
            (failed,) = log.events(1)
    assert len(web.heard) == attempts
    assert (failed["event"], failed["host"]) == ("heartbeat.failed", "127.0.0.1")
    assert str(status) in failed["error"]
    assert "s3cret" not in str(failed)


async def test_nobody_there_is_a_failure_without_the_url() -> None:
    with listening() as web:
        url = f"{web.address}/s3cret-uuid"
    async with logged() as log:
        await ping(Secret(url), "start", FakeClock(), LONG)
        (failed,) = log.events(1)
    assert "cannot be reached" in failed["error"]
    assert "s3cret" not in str(failed)


async def test_a_monitor_that_hangs_is_given_up() -> None:
    async with logged() as log:
        with listening() as web:
            web.held.clear()
            await ping(Secret(f"{web.address}/uuid"), "start", FakeClock(), 0.2)
            (failed,) = log.events(1)
    assert "longer than 0.2 s" in failed["error"]


async def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with logged():
        with listening() as proxy:
            monkeypatch.setenv("http_proxy", proxy.address)
            monkeypatch.setenv("no_proxy", "inside.example")
            await ping(Secret("http://hc.example/uuid"), "start", FakeClock(), LONG)
    assert proxy.targets == ["http://hc.example/uuid"]
