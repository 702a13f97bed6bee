"""Reports over HTTP, asked of a server that does what a test says, byte for byte."""

import base64
import gzip
import json
import stat
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from bulkimport.errors import SourceError
from bulkimport.model import (
    Basic,
    Bearer,
    CountedPaging,
    CsvSource,
    FileSource,
    HttpSource,
    JsonSource,
    LinkPaging,
    NdjsonSource,
    NextPaging,
    Secret,
)
from bulkimport.sources import CsvTable, open_source
from bulkimport.sources.report import fetch_report
from tests.support.clock import FakeClock
from tests.support.http import (
    DROP,
    RESET,
    SILENCE,
    Received,
    Reply,
    ScriptedServer,
    answer,
    json_answer,
    scripted_server,
)

JSON = [("Content-Type", "application/json")]
PACKED = [("Content-Encoding", "gzip")]
PEOPLE = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]


def a_report(server: ScriptedServer, target: str = "/people?format=json", **options: Any) -> HttpSource:
    content = options.pop("content", JsonSource(()))
    return HttpSource(Secret(server.url(target)), content, **{"timeout": 20.0, **options})


async def landed(source: HttpSource, folder: Path) -> tuple[FileSource, dict[str, str]]:
    content, names, _ = await whole(source, folder)
    return content, names


async def whole(source: HttpSource, folder: Path) -> tuple[FileSource, dict[str, str], tuple[str, ...]]:
    return await fetch_report(source, folder / "landing", lambda arrived, total: None, FakeClock())


def read(content: FileSource) -> list[dict[str, Any]]:
    found = open_source(content)
    if isinstance(found, CsvTable):
        return [dict(zip(found.columns, cells, strict=True)) for batch in found.batches() for cells in batch]
    return [record for batch in found.batches() for record in batch]


async def rows(source: HttpSource, folder: Path) -> list[dict[str, Any]]:
    content, _ = await landed(source, folder)
    return await anyio.to_thread.run_sync(read, content)


