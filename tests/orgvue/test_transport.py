"""Retries: what is sent again, after which wait, and when it is enough."""

from email.utils import format_datetime

import pytest
from aioresponses import aioresponses

from bulkimport.errors import (
    AmbiguousError,
    GuardError,
    LocationExpiredError,
    ServiceError,
    TenantError,
    UnavailableError,
)
from bulkimport.model import ImportOptions, Retries, Stage
from bulkimport.orgvue import BytesBody, Ticket
from tests.orgvue.support import DATASET, bench, location
from tests.support.clock import START
from tests.support.http import (
    DROP,
    RESET,
    Reply,
    ScriptedServer,
    answer,
    api_error,
    json_answer,
    scripted_server,
    store_error,
)
from tests.support.refreshing import OpenGate

RUNNING = json_answer({"jobStatus": "running"})


@pytest.mark.parametrize(
    "trouble",
    [
        answer(500),
        answer(503, b"<html>Service Unavailable</html>"),
        answer(408),
        store_error(400, "RequestTimeout"),
        store_error(503, "SlowDown"),
        answer(200, b'{"jobStatus": "runn'),
        answer(200, b"<html>Please log in to the wifi</html>"),
        Reply(b"SSH-2.0-OpenSSH_9.6\r\n", close=True),
        DROP,
        RESET,
    ],
)
async def test_passing_trouble_is_waited_out(trouble: Reply) -> None:
    async with scripted_server(trouble, trouble, RUNNING) as server, bench(server.origin) as b:
        await b.client.read_ticket(server.url("/t"))
        assert b.client.traffic.requests == 3
        retried = b.events.of("request.retried")
        assert [(event["step"], event["attempt"]) for event in retried] == [
            ("read the job's ticket", n) for n in (1, 2)
        ]


async def test_a_document_of_the_wrong_shape_will_not_change() -> None:
    async with scripted_server(json_answer(["what"])) as server, bench(server.origin) as b:
        with pytest.raises(ServiceError, match="an array where a job ticket was expected"):
            await b.client.read_ticket(server.url("/t"))
        assert len(server.received) == 1


async def test_the_last_error_is_told_with_the_number_of_attempts() -> None:
    failing = answer(502, b"<h1>Bad Gateway</h1>", [("X-Amzn-Trace-Id", "Root=1-2-3")])
    async with scripted_server(*[failing] * 3) as server, bench(server.origin, retries=Retries(attempts=3)) as b:
        with pytest.raises(UnavailableError) as caught:
            await b.client.metadata(DATASET)
        error = caught.value
        assert error.message == (
            "Could not read the dataset's metadata: Orgvue answered 502 a web page: 'Bad Gateway'."
            " Nothing was changed in Orgvue. Given up after 3 attempts, as every attempt was used."
        )
        assert (error.stage, error.http_status, error.trace_id, error.retryable) == (
            Stage.GUARD,
            502,
            "Root=1-2-3",
            True,
        )


@pytest.mark.parametrize("asked", ["40", format_datetime(START.replace(minute=10, second=40), usegmt=True)])
async def test_retry_after_is_obeyed_by_the_servers_own_clock(asked: str) -> None:
    date = format_datetime(START.replace(minute=10), usegmt=True)
    busy = answer(503, b"", [("Retry-After", asked), ("Date", date)])
    async with scripted_server(busy, RUNNING) as server, bench("http://127.0.0.1:1") as b:
        await b.client.read_ticket(server.url("/t"))
        assert b.clock.monotonic() == 40.0


async def test_a_wait_beyond_the_total_is_not_begun() -> None:
    async with scripted_server(answer(503, b"", [("Retry-After", "3600")])) as server, bench(server.origin) as b:
        with pytest.raises(UnavailableError, match="the server asks to wait 3600 s"):
            await b.client.read_ticket(server.url("/t"))
        assert b.clock.monotonic() == 0.0


