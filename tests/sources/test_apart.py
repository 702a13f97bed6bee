"""Rows from a process of their own, whatever becomes of it."""

from pathlib import Path

import pytest

from bulkimport.errors import SourceError
from bulkimport.model import NdjsonSource
from bulkimport.sources.apart import fetch_rows
from bulkimport.sources.landing_file import LandingError


def fetched(
    folder: Path, body: str, timeout: float = 60.0, path: Path | None = None
) -> tuple[NdjsonSource, str, list[int]]:
    (folder / "hr.py").write_text(body)
    details = {"function": "hr:people", "folder": str(folder), "arguments": {}}
    told: list[int] = []
    path = path or folder / "landing" / "rows.ndjson"
    source = fetch_rows(
        "python",
        details,
        place="hr:people",
        path=path,
        folder=str(folder),
        timeout=timeout,
        on_arrived=lambda arrived, total: told.append(arrived),
    )
    return source, path.read_text(), told


def test_what_the_code_prints_does_no_harm(tmp_path: Path) -> None:
    body = (
        "import os\nprint('imported')\n"
        "def people():\n    print('{\"columns\": []}')\n    os.system('echo loud')\n    yield {'id': 1}\n"
    )
    source, text, _ = fetched(tmp_path, body)
    assert (source.columns, source.unit, text) == (("id",), "row", '{"id":1}\n')


def test_asynchronous_generators(tmp_path: Path) -> None:
    body = "import asyncio\nasync def people():\n  for n in (1, 2):\n    await asyncio.sleep(0)\n    yield {'id': n}"
    assert fetched(tmp_path, body)[1] == '{"id":1}\n{"id":2}\n'


def test_asynchronous_functions(tmp_path: Path) -> None:
    assert fetched(tmp_path, "async def people(): return [{'id': 1}]")[1] == '{"id":1}\n'


def test_what_arrives_is_told(tmp_path: Path) -> None:
    _, text, told = fetched(tmp_path, "def people():\n    for n in range(3000): yield {'id': n, 'x': 'y' * 1000}")
    assert len(told) >= 2
    assert told == sorted(told)
    assert told[-1] <= len(text)


def test_a_crash_is_an_error_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        fetched(tmp_path, "import os\ndef people():\n    yield {'id': 1}\n    os.abort()")
    assert caught.value.message.startswith("hr:people: the process that reads it was ended by the signal SIGABRT")


def test_an_exit_that_nobody_sees_is_not_the_end_of_the_rows(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the process that reads it ended with the exit code 0"):
        fetched(tmp_path, "import os\ndef people():\n    yield {'id': 1}\n    os._exit(0)")


def test_a_function_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulkimport.sources.apart._START_UP", 0.0)
    with pytest.raises(SourceError, match=r"^hr:people: not all rows had come after 2.0s$"):
        fetched(tmp_path, "import time\ndef people():\n    yield {'id': 1}\n    time.sleep(1000)", timeout=2.0)


def test_an_error_of_the_function_arrives_whole(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        fetched(tmp_path, "def people(): yield {'id': b''}")
    assert caught.value.message == "hr:people, row 1: column 'id' holds bytes, which are neither a text nor a number"
    assert (caught.value.path, caught.value.line) == ("hr:people", 1)


def test_an_error_of_the_disk_is_not_one_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(LandingError):
        fetched(tmp_path, "def people(): yield {'id': 1}", path=tmp_path / "taken")


def test_libraries_are_not_taken_from_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "orjson.py").write_text("raise SystemExit('the wrong one')")
    assert fetched(tmp_path, "def people(): yield {'id': 1}")[1] == '{"id":1}\n'