async def failure(source: HttpSource, folder: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await landed(source, folder)
    assert "format=json" not in str(caught.value) + caught.value.hint
    return caught.value


async def test_a_report_lands_whole_and_private(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    body = json.dumps(PEOPLE).encode()
    async with scripted_server(answer(200, body, JSON)) as server:
        source = a_report(server)
        content, names, _ = await fetch_report(source, tmp_path / "l", lambda *counts: told.append(counts), FakeClock())
    (path,) = content.paths
    assert names == {path: f"{server.origin}/people"}
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700
    assert await anyio.to_thread.run_sync(read, content) == PEOPLE
    assert told[-1] == (len(body), len(body))


async def test_credentials_headers_and_parameters_go_along(tmp_path: Path) -> None:
    async with scripted_server(json_answer(PEOPLE), json_answer(PEOPLE)) as server:
        basic = a_report(
            server,
            auth=Basic(Secret("isu"), Secret("pa:ss é")),
            headers=(("X-Key", Secret("k1")), ("Accept", "text/json")),
            params=(("on", "2026-11-25"), ("key", Secret("a b"))),
        )
        await landed(basic, tmp_path)
        await landed(a_report(server, auth=Bearer(Secret("a-token"))), tmp_path / "other")
    first, second = server.received
    assert first.target == "/people?format=json&on=2026-11-25&key=a+b"
    assert first.header("Authorization") == "Basic " + base64.b64encode("isu:pa:ss é".encode()).decode()
    assert (first.header("X-Key"), first.header("Accept")) == ("k1", "text/json")
    assert second.header("Authorization") == "Bearer a-token"
    assert second.target == "/people?format=json"


async def test_an_address_goes_out_as_it_is_written(tmp_path: Path) -> None:
    target = "/p%7Eople?sig=a%2Fb%2bc&x=%20"
    async with scripted_server(json_answer(PEOPLE)) as server:
        await landed(a_report(server, target), tmp_path)
    assert server.received[0].target == target


async def test_a_packed_answer_is_unpacked_by_its_reader(tmp_path: Path) -> None:
    packed = answer(
        200, gzip.compress(b"id,name\n1,Ann\n"), [("Content-Type", "text/csv"), ("Content-Encoding", "gzip")]
    )
    async with scripted_server(packed) as server:
        assert await rows(a_report(server, content=CsvSource(())), tmp_path) == [{"id": "1", "name": "Ann"}]


# ---- pages


async def test_pages_follow_the_link_header(tmp_path: Path) -> None:
    def first(request: Received) -> Reply:
        link = '<https://elsewhere.example/>; rel="prev", </people?page=2&k=%2F>; rel="last next"'
        return answer(200, b"id\n1\n", [("Link", link), ("Content-Type", "text/csv")])

    async with scripted_server(first, answer(200, b"id\n2\n", [("Content-Type", "text/csv")])) as server:
        source = a_report(server, content=CsvSource(()), paging=LinkPaging(), auth=Bearer(Secret("a-token")))
        assert await rows(source, tmp_path) == [{"id": "1"}, {"id": "2"}]
    assert [request.target for request in server.received] == ["/people?format=json", "/people?page=2&k=%2F"]
    assert {request.header("Authorization") for request in server.received} == {"Bearer a-token"}


@pytest.mark.parametrize(
    ("place", "page"),
    [
        ("@odata.nextLink", lambda records, url: {"@odata.nextLink": url, "value": records}),
        ("d.__next", lambda records, url: {"d": {"value": records, "__next": url}}),
    ],
)
async def test_pages_follow_a_value_in_the_answer(tmp_path: Path, place: str, page: Any) -> None:
    way = ("d", "value") if place.startswith("d.") else ("value",)
    async with scripted_server() as server:
        server.will(
            json_answer(page(PEOPLE[:1], server.url("/people?$skiptoken=a%20b"))),
            json_answer(page(PEOPLE[1:], "/people?last")),
            json_answer(page([], None)),
        )
        source = a_report(server, content=JsonSource((), way), paging=NextPaging(tuple(place.split("."))))
        assert await rows(source, tmp_path) == PEOPLE
    assert [request.target for request in server.received][1:] == ["/people?$skiptoken=a%20b", "/people?last"]


@pytest.mark.parametrize("place", [("@odata", "nextLink"), ("@odata.nextLink",)], ids=["plain", "escaped"])
async def test_a_dot_in_the_name_of_the_next_page_may_be_escaped(tmp_path: Path, place: tuple[str, ...]) -> None:
    async with scripted_server() as server:
        server.will(
            json_answer({"@odata.nextLink": server.url("/people?2"), "v": PEOPLE[:1]}), json_answer({"v": PEOPLE[1:]})
        )
        source = a_report(server, content=JsonSource((), ("v",)), paging=NextPaging(place))
        assert await rows(source, tmp_path) == PEOPLE


@pytest.mark.parametrize(
    ("place", "page", "named"),
    [
        ("@odata.nextlink", {"@odata.nextLink": "/people?2"}, "@odata.nextLink"),
        ("link.next", {"links": {"next": "?page=2", "self": "?page=1"}}, "links.next"),
        ("next", {"meta": {"paging": {"nextPageUrl": "https://h/2"}}}, "meta.paging.nextPageUrl"),
        ("continuation.url", {"continuationUrls": "https://h/2"}, "continuationUrls"),
    ],
)
async def test_another_next_page_than_the_one_looked_for_means_that_the_report_is_not_whole(
    tmp_path: Path, place: str, page: dict[str, Any], named: str
) -> None:
    async with scripted_server(json_answer({"value": PEOPLE, **page})) as server:
        content = JsonSource((), ("value",))
        error = await failure(a_report(server, content=content, paging=NextPaging(tuple(place.split(".")))), tmp_path)
    assert error.message == (
        f"{server.origin}/people names a next page at {named}, but there is no {place} in it: "
        "what was read is not the whole report"
    )
    assert f'`paging: {{next: "{named}"}}`' in error.hint


@pytest.mark.parametrize(
    ("way", "place", "page"),
    [
        ("value", "_links.next.href", {"_links": {"self": {"href": "https://h/1"}, "first": {"href": "https://h/1"}}}),
        ("value", "@odata.nextlink", {"@odata.context": "https://h/$metadata"}),
        ("value", "next", {"next_steps_url": "https://h/help", "next_page": 2, "data": [{"next": "/2"}]}),
        ("records", "@odata.nextLink", {}),
    ],
)
async def test_a_single_page_without_the_name_of_the_next_is_the_last_but_tells_of_it(
    tmp_path: Path, way: str, place: str, page: dict[str, Any]
) -> None:
    async with scripted_server(json_answer({way: PEOPLE, **page})) as server:
        source = a_report(server, content=JsonSource((), (way,)), paging=NextPaging(tuple(place.split("."))))
        _, _, warnings = await whole(source, tmp_path)
    assert warnings == (
        f"{server.origin}/people: no page had {place}, so the first was taken for the last. "
        "If the report has more than one page, `paging.next` is not right.",
    )


@pytest.mark.parametrize(
    ("way", "place", "page"),
    [
        ("d.results", "d.__next", {"d": {"results": PEOPLE}}),
        ("value", "@odata.nextLink", {"@odata.context": "https://h/$metadata", "value": PEOPLE}),
        ("v", "links.next", {"v": PEOPLE, "links": {"next": None}}),
        ("v", "links.next", {"v": PEOPLE, "links": {"next": ""}, "link": {"next": "/2"}}),
    ],
)
async def test_a_single_page_that_is_known_to_be_the_last_tells_nothing(
    tmp_path: Path, way: str, place: str, page: dict[str, Any]
) -> None:
    async with scripted_server(json_answer(page)) as server:
        content = JsonSource((), tuple(way.split(".")))
        source = a_report(server, content=content, paging=NextPaging(tuple(place.split("."))))
        assert (await whole(source, tmp_path))[2] == ()


async def test_the_second_page_may_lack_the_name_of_the_next(tmp_path: Path) -> None:
    pages = json_answer({"v": PEOPLE[:1], "links": {"next": "/people?2"}}), json_answer({"v": PEOPLE[1:]})
    async with scripted_server(*pages) as server:
        source = a_report(server, content=JsonSource((), ("v",)), paging=NextPaging(("links", "next")))
        assert (await whole(source, tmp_path))[2] == ()
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("content", "paging", "asked"),
    [
        (JsonSource(()), None, "nothing asks for that one"),
        (NdjsonSource(()), None, "nothing asks for that one"),
        (JsonSource((), ("v",)), NextPaging(("next",)), "there is no next in it"),
    ],
    ids=["json", "lines", "asked for elsewhere"],
)
async def test_a_link_to_a_next_page_that_nothing_asks_for_means_that_the_report_is_not_whole(
    tmp_path: Path, content: FileSource, paging: NextPaging | None, asked: str
) -> None:
    body = b'{"v": [{"id": 1}]}' if paging else b"[]"
    async with scripted_server(answer(200, body, [("Link", '</people?2>; rel="next"')])) as server:
        error = await failure(a_report(server, content=content, paging=paging), tmp_path)
    assert f"names a next page in its `Link` header, but {asked}: what was read is not the whole" in error.message
    assert "Write `paging: {link: true}` into the source." in error.hint


@pytest.mark.parametrize(
    ("way", "page", "named"),
    [
        ("value", {"value": PEOPLE, "@odata.nextLink": "https://h/2"}, "@odata.nextLink"),
        ("d.results", {"d": {"results": PEOPLE, "__next": "https://h/2"}}, "d.__next"),
    ],
)
@pytest.mark.parametrize(
    "more", [{}, {"flatten": True}, {"paging": LinkPaging()}], ids=["as it is", "flat", "by the header"]
)
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "packed"])
async def test_a_next_page_in_the_answer_that_nothing_asks_for_means_that_the_report_is_not_whole(
    tmp_path: Path, way: str, page: dict[str, Any], named: str, more: dict[str, Any], is_packed: bool
) -> None:
    body = json.dumps(page).encode()
    reply = answer(200, gzip.compress(body), PACKED) if is_packed else answer(200, body)
    async with scripted_server(reply) as server:
        error = await failure(a_report(server, content=JsonSource((), tuple(way.split("."))), **more), tmp_path)
    assert f"names a next page at {named}, but " in error.message
    assert f'Write `paging: {{next: "{named}"}}` into the source.' in error.hint


