import json
import stat
from pathlib import Path
from typing import Any

import pytest

from bulkimport.report.document_file import write_document, write_text


def test_a_document_is_private_and_ends_with_a_line_break(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_document(path, {"a": [1, "é"]})
    assert json.loads(path.read_text("utf-8")) == {"a": [1, "é"]}
    assert path.read_bytes().endswith(b"}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_text_is_written_like_a_document(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_text(path, "<p>é</p>\n")
    assert path.read_bytes() == "<p>é</p>\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_a_document_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    for number in range(3):
        write_document(path, {"number": number})
    assert json.loads(path.read_text()) == {"number": 2}
    assert [one.name for one in tmp_path.iterdir()] == ["summary.json"]


def test_a_document_that_cannot_be_written_leaves_the_earlier_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "summary.json"
    write_document(path, {"number": 1})

    def full(descriptor: int) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_document(path, {"number": 2})
    assert json.loads(path.read_text()) == {"number": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["summary.json"]