async def test_throttling_slows_everyone_down_and_is_counted() -> None:
    throttled = api_error(429, "42901", "Throttled", Retry_After="5")
    async with scripted_server(throttled, json_answer([])) as server, bench(server.origin) as b:
        await b.client.list_datasets()
        assert b.clock.monotonic() >= 5.0
        assert b.client.traffic.throttled == b.limiter.stats.throttled == 1
        assert b.events.of("limiter.paused")[0]["seconds"] == 5.0


async def test_a_busy_service_that_names_a_time_pauses_everyone_without_counting_as_throttling() -> None:
    busy = answer(503, b"", [("Retry-After", "5")])
    async with scripted_server(busy, json_answer([])) as server, bench(server.origin) as b:
        await b.client.list_datasets()
        assert (b.limiter.stats.pauses, b.limiter.stats.throttled) == (1, 0)
        assert b.limiter.stats.pace == 100


async def test_a_busy_storage_is_nothing_to_the_tenants_limits() -> None:
    busy = answer(503, b"", [("Retry-After", "5")])
    async with scripted_server(busy, RUNNING) as store, bench("http://127.0.0.1:1") as b:
        await b.client.read_ticket(store.url("/t"))
        assert b.limiter.stats.pauses == 0


async def test_a_used_up_quota_stops_everything_that_follows() -> None:
    async with scripted_server(api_error(429, "42902", "QuotaExceeded")) as server, bench(server.origin) as b:
        for _ in range(2):
            with pytest.raises(TenantError) as caught:
                await b.client.list_datasets()
            assert caught.value.code == "42902"
        assert len(server.received) == 1


async def test_an_authentication_error_is_not_repeated() -> None:
    async with scripted_server(api_error(403, "40302", "ApiTokenExpired")) as server, bench(server.origin) as b:
        with pytest.raises(TenantError):
            await b.client.generate_location("json")
        assert len(server.received) == 1


async def test_time_in_which_an_upload_got_on_does_not_count_against_the_total() -> None:
    async with scripted_server() as server, bench(server.origin, retries=Retries(total=60.0)) as b:
        server.will(answer(500), answer())
        await b.client.upload(location(server.url("/p")), BytesBody(b"[]"), lambda _: b.clock.advance(3600.0))
        assert len(server.received) == 2


# ---- the import


async def submit(server: ScriptedServer, *script: Reply, gate: OpenGate | None = None) -> Ticket:
    server.will(*script)
    async with bench(server.origin) as b:
        return await b.client.submit_import(
            DATASET, location("http://127.0.0.1:1/g"), ImportOptions(), gate or OpenGate()
        )


def ticket(server: ScriptedServer) -> Reply:
    return json_answer({"_links": {"self": {"url": server.url("/ticket")}}, "jobStatus": "created"}, 202)


@pytest.mark.parametrize(
    "lost",
    [
        DROP,
        RESET,
        answer(500),
        answer(502, b"<html>Bad Gateway</html>"),
        answer(504),
        answer(503, b"", [("Retry-After", "1")]),
        answer(202, b'{"_links": {"self": {"u'),
        answer(202, b"<html>Accepted</html>"),
        answer(202, b'{"jobStatus": "created"}'),
        answer(200, b""),
        answer(204),
        Reply(answer(202, b'{"_li', length=500).data, close=True),
        answer(302, b"", [("Location", "http://elsewhere.invalid/")]),
        answer(307, b"", [("Location", "http://elsewhere.invalid/")]),
        Reply(b"garbage\r\n\r\n", close=True),
    ],
)
async def test_an_import_is_never_sent_again_once_it_may_be_running(lost: Reply) -> None:
    gate = OpenGate()
    async with scripted_server() as server:
        with pytest.raises(AmbiguousError, match="may or may not be running") as caught:
            await submit(server, lost, ticket(server), gate=gate)
        assert caught.value.stage is Stage.IMPORT
        assert len(server.received) == 1
        assert "turned away" not in gate.passed


