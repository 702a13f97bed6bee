"""What others may know of requests: attempts, statuses, templates; of presigned URLs the host alone."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from bulkimport.errors import ServiceError
from bulkimport.model import Retries, Timeouts
from bulkimport.orgvue.requests import Sending
from tests.orgvue.support import DATASET, bench
from tests.support.http import DROP, SILENCE, answer, api_error, json_answer, scripted_server

PRESIGNED = "/ACME/secret-file?X-Amz-Signature=abc"


class Watch:
    """Remembers what it saw: each request, its answers, and the exception that ended it."""

    def __init__(self) -> None:
        self.seen: list[tuple[Sending, list[tuple[int, str | None]], str]] = []

    @contextmanager
    def __call__(self, sending: Sending) -> Iterator["_Told"]:
        told, ending = _Told(), ""
        try:
            yield told
        except BaseException as error:
            ending = type(error).__name__
            raise
        finally:
            self.seen.append((sending, told.answers, ending))


class _Told:
    def __init__(self) -> None:
        self.answers: list[tuple[int, str | None]] = []

    def answered(self, status: int, trace_id: str | None) -> None:
        self.answers.append((status, trace_id))


async def test_every_attempt_is_seen_with_its_status_and_trace_id() -> None:
    watch = Watch()
    failing = api_error(503, "50301", "Busy")
    good = json_answer([], headers=[("X-Amzn-Trace-Id", "Root=1-b")])
    async with scripted_server(failing, good) as server, bench(server.origin, watch=watch) as b:
        await b.client.list_datasets()
        (first, answers, _), (second, later, _) = watch.seen
        assert (first.template, first.method, first.resends) == ("/api/v1/{tenant}/datasets", "GET", 0)
        assert (first.scheme, first.host, first.port) == ("http", "127.0.0.1", int(server.origin.rpartition(":")[2]))
        assert [status for status, _ in answers] == [503]
        assert (second.resends, later) == (1, [(200, "Root=1-b")])


async def test_templates_hold_neither_tenant_nor_dataset(tmp_path: Path) -> None:
    watch = Watch()
    async with scripted_server(json_answer([])) as server, bench(server.origin, watch=watch) as b:
        await b.client.download_items(DATASET, tmp_path / "items.json")
    ((sending, _, _),) = watch.seen
    assert sending.template == "/api/v1/{tenant}/datasets/{dataset}/items"
    assert DATASET not in str(asdict(sending))


async def test_of_a_presigned_url_only_the_host_is_seen() -> None:
    watch = Watch()
    async with scripted_server(json_answer({"jobStatus": "running"})) as server, bench(server.origin, watch=watch) as b:
        await b.client.read_ticket(server.url(PRESIGNED))
    ((sending, answers, _),) = watch.seen
    assert sending.template is None
    assert answers == [(200, None)]
    assert "secret-file" not in str(asdict(sending))


async def test_every_hop_of_a_redirect_is_a_request_of_its_own() -> None:
    watch = Watch()
    async with scripted_server() as server, bench(server.origin, watch=watch) as b:
        server.will(answer(307, headers=[("Location", "/elsewhere")]), json_answer({"jobStatus": "running"}))
        await b.client.read_ticket(server.url(PRESIGNED))
        assert b.client.traffic.requests == len(watch.seen) == 2


async def test_a_request_without_an_answer_ends_with_its_exception() -> None:
    watch = Watch()
    once, quick = Retries(attempts=1), Timeouts(connect=0.2, read=0.2)
    async with (
        scripted_server(DROP, SILENCE) as server,
        bench(server.origin, watch=watch, retries=once, timeouts=quick) as b,
    ):
        for _ in range(2):
            with suppress(ServiceError):
                await b.client.list_datasets()
    assert [(answers, bool(ending)) for _, answers, ending in watch.seen] == [([], True), ([], True)]
