"""Each step against what the API page says: what is sent, and what is made of the answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from aioresponses import aioresponses
from yarl import URL

from bulkimport.errors import LocationExpiredError, NotThereYetError, ServiceError, TicketExpiredError
from bulkimport.model import ImportOptions, Stage
from bulkimport.orgvue import BytesBody, JobStatus
from tests.orgvue.support import DATASET, TOKEN, Bench, bench, location
from tests.support.clock import START
from tests.support.http import Reply, answer, json_answer, scripted_server, store_error
from tests.support.refreshing import OpenGate

BASE = "https://orgvue.example"
API = f"{BASE}/api/v1/ACME"
GET_URL = "https://store.example/f?X-Amz-Signature=a%2Fb&op=get"
PUT_URL = "https://store.example/f?X-Amz-Signature=a%2Fb&op=put"
TICKET_URL = "https://store.example/ticket?X-Amz-Signature=c%2Bd"
EXPIRED = store_error(403, "AccessDenied", "Request has expired")


@pytest.fixture
async def b() -> AsyncIterator[Bench]:
    async with bench(BASE) as made:
        yield made


def sent(mocked: aioresponses) -> tuple[str, URL, dict[str, Any]]:
    """The one request that was made: method, URL, and what the session was given."""
    ((method, url), (call,)), *others = mocked.requests.items()
    assert not others
    return method, url, call.kwargs


async def test_a_location_is_generated(b: Bench) -> None:
    with aioresponses() as mocked:
        mocked.post(
            f"{API}/files/generate",
            payload={"get": GET_URL, "put": PUT_URL},
            headers={"X-Amzn-Trace-Id": "Root=1-2-3"},
        )
        found, trace_id = await b.client.generate_location("csv")
        _, _, request = sent(mocked)
    assert (found.get_url, found.put_url, trace_id) == (GET_URL, PUT_URL, "Root=1-2-3")
    assert found.expires_at == START + timedelta(minutes=15)
    assert orjson.loads(request["data"]) == {"targetType": "csv", "targetEncoding": "identity"}
    assert request["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert request["headers"]["Content-Type"] == "application/json; charset=UTF-8"


async def test_a_payload_is_uploaded_as_it_is_and_without_the_token(b: Bench) -> None:
    with aioresponses() as mocked:
        mocked.put(URL(PUT_URL, encoded=True), status=204)
        await b.client.upload(location(GET_URL, PUT_URL), BytesBody(b"[{}]"))
        _, _, request = sent(mocked)
    assert request["data"] == b"[{}]"
    assert request["headers"] == {"Content-Type": "application/json; charset=UTF-8", "Content-Length": "4"}


async def test_an_import_names_both_locations_and_comes_back_with_a_ticket(b: Bench) -> None:
    with aioresponses() as mocked:
        mocked.put(
            f"{API}/datasets/{DATASET}/items/import?implicitDelete=true&autoId=true&dateFormat=DD/MM/YYYY"
            "&onPropertyAccessDenied=fail&onItemAccessDenied=fail&onActionValidationFailure=fail",
            status=202,
            payload={"_links": {"self": {"url": TICKET_URL}}, "jobStatus": "created"},
            headers={"X-Amzn-Trace-Id": "Root=1-2-3"},
        )
        ticket = await b.client.submit_import(
            DATASET, location(GET_URL, PUT_URL), ImportOptions(date_format="DD/MM/YYYY"), OpenGate()
        )
        _, _, request = sent(mocked)
    assert (ticket.url, ticket.status, ticket.trace_id) == (TICKET_URL, JobStatus.CREATED, "Root=1-2-3")
    assert orjson.loads(request["data"]) == {
        "importLocation": {"method": "GET", "url": GET_URL},
        "resultLocation": {"method": "PUT", "url": PUT_URL},
    }


async def test_a_ticket_is_read(b: Bench) -> None:
    with aioresponses() as mocked:
        mocked.get(URL(TICKET_URL, encoded=True), payload={"jobStatus": "running"})
        ticket = await b.client.read_ticket(TICKET_URL)
        _, _, request = sent(mocked)
    assert (ticket.status, ticket.url) == (JobStatus.RUNNING, TICKET_URL)
    assert request["headers"] == {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize(("status", "kind"), [(404, NotThereYetError), (403, TicketExpiredError)])
async def test_a_ticket_may_not_be_there_yet_or_no_longer(status: int, kind: type[ServiceError], b: Bench) -> None:
    with aioresponses() as mocked:
        mocked.get(URL(TICKET_URL, encoded=True), status=status, body="<Error><Code>X</Code></Error>")
        with pytest.raises(kind) as caught:
            await b.client.read_ticket(TICKET_URL)
    assert caught.value.stage is Stage.POLL
    assert caught.value.code == "X"


async def test_metadata_is_read(b: Bench) -> None:
    document = {"name": "People", "type": "PEOPLE", "cacheKey": "k1", "properties": [{"key": "id", "type": "text"}]}
    with aioresponses() as mocked:
        mocked.get(f"{API}/datasets/{DATASET}", payload=document)
        metadata = await b.client.metadata(DATASET)
    assert (metadata.cache_key, list(metadata.properties)) == ("k1", ["id"])


async def test_an_unknown_dataset_is_not_retried_and_bears_the_callers_stage(b: Bench) -> None:
    with aioresponses() as mocked:
        mocked.get(f"{API}/datasets/{DATASET}", status=404)
        with pytest.raises(ServiceError, match="answered 404") as caught:
            await b.client.metadata(DATASET, stage=None)
    assert caught.value.stage is None
    assert "dataset_id" in caught.value.hint


# ---- what the store holds: ranges need a real wire


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        (answer(206, b"[", [("Content-Range", "bytes 0-0/4711")]), 4711),
        (answer(416, b"", [("Content-Range", "bytes */0")]), 0),
        (answer(200, b"x" * 300_000), 300_000),
        (answer(206, b"[", [("Content-Range", "bytes 0-0/*")]), None),
        (store_error(501, "NotImplemented"), None),
        (answer(405), None),
    ],
)
async def test_the_store_tells_how_much_it_holds_where_it_can(reply: Reply, size: int | None) -> None:
    async with scripted_server(reply) as server, bench(server.origin) as b:
        assert await b.client.stored_size(location(server.url("/g?s=%2f"))) == size
        assert server.received[0].header("Range") == "bytes=0-0"


async def test_a_file_that_appears_late_is_waited_for() -> None:
    there = answer(206, b"[", [("Content-Range", "bytes 0-0/9")])
    async with scripted_server(answer(404), answer(404), there) as server, bench(server.origin) as b:
        assert await b.client.stored_size(location(server.url("/g"))) == 9


@pytest.mark.parametrize(("gone", "life"), [(answer(404), 900), (answer(403), -1), (answer(410), -1), (EXPIRED, 900)])
async def test_a_file_that_is_not_there_must_not_be_imported_from(gone: Reply, life: float) -> None:
    async with scripted_server(*[gone] * 9) as server, bench(server.origin) as b:
        expires_at = b.clock.now() + timedelta(seconds=life)
        with pytest.raises(LocationExpiredError) as caught:
            await b.client.stored_size(replace(location(server.url("/g")), expires_at=expires_at))
        assert caught.value.stage is Stage.UPLOAD
        assert b.clock.monotonic() < 60.0


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_an_upload_that_was_acknowledged_stands_where_the_store_tells_nothing_of_it(status: int) -> None:
    async with scripted_server(*[answer(status)] * 9) as server, bench(server.origin) as b:
        expires_at = b.clock.now() + timedelta(seconds=900)
        assert await b.client.stored_size(replace(location(server.url("/g")), expires_at=expires_at)) is None


@pytest.mark.parametrize(
    ("reply", "head"),
    [
        (answer(206, b'[{"_st', [("Content-Range", "bytes 0-5/99")]), b'[{"_st'),
        (answer(200, b'[{"_status":"success"}]' + b" " * 500_000), b'[{"_st'),
        (answer(200, b"[]"), b"[]"),
        (answer(416), b""),
        (answer(404), None),
    ],
)
async def test_the_head_of_what_is_stored_shows_whose_it_is(reply: Reply, head: bytes | None) -> None:
    async with scripted_server(reply) as server, bench(server.origin) as b:
        assert await b.client.read_stored_head(location(server.url("/g")), 6) == head
        assert server.received[0].header("Range") == "bytes=0-5"


async def test_a_whole_import_over_the_wire() -> None:
    async with scripted_server() as server, bench(server.origin) as b:
        job = {"_links": {"self": {"url": server.url("/t?s=%2f")}}, "jobStatus": "created"}
        done = {"jobStatus": "completed", "_links": {"result": {"url": server.url("/r")}}}
        server.will(
            json_answer({"get": server.url("/g"), "put": server.url("/p")}),
            answer(),
            json_answer(job, 202),
            json_answer(done),
        )
        found, _ = await b.client.generate_location("json")
        await b.client.upload(found, BytesBody(b"[]"))
        ticket = await b.client.submit_import(DATASET, found, ImportOptions(), OpenGate())
        ticket = await b.client.read_ticket(ticket.url)
        assert (ticket.status, ticket.result_url) == (JobStatus.COMPLETED, server.url("/r"))
        assert [request.method for request in server.received] == ["POST", "PUT", "PUT", "GET"]