@pytest.mark.parametrize(
    ("way", "page"),
    [
        ("value", {"value": PEOPLE, "@odata.nextLink": None}),
        ("value", {"value": [{"@odata.nextLink": "/2"}]}),
        ("value", {"value": PEOPLE, "other": {"__next": "/2"}}),
    ],
)
async def test_no_next_page_and_those_of_other_things_make_no_part_of_a_report(
    tmp_path: Path, way: str, page: dict[str, Any]
) -> None:
    async with scripted_server(json_answer(page)) as server:
        assert (await whole(a_report(server, content=JsonSource((), (way,))), tmp_path))[2] == ()


async def test_pages_are_counted_until_one_is_empty(tmp_path: Path) -> None:
    pages = [json_answer(PEOPLE), json_answer([{"id": "3", "name": "Cy"}]), json_answer([])]
    async with scripted_server(*pages, *pages) as server:
        numbered = a_report(server, "/people?size=2", paging=CountedPaging("page", 1, by_rows=False))
        skipping = a_report(server, "/people?size=2", paging=CountedPaging("skip", 0, by_rows=True))
        assert [row["id"] for row in await rows(numbered, tmp_path / "1")] == ["1", "2", "3"]
        assert [row["id"] for row in await rows(skipping, tmp_path / "2")] == ["1", "2", "3"]
    assert [request.target.partition("&")[2] for request in server.received] == [
        *("page=1", "page=2", "page=3"),
        *("skip=0", "skip=2", "skip=3"),
    ]


