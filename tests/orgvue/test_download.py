import gzip
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import StateError, UnavailableError
from bulkimport.model import Retries
from bulkimport.orgvue.download import BLOCK, _Ends
from tests.orgvue.support import DATASET, bench
from tests.support.http import DROP, RESET, Reply, answer, scripted_server

ITEMS = b'[{"_id":"1"},{"_id":"2"}]\n'
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


def chunked(body: bytes, *, end: bool = True) -> Reply:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return Reply(head + b"%x\r\n%b\r\n" % (len(body), body) + (b"0\r\n\r\n" if end else b""), close=not end)


async def test_a_result_is_stored_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    content = b"[" + b" " * (2 * BLOCK + 17) + b"]"
    async with scripted_server(answer(200, content)) as server, bench(server.origin) as b:
        assert await b.client.download(server.url("/r?s=%2f"), path) == len(content)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.json"]


async def test_a_compressed_answer_is_stored_as_what_it_means(tmp_path: Path) -> None:
    packed = answer(200, gzip.compress(ITEMS * 1000), [("Content-Encoding", "gzip")])
    async with scripted_server(packed) as server, bench(server.origin) as b:
        assert await b.client.download(server.url("/r"), tmp_path / "r") == len(ITEMS) * 1000
    assert (tmp_path / "r").read_bytes() == ITEMS * 1000


@pytest.mark.parametrize(
    "cut",
    [
        Reply(answer(200, ITEMS[:9], length=len(ITEMS)).data, close=True),
        chunked(ITEMS[:9], end=False),
        Reply(UNTIL_CLOSE + ITEMS[:9], close=True),
        Reply(answer(200, gzip.compress(ITEMS * 500)[:-40], [("Content-Encoding", "gzip")]).data, close=True),
        Reply(answer(200, b"not gzip at all, " * 9, [("Content-Encoding", "gzip")]).data, close=True),
        answer(200, b""),
        answer(200, b"<html>wait a moment</html>"),
        DROP,
        RESET,
    ],
    ids=["length", "chunks", "until close", "gzip", "no gzip", "empty", "page", "drop", "reset"],
)
async def test_items_cut_short_are_read_again_from_the_start(tmp_path: Path, cut: Reply) -> None:
    path = tmp_path / "items.json"
    async with scripted_server(cut, answer(200, ITEMS)) as server, bench(server.origin) as b:
        assert await b.client.download_items(DATASET, path) == len(ITEMS)
        assert len(server.received) == 2
    assert path.read_bytes() == ITEMS


@pytest.mark.parametrize(
    "part",
    [
        answer(206, ITEMS, [("Content-Range", "bytes 0-9/40")]),
        answer(202, ITEMS),
        answer(203, ITEMS),
        answer(200, ITEMS, [("Content-Range", "items 0-19/40")]),
        answer(200, ITEMS, [("Link", '<https://orgvue.example/items?page=2>; rel="next"')]),
        answer(200, ITEMS, [("Link", "<https://orgvue.example/items?page=9>; rel=last, </items?page=2>; rel=next")]),
    ],
)
async def test_what_says_that_it_is_a_part_is_not_taken_for_the_whole(tmp_path: Path, part: Reply) -> None:
    async with scripted_server(part) as server, bench(server.origin) as b:
        with pytest.raises(UnavailableError, match="is a part of the document, or none"):
            await b.client.download_items(DATASET, tmp_path / "items.json")
    assert list(tmp_path.iterdir()) == []


async def test_a_link_to_anything_but_a_next_page_does_no_harm(tmp_path: Path) -> None:
    whole = answer(200, ITEMS, [("Link", '<https://orgvue.example/nextgen>; rel="help"')])
    async with scripted_server(whole) as server, bench(server.origin) as b:
        assert await b.client.download_items(DATASET, tmp_path / "items.json") == len(ITEMS)


async def test_what_stays_cut_short_leaves_nothing_behind(tmp_path: Path) -> None:
    cut = Reply(UNTIL_CLOSE + ITEMS[:9], close=True)
    async with scripted_server(*[cut] * 3) as server, bench(server.origin, retries=Retries(attempts=3)) as b:
        with pytest.raises(UnavailableError, match="was cut short"):
            await b.client.download(server.url("/r"), tmp_path / "r")
        assert len(server.received) == 3
    assert list(tmp_path.iterdir()) == []


async def test_an_earlier_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(b"[0]")
    async with scripted_server(DROP) as server, bench(server.origin, retries=Retries(attempts=1)) as b:
        with pytest.raises(UnavailableError):
            await b.client.download(server.url("/r"), path)
    assert path.read_bytes() == b"[0]"


async def test_a_disk_that_cannot_be_written_to_is_not_the_networks_fault(tmp_path: Path) -> None:
    async with scripted_server(answer(200, ITEMS)) as server, bench(server.origin) as b:
        with pytest.raises(StateError, match="No such file or directory"):
            await b.client.download(server.url("/r"), tmp_path / "gone" / "r")


@given(st.lists(st.binary(max_size=80) | st.sampled_from([b"", b" " * 99, b"[", b"]"]), max_size=6))
def test_the_ends_of_a_document_do_not_depend_on_how_it_is_cut(chunks: list[bytes]) -> None:
    ends, whole = _Ends(), _Ends()
    for chunk in chunks:
        ends.feed(chunk)
    whole.feed(b"".join(chunks))
    assert vars(ends) == vars(whole)
