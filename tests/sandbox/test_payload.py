"""Reading payloads piece by piece."""

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.sandbox import payload
from bulkimport.sandbox.payload import PayloadError, batches

VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES))
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def read(content: bytes, target_type: str = "json", size: int = 3) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "payload"
        path.write_bytes(content)
        return [row for batch in batches(path, target_type, size) for row in batch]


@given(OBJECTS, st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_any_array_of_objects_is_read_whatever_the_blocks(
    rows: list[dict[str, Any]], block: int, ascii_only: bool, indent: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "_BLOCK", block)
        assert read(json.dumps(rows, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")) == rows


@given(OBJECTS.filter(bool), st.data())
def test_an_array_that_was_cut_is_never_taken_for_whole(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    content = json.dumps(rows).encode()
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(PayloadError):
        read(content[:cut])


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2)))
def test_any_csv_is_read_as_strings(lines: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["_action", "a", "b"])
    writer.writerows(["noop", *line] for line in lines)
    expected = [{"_action": "noop", "a": a, "b": b} for a, b in lines]
    assert read(stream.getvalue().encode(), "csv") == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"id,_action\n",
        b"_action,id,id\n",
        b"_action,id\nnoop\n",
        b"_action,id\nnoop,1,2\n",
        b"_action,id\nnoop,\xff\n",
        b'_action,id\nnoop,"a"b\n',
        b'_action,id\nnoop,"a',
        b"\xef\xbb\xbf_action,id\n",
    ],
)
def test_csv_that_is_not_what_its_header_says_is_refused(content: bytes) -> None:
    with pytest.raises(PayloadError):
        read(content, "csv")


def test_batches_hold_at_most_their_size(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(json.dumps([{}] * 7).encode())
    assert [len(batch) for batch in batches(path, "json", 3)] == [3, 3, 1]


def test_an_object_longer_than_anything_sensible_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "_LONGEST_OBJECT", 1000)
    monkeypatch.setattr(payload, "_BLOCK", 100)
    with pytest.raises(PayloadError):
        read(json.dumps([{"a": "x" * 5000}]).encode())