async def test_a_report_without_records_is_not_one_without_content(tmp_path: Path) -> None:
    async with scripted_server(json_answer({"value": []})) as server:
        source = a_report(server, content=JsonSource((), ("value",)), paging=NextPaging(("next",)))
        content, _ = await landed(source, tmp_path)
    assert isinstance(content, NdjsonSource)
    assert await anyio.to_thread.run_sync(read, content) == []


async def test_a_next_page_that_was_read_before_ends_it(tmp_path: Path) -> None:
    async with scripted_server() as server:
        again = json_answer({"next": server.url("/people?b"), "value": PEOPLE})
        server.will(again, again)
        source = a_report(server, content=JsonSource((), ("value",)), paging=NextPaging(("next",)))
        assert "one that was read before" in (await failure(source, tmp_path)).message
    assert len(server.received) == 2


async def test_a_page_that_never_changes_ends_it(tmp_path: Path) -> None:
    async with scripted_server(*[json_answer(PEOPLE)] * 9) as server:
        source = a_report(server, paging=CountedPaging("page", 1, by_rows=False))
        assert "the same page again, whatever 'page' says" in (await failure(source, tmp_path)).message
    assert len(server.received) == 2


async def test_pages_for_ever_end_at_the_limit(tmp_path: Path) -> None:
    def page(request: Received) -> Reply:
        return json_answer([{"id": request.target}])

    async with scripted_server(*[page] * 9) as server:
        source = a_report(server, paging=CountedPaging("page", 1, by_rows=False), max_pages=3)
        error = await failure(source, tmp_path)
    assert error.message.endswith("/people has more than 3 pages")
    assert error.hint.startswith("Raise `paging.max_pages`")
    assert len(server.received) == 3