async def test_an_import_turned_away_for_the_rate_is_sent_again() -> None:
    async with scripted_server() as server:
        throttled = api_error(429, "42901", "Throttled", Retry_After="1")
        gate = OpenGate()
        found = await submit(server, throttled, throttled, ticket(server), gate=gate)
        assert found.url == server.url("/ticket")
        assert len(server.received) == 3
        assert gate.passed == ["sent", "turned away", "again", "sent", "turned away", "again", "sent"]


async def test_an_import_that_the_gate_holds_back_is_not_sent() -> None:
    class Shut(OpenGate):
        async def about_to_send(self) -> None:
            raise GuardError("Not now.", hint="Later.")

    async with scripted_server() as server:
        with pytest.raises(GuardError, match="Not now"):
            await submit(server, ticket(server), gate=Shut())
        assert server.received == []


async def test_an_import_that_the_gate_holds_back_after_a_wait_is_not_sent_again() -> None:
    class Shut(OpenGate):
        async def again(self) -> None:
            raise GuardError("No longer.", hint="Later.")

    async with scripted_server() as server:
        throttled = api_error(429, "42901", "Throttled", Retry_After="1")
        with pytest.raises(GuardError, match="No longer"):
            await submit(server, throttled, ticket(server), gate=Shut())
        assert len(server.received) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413])
async def test_an_import_that_was_refused_was_refused(status: int) -> None:
    async with scripted_server() as server:
        with pytest.raises(ServiceError, match="Nothing was imported") as caught:
            await submit(server, answer(status), ticket(server))
        assert not isinstance(caught.value, AmbiguousError)
        assert len(server.received) == 1


async def test_an_import_that_nobody_could_take_was_not_submitted() -> None:
    async with scripted_server() as server:
        origin = server.origin
    async with bench(origin, retries=Retries(attempts=2)) as b:
        gate = OpenGate()
        with pytest.raises(UnavailableError, match="no connection") as caught:
            await b.client.submit_import(DATASET, location("http://127.0.0.1:1/g"), ImportOptions(), gate)
        assert "Nothing was imported" in caught.value.message
        assert gate.passed == ["sent", "turned away", "again", "sent"]


# ---- the store


@pytest.mark.parametrize(
    "refusal",
    [
        store_error(403, "AccessDenied", "Request has expired"),
        store_error(400, "ExpiredToken"),
        answer(404),
        answer(410),
    ],
)
async def test_an_upload_refused_for_its_url_needs_a_fresh_location(refusal: Reply) -> None:
    async with scripted_server(refusal) as server, bench(server.origin) as b:
        with pytest.raises(LocationExpiredError) as caught:
            await b.client.upload(location(server.url("/p?sig=5ecre7")), BytesBody(b"[]"))
        assert caught.value.stage is Stage.UPLOAD
        assert "5ecre7" not in caught.value.message
        assert len(server.received) == 1


async def test_an_interrupted_upload_starts_over_with_the_whole_body() -> None:
    seen: list[int] = []
    async with scripted_server(DROP, store_error(400, "IncompleteBody"), answer()) as server, bench(server.origin) as b:
        await b.client.upload(location(server.url("/p")), BytesBody(b"[1,2]"), seen.append)
        assert [request.body for request in server.received] == [b"[1,2]"] * 3
        assert seen == [0, 5] * 3


async def test_mocked_answers_see_what_the_wire_would() -> None:
    """aioresponses replaces the sessions' requests: limits, retries and errors are above that and still work."""
    url = "https://orgvue.example/api/v1/ACME/datasets"
    with aioresponses() as mocked:
        mocked.get(url, status=503)
        mocked.get(url, payload=[{"datasetId": "A", "name": "People", "type": "PEOPLE"}])
        async with bench("https://orgvue.example") as b:
            (found,) = await b.client.list_datasets()
    assert found.name == "People"
    assert b.client.traffic.requests == b.limiter.stats.total == 2
