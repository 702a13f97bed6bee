import asyncio
import errno
import io
import os
import stat
import threading
from pathlib import Path

import pytest

from bulkimport.log.writer import BackgroundWriter, FileSink, StreamSink


class _Kept:
    """A sink that keeps its lines, once it is let go, and fails on request."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.let_go = threading.Event()
        self.began = threading.Event()
        self.closed = False

    def write(self, lines: list[str]) -> None:
        self.began.set()
        self.let_go.wait(30)
        if "fail" in lines:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.lines += lines

    def close(self) -> None:
        self.closed = True


def test_lines_are_written_in_order_and_all_of_them_by_the_end() -> None:
    sink = _Kept()
    sink.let_go.set()
    writer = BackgroundWriter(sink)
    expected = [str(number) for number in range(2000)]
    for line in expected:
        writer.put(line)
    writer.close()
    assert (sink.lines, sink.closed, writer.lost) == (expected, True, 0)


async def test_a_stuck_sink_holds_up_neither_the_event_loop_nor_the_end() -> None:
    sink = _Kept()
    writer = BackgroundWriter(sink, capacity=10)
    writer.put("first")
    assert sink.began.wait(30)
    for number in range(25):
        writer.put(str(number))
    assert writer.lost == 15
    await asyncio.to_thread(writer.close, 0.01)
    assert sink.lines == []
    sink.let_go.set()
    await asyncio.to_thread(writer.close, 30)
    assert sink.lines == ["first", *map(str, range(10))]


def test_a_failing_sink_loses_its_lines_and_nothing_else() -> None:
    sink = _Kept()
    writer = BackgroundWriter(sink)
    writer.put("fail")
    assert sink.began.wait(30)
    sink.let_go.set()
    writer.close(30)
    writer.put("too late")
    assert writer.lost == 2


def test_a_log_file_is_private_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "r1" / "run.log"
    for line in ("one", "two \u2028 ü \ud800"):
        sink = FileSink(path)
        sink.write([line])
        sink.close()
    assert path.read_bytes().decode() == "one\ntwo \u2028 ü \\ud800\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_file_that_others_could_read_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.touch(0o644)
    sink = FileSink(path)
    sink.write(["one"])
    sink.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_disk_that_was_full_for_a_while_spoils_one_line_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.log"
    sink = FileSink(path)
    write, calls = os.write, iter([4, None])

    def scarce(descriptor: int, data: bytes) -> int:
        room = next(calls, len(data))
        if room is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:room])

    monkeypatch.setattr(os, "write", scarce)
    with pytest.raises(OSError, match="No space"):
        sink.write(["cut short"])
    sink.write(["whole"])
    sink.close()
    assert path.read_text().splitlines() == ["cut ", "whole"]


def test_a_stream_gets_what_it_cannot_encode_as_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    StreamSink(stream).write(["Zürich"])
    assert raw.getvalue() == b"Z\\xfcrich\n"


def test_a_printer_takes_over_from_the_stream_while_it_is_set() -> None:
    stream, printed = io.StringIO(), list[str]()
    sink = StreamSink(stream)
    sink.write(["a"])
    sink.printer = printed.append
    sink.write(["b", "c"])
    sink.printer = None
    sink.write(["d"])
    assert (stream.getvalue(), printed) == ("a\nd\n", ["b", "c"])


def test_a_closed_pipe_is_survived() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1) as stream:
        writer = BackgroundWriter(StreamSink(stream))
        writer.put("nobody reads this")
        writer.close(30)
        assert writer.lost == 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)  # so that closing the stream has somewhere to write