async def test_a_next_page_elsewhere_is_not_asked_for(tmp_path: Path) -> None:
    async with scripted_server() as other, scripted_server() as server:
        server.will(json_answer({"next": other.url("/people?token=t"), "value": []}))
        source = a_report(
            server, content=JsonSource((), ("value",)), paging=NextPaging(("next",)), auth=Bearer(Secret("a-token"))
        )
        error = await failure(source, tmp_path)
    assert f"next page is at {other.origin}/people, where the credentials must not go" in error.message
    assert "token=t" not in error.message
    assert other.received == []


# ---- what goes wrong


@pytest.mark.parametrize(
    "cut",
    [
        Reply(answer(200, b'[{"id":', JSON, length=40).data, close=True),
        Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[{}\r\n", close=True),
        DROP,
        RESET,
        answer(429, b"", [("Retry-After", "600")]),
        answer(503, b"busy"),
        answer(200, b""),
    ],
    ids=["length", "chunks", "drop", "reset", "429", "503", "empty"],
)
async def test_what_passes_is_asked_for_again(tmp_path: Path, cut: Reply) -> None:
    async with scripted_server(cut, json_answer(PEOPLE)) as server:
        assert await rows(a_report(server, timeout=3000.0), tmp_path) == PEOPLE
    assert len(server.received) == 2


async def test_a_server_that_asks_to_wait_is_waited_for(tmp_path: Path) -> None:
    clock = FakeClock()
    async with scripted_server(answer(429, b"", [("Retry-After", "77")]), json_answer(PEOPLE)) as server:
        await fetch_report(a_report(server, timeout=100.0), tmp_path / "l", lambda *_: None, clock)
    assert clock.sleeps == [77.0]


@pytest.mark.parametrize(
    "cut", [Reply(answer(200, b"[{", JSON, length=40).data, close=True), DROP], ids=["cut", "drop"]
)
async def test_an_answer_that_is_always_cut_is_given_up(tmp_path: Path, cut: Reply) -> None:
    async with scripted_server(*[cut] * 9) as server:
        error = await failure(a_report(server, timeout=3000.0), tmp_path)
    assert "was cut short" in error.message
    assert "Given up, as every attempt was used" in error.message
    assert len(server.received) == 5


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (gzip.compress(b"[{}]")[:12], "was cut short: its gzip data ends too early"),
        (b"\x1f", "was cut short: its gzip data ends too early"),
        (b"", "was cut short: its gzip data ends too early"),
        (b"\x1f\x8b broken, and long enough", "is damaged: its gzip data cannot be unpacked"),
        (gzip.compress(b""), "is empty: it has no content at all"),
    ],
    ids=["half", "a byte", "no byte", "damaged", "of nothing"],
)
async def test_a_packed_answer_that_is_not_whole_is_not_called_empty(tmp_path: Path, body: bytes, message: str) -> None:
    async with scripted_server(*[answer(200, body, PACKED)] * 9) as server:
        error = await failure(a_report(server), tmp_path)
    assert f"{server.origin}/people {message}" in error.message
    assert len(server.received) == 5


async def test_a_packed_file_that_is_cut_at_its_start_is_asked_for_again(tmp_path: Path) -> None:
    whole = gzip.compress(b"[]")
    async with scripted_server(answer(200, whole[:5]), answer(200, b""), answer(200, whole)) as server:
        assert await rows(a_report(server, "/people.json.gz"), tmp_path) == []
    assert len(server.received) == 3


