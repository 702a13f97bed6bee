"""Result documents as files: what is counted, what is left for a person, and what a broken one leaves behind."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from bulkimport.collection import Collected, collect
from bulkimport.errors import StateError
from bulkimport.json_stream import JsonStreamError
from bulkimport.model import ItemCounts

KEY = ("employeeID",)


def stored(folder: Path, entries: list[dict[str, Any]]) -> str:
    path = folder / "people.result.json"
    path.write_text(json.dumps(entries), "utf-8")
    return str(path)


def collected(folder: Path, entries: list[dict[str, Any]], key: tuple[str, ...] = KEY) -> Collected:
    return collect(stored(folder, entries), str(folder / "people.failed.ndjson"), key)


def failed_lines(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "people.failed.ndjson").read_text("utf-8").splitlines()]


def test_entries_are_counted_and_the_rejected_ones_left_as_ndjson(tmp_path: Path) -> None:
    rejected: list[dict[str, Any]] = [
        {"employeeID": "E2", "_action": "update", "error": {"message": "no such city"}},
        {"employeeID": "E3\n", "_action": "create", "_status": "error", "message": 'bad "name"'},
    ]
    found = collected(
        tmp_path,
        [
            {"employeeID": "E1", "_status": "success", "_action": "create"},
            *rejected,
            {"employeeID": "E4", "_status": "implicitDelete", "_action": "delete"},
        ],
    )
    assert found == Collected(
        ItemCounts(created=1, deleted=1, failed=2), 1, ("no such city (1 time)", 'bad "name" (1 time)')
    )
    assert failed_lines(tmp_path) == [
        {"key": "E2", "reason": "no such city", "entry": rejected[0]},
        {"key": "E3\n", "reason": 'bad "name"', "entry": rejected[1]},
    ]


def test_the_failed_items_are_nobody_elses_to_read(tmp_path: Path) -> None:
    collected(tmp_path, [{"employeeID": "E2", "error": "no"}])
    assert stat.S_IMODE((tmp_path / "people.failed.ndjson").stat().st_mode) == 0o600


def test_a_composite_key_is_an_array_and_a_missing_one_is_null(tmp_path: Path) -> None:
    collected(tmp_path, [{"from_id": "E1", "error": "no"}], ("from_id", "to_id"))
    assert failed_lines(tmp_path)[0]["key"] == ["E1", None]


def test_no_file_is_left_where_nothing_failed(tmp_path: Path) -> None:
    (tmp_path / "people.failed.ndjson").write_text("of an earlier attempt")
    found = collected(tmp_path, [{"_status": "skipped"}])
    assert found.items == ItemCounts(skipped=1)
    assert [path.name for path in tmp_path.iterdir()] == ["people.result.json"]


def test_an_earlier_attempts_failed_items_are_replaced(tmp_path: Path) -> None:
    entries = [{"employeeID": "E2", "error": "no"}]
    collected(tmp_path, entries)
    collected(tmp_path, entries)
    assert len(failed_lines(tmp_path)) == 1


def test_an_empty_result_counts_nothing(tmp_path: Path) -> None:
    assert collected(tmp_path, []) == Collected(ItemCounts(), 0, ())


def test_a_result_of_many_blocks_is_counted_whole(tmp_path: Path) -> None:
    entries = [
        {"employeeID": f"E{number}", "name": "x" * 200, "_status": "success", "_action": "update"}
        | ({"error": f"reason {number % 7}"} if number % 10 == 0 else {})
        for number in range(12_000)
    ]
    found = collected(tmp_path, entries)
    assert found.items == ItemCounts(updated=10_800, failed=1_200)
    assert [line["key"] for line in failed_lines(tmp_path)] == [f"E{number}" for number in range(0, 12_000, 10)]
    assert len(found.reasons) == 5
    assert found.reasons[0] == "reason 0 (172 times)"


@pytest.mark.parametrize(
    "text", ["", "{}", '{"employeeID": "E1"}', "[1]", "<Error/>", '[{"error": "no"}', '[{"error": "no"},']
)
def test_a_document_that_is_no_whole_array_of_objects_is_told_and_leaves_nothing(tmp_path: Path, text: str) -> None:
    result, failed = tmp_path / "result.json", tmp_path / "failed.ndjson"
    result.write_text(text)
    with pytest.raises(JsonStreamError):
        collect(str(result), str(failed), KEY)
    assert not failed.exists()


def test_a_result_cut_short_after_many_blocks_leaves_no_half_list(tmp_path: Path) -> None:
    entries = [{"employeeID": f"E{number}", "error": "x" * 300} for number in range(12_000)]
    result, failed = Path(stored(tmp_path, entries)), tmp_path / "failed.ndjson"
    result.write_bytes(result.read_bytes()[:-100])
    with pytest.raises(JsonStreamError):
        collect(str(result), str(failed), KEY)
    assert not failed.exists()


def test_files_that_cannot_be_used_are_a_state_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"could not be counted: No such file.*nowhere\.json"):
        collect(str(tmp_path / "nowhere.json"), str(tmp_path / "failed.ndjson"), KEY)
    with pytest.raises(StateError, match="missing folder"):
        collect(stored(tmp_path, [{"error": "no"}]), str(tmp_path / "missing folder" / "failed.ndjson"), KEY)


def test_result_and_failed_items_are_on_the_disk_before_anything_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name, path.stat().st_size if path.is_file() else 0))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    collected(tmp_path, [{"employeeID": "E2", "error": "no"}])
    sizes = [(name, (tmp_path / name).stat().st_size) for name in ("people.result.json", "people.failed.ndjson")]
    assert synced == [*sizes, (tmp_path.name, 0)]
