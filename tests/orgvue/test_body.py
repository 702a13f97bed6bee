import asyncio
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import StateError
from bulkimport.orgvue import body as module
from bulkimport.orgvue.body import CSV, BytesBody, ByteStream, FileBody


async def collect(stream: ByteStream) -> list[bytes]:
    return [bytes(chunk) async for chunk in stream]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_SIZE", 10)
    monkeypatch.setattr(module, "SEND_SIZE", 4)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("size", [0, 1, 4, 5, 10, 11, 99, 100])
async def test_a_file_is_sent_whole_in_small_slices_and_again_from_the_start(tmp_path: Path, size: int) -> None:
    path = tmp_path / "payload"
    content = bytes(i % 251 for i in range(size))
    path.write_bytes(content)
    body = FileBody(path, size, CSV)
    assert (body.length, body.content_type) == (size, "text/csv; charset=UTF-8")
    for _ in range(2):
        stream = body.open()
        chunks = await collect(stream)
        await stream.aclose()
        assert b"".join(chunks) == content
        assert all(0 < len(chunk) <= 4 for chunk in chunks)


@pytest.mark.usefixtures("small_blocks")
async def test_others_get_their_turn_between_slices(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(b"x" * 10)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    stream = FileBody(path, 10).open()
    await anext(stream)
    before = turns
    await anext(stream)
    await anext(stream)
    counting.cancel()
    await stream.aclose()
    assert turns >= before + 2


@pytest.mark.usefixtures("small_blocks")
async def test_a_file_that_became_shorter_is_not_sent_as_if_it_were_whole(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(b"x" * 15)
    stream = FileBody(path, 20).open()
    with pytest.raises(StateError, match="shorter than its 20 bytes"):
        await collect(stream)
    await stream.aclose()


@pytest.mark.usefixtures("small_blocks")
async def test_a_file_that_grew_is_sent_up_to_its_length(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(b"x" * 25)
    stream = FileBody(path, 20).open()
    assert b"".join(await collect(stream)) == b"x" * 20
    await stream.aclose()


async def test_a_file_that_is_gone_is_a_state_error(tmp_path: Path) -> None:
    stream = FileBody(tmp_path / "gone", 20).open()
    with pytest.raises(StateError, match="No such file"):
        await collect(stream)
    await stream.aclose()


@pytest.mark.usefixtures("small_blocks")
async def test_a_stream_closed_half_way_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(b"x" * 99)
    stream = FileBody(path, 99).open()
    await anext(stream)
    await stream.aclose()
    await stream.aclose()
    open_files = [entry.readlink() for entry in Path("/proc/self/fd").iterdir() if entry.exists()]
    assert path not in open_files


@pytest.mark.usefixtures("small_blocks")
async def test_a_stream_may_be_closed_while_somebody_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As happens to a body whose answer came before its end."""
    path = tmp_path / "payload"
    path.write_bytes(b"x" * 99)
    pread, began, closed = os.pread, threading.Event(), threading.Event()

    def slowly(*arguments: int) -> bytes:
        began.set()
        closed.wait(60)
        return pread(*arguments)

    monkeypatch.setattr(os, "pread", slowly)
    stream = FileBody(path, 99).open()
    reading = asyncio.create_task(collect(stream))
    assert await asyncio.to_thread(began.wait, 60)
    asyncio.get_running_loop().call_later(0.01, closed.set)
    await stream.aclose()
    assert b"".join(await reading) == b"x" * 10
    assert stream._descriptor is None  # type: ignore[attr-defined]


@given(st.binary(max_size=100))
async def test_bytes_are_sent_as_they_are_every_time(content: bytes) -> None:
    body = BytesBody(content)
    for _ in range(2):
        stream = body.open()
        assert b"".join(await collect(stream)) == content
        await stream.aclose()
    assert body.length == len(content)