async def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    async with scripted_server(*[SILENCE] * 9) as server:
        error = await failure(a_report(server, timeout=0.2), tmp_path)
    assert "was silent for 0.2 s" in error.message or "was not there whole within 0.2s" in error.message


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (answer(401), "does not accept the credentials (401)"),
        (answer(403), "refuses access with these credentials (403)"),
        (answer(404), "does not exist (404)"),
        (answer(202), "is yet to be made (202)"),
        (answer(206, b"[]", JSON), "gave only a part of the report (206)"),
        (answer(204), "has no content (204), not even an empty list"),
        (answer(418), "answered 418 in place of a report"),
        (answer(200, b"<html>Sign in</html>", JSON), "answered with a web page in place of json"),
        (
            answer(200, b"[]", [("Content-Type", "text/html; charset=utf-8")]),
            "answered with a web page in place of json",
        ),
        (answer(200, b"<?xml version='1.0'?><a/>"), "answered with XML in place of json"),
        (answer(200, b"id\n1\n", [("Content-Type", "text/csv")]), "answered with CSV in place of json"),
        (answer(200, b"x", [("Content-Encoding", "br")]), "is packed as 'br', which was not asked for"),
    ],
)
async def test_what_stays_wrong_is_said_at_once(tmp_path: Path, reply: Reply, message: str) -> None:
    async with scripted_server(reply) as server:
        assert (await failure(a_report(server), tmp_path)).message == f"{server.origin}/people {message}"
    assert len(server.received) == 1


async def test_delimited_text_has_to_say_how_long_it_is(tmp_path: Path) -> None:
    endless = Reply(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\nid\n1\n", close=True)
    as_json = Reply(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[]", close=True)
    async with scripted_server(endless, as_json) as server:
        error = await failure(a_report(server, content=CsvSource(())), tmp_path)
        assert await rows(a_report(server), tmp_path / "json") == []
    assert "a part of it would look like the whole" in error.message


async def test_json_in_place_of_delimited_text_is_told(tmp_path: Path) -> None:
    async with scripted_server(json_answer({"error": "x"})) as server:
        error = await failure(a_report(server, content=CsvSource(())), tmp_path)
    assert error.message.endswith("answered with JSON in place of csv")


async def test_no_connection_is_told(tmp_path: Path) -> None:
    async with scripted_server() as server:
        pass
    error = await failure(a_report(server, timeout=3000.0), tmp_path)
    assert error.message.startswith(f"there is no connection to {server.origin}/people.")


# ---- redirects


async def test_a_redirect_to_the_same_server_keeps_the_credentials(tmp_path: Path) -> None:
    moved = answer(302, b"", [("Location", "/there?x=1")])
    async with scripted_server(moved, json_answer(PEOPLE)) as server:
        assert await rows(a_report(server, auth=Bearer(Secret("a-token"))), tmp_path) == PEOPLE
    assert server.received[1].target == "/there?x=1"
    assert server.received[1].header("Authorization") == "Bearer a-token"


async def test_a_redirect_elsewhere_loses_credentials_and_headers(tmp_path: Path) -> None:
    async with scripted_server(json_answer(PEOPLE)) as other, scripted_server() as server:
        server.will(answer(307, b"", [("Location", other.url("/store?sig=%2F"))]))
        source = a_report(server, auth=Basic(Secret("name"), Secret("word")), headers=(("X-Api-Key", Secret("a-key")),))
        assert await rows(source, tmp_path) == PEOPLE
    (request,) = other.received
    assert request.target == "/store?sig=%2F"
    assert {"Authorization", "X-Api-Key"}.isdisjoint(name for name, _ in request.headers)
    assert not any("a-key" in value or "name" in value for _, value in request.headers)


@pytest.mark.parametrize("location", ["http://report.example/x", "ftp://127.0.0.1/x", "http://127.0.0.1:x/", ""])
async def test_a_redirect_to_where_others_read_along_is_not_followed(tmp_path: Path, location: str) -> None:
    async with scripted_server(answer(302, b"", [("Location", location)])) as server:
        error = await failure(a_report(server), tmp_path)
    assert error.message == f"{server.origin}/people redirects (302) to an address that cannot be used"


async def test_redirects_in_circles_end(tmp_path: Path) -> None:
    async with scripted_server(*[answer(302, b"", [("Location", "/people")])] * 20) as server:
        assert "redirects in circles" in (await failure(a_report(server), tmp_path)).message
    assert len(server.received) == 6
