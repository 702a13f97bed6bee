"""Payload and items joined piece by piece give what a look at everything at once gives."""

import csv
import gzip
import json
import stat
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.diff import ComparisonRules
from bulkimport.errors import StateError
from bulkimport.json_stream import BLOCK, JsonStreamError
from bulkimport.model import Changes, PayloadFormat
from bulkimport.snapshot import CompareRequest, Snapshot, compare
from bulkimport.snapshot.partition import PIECE, partitions_for

Row = dict[str, Any]
COLUMNS = ("employeeID", "name", "salary")
BY_ID = ComparisonRules(("employeeID",), {"employeeID": "text", "name": "text", "salary": "number"})
MANY_PIECES = 40

KEYS = st.integers(0, 15).map(lambda number: f"E{number}")
NAMES = st.sampled_from(["", "Ann", "Zoë\n", 'O"Neill', "a,b"])
SENT = st.lists(
    st.fixed_dictionaries({"employeeID": KEYS, "name": NAMES, "salary": st.sampled_from(["", "1", "1.0", "2"])}),
    max_size=14,
    unique_by=lambda row: row["employeeID"],
)
HELD = st.lists(
    st.fixed_dictionaries(
        {"_id": st.uuids().map(str)},
        optional={
            "employeeID": KEYS | st.sampled_from(["", None]),
            "name": NAMES | st.none(),
            "salary": st.sampled_from([None, 1, 1.0, 2]),
            "note": st.just("x"),
        },
    ),
    max_size=16,
)


def request_for(
    folder: Path,
    sent: list[Row],
    held: list[Row],
    *,
    payload_format: PayloadFormat = "json",
    columns: tuple[str, ...] = COLUMNS,
    comparison: ComparisonRules = BY_ID,
    implicit_delete: bool = True,
    piece: int = PIECE,
    block: int = BLOCK,
    has_unique_rows: bool = False,
) -> CompareRequest:
    """Writes both documents and asks for their comparison, with a backup."""
    payload, items, scratch = folder / f"payload.{payload_format}", folder / "items.json", folder / "scratch"
    scratch.mkdir(exist_ok=True)
    items.write_text(json.dumps(held), "utf-8")
    if payload_format == "json":
        payload.write_text(json.dumps([{"_action": "createOrUpdate"} | row for row in sent]), "utf-8")
    else:
        with payload.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("_action", *columns))
            writer.writerows(("createOrUpdate", *(row[name] for name in columns)) for row in sent)
    return CompareRequest(
        payload_path=str(payload),
        payload_format=payload_format,
        columns=columns,
        items_path=str(items),
        comparison=comparison,
        implicit_delete=implicit_delete,
        scratch=str(scratch),
        backup_path=str(folder / "backup.ndjson.gz"),
        piece=piece,
        block=block,
        has_unique_rows=has_unique_rows,
    )


def backed_up(folder: Path) -> list[Row]:
    path = folder / "backup.ndjson.gz"
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()] if path.exists() else []


def compared(folder: Path, sent: list[Row], held: list[Row], **options: Any) -> Snapshot:
    return compare(request_for(folder, sent, held, **options))


def naive(sent: list[Row], held: list[Row], implicit_delete: bool) -> tuple[tuple[int, ...], list[Row]]:
    """Created, updated, deleted, unchanged, and the items to back up, by the definitions alone."""
    rows = {row["employeeID"]: row for row in sent}
    counts: Counter[str] = Counter()
    lost = []
    for item in held:
        row = rows.get(item.get("employeeID") or "")
        if row is None:
            fate = "deleted" if implicit_delete else "unchanged"
        else:
            same_name = row["name"] == (item.get("name") or "")
            same_salary = (float(row["salary"]) if row["salary"] else None) == item.get("salary")
            fate = "unchanged" if same_name and same_salary else "updated"
        counts[fate] += 1
        if fate != "unchanged":
            lost.append(item)
    present = {item.get("employeeID") for item in held}
    created = sum(key not in present for key in rows)
    return (created, counts["updated"], counts["deleted"], counts["unchanged"]), lost


def four(changes: Changes) -> tuple[int, ...]:
    return changes.created, changes.updated, changes.deleted, changes.unchanged


@given(
    sent=SENT,
    held=HELD,
    payload_format=st.sampled_from(["json", "csv"]),
    implicit_delete=st.booleans(),
    piece=st.sampled_from([PIECE, MANY_PIECES]),
)
def test_the_counts_and_the_backup_equal_a_naive_computation(
    sent: list[Row], held: list[Row], payload_format: PayloadFormat, implicit_delete: bool, piece: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        snapshot = compared(
            folder, sent, held, payload_format=payload_format, implicit_delete=implicit_delete, piece=piece
        )
        kept = backed_up(folder)
        left = {path.name for path in folder.iterdir()}
        assert list((folder / "scratch").iterdir()) == []
    expected, lost = naive(sent, held, implicit_delete)
    assert four(snapshot.changes) == expected
    assert snapshot.held == len(held)
    assert sorted(kept, key=repr) == sorted(lost, key=repr)
    assert left == {f"payload.{payload_format}", "items.json", "scratch"} | ({"backup.ndjson.gz"} if lost else set())


ROWS = st.lists(st.tuples(st.integers(0, 30), NAMES), max_size=30, unique_by=lambda pair: pair[0])


@given(
    held=ROWS,
    sent=ROWS,
    twice=st.booleans(),
    in_order=st.booleans(),
    unusual=st.sets(st.integers(0, 30), max_size=3),
    has_unique_rows=st.booleans(),
)
def test_blocks_that_meet_in_order_or_not_give_what_the_partitions_give(
    held: list[tuple[int, str]],
    sent: list[tuple[int, str]],
    twice: bool,
    in_order: bool,
    unusual: set[int],
    has_unique_rows: bool,
) -> None:
    """In small blocks, which have one or two rows each. What is unusual is not read as a record of values."""
    if in_order:
        held, sent = sorted(held), sorted(sent)
    items: list[Row] = [{"_id": f"{n}", "employeeID": f"E{n}", "name": name, "salary": n % 3} for n, name in held]
    for number in unusual.intersection(range(len(items))):
        items[number]["name"] = [True, {"a": number}]
    items += items[: 2 * twice]
    rows = [{"employeeID": f"E{n}", "name": name, "salary": f"{n % 2}"} for n, name in sent]

    found = []
    for block in (60, 200, BLOCK):
        for piece in (PIECE, MANY_PIECES):
            with TemporaryDirectory() as folder:
                path = Path(folder)
                snapshot = compared(path, rows, items, piece=piece, block=block, has_unique_rows=has_unique_rows)
                kept = sorted(item["_id"] for item in backed_up(path))
            found.append((snapshot.held, four(snapshot.changes), snapshot.changes.rekeyed_examples, kept))
    assert found == [found[0]] * 6


@given(sent=SENT, held=HELD)
def test_one_partition_and_many_give_the_same_snapshot(sent: list[Row], held: list[Row]) -> None:
    found = []
    for piece in (PIECE, MANY_PIECES):
        with TemporaryDirectory() as folder:
            snapshot = compared(Path(folder), sent, held, piece=piece)
        changes = snapshot.changes
        found.append((snapshot.held, four(changes), changes.rekeyed, changes.rekeyed_examples))
    assert found[0] == found[1]


def test_a_small_piece_really_makes_many_partitions(tmp_path: Path) -> None:
    """Without this the tests above might compare one partition with itself."""
    request = request_for(tmp_path, people("E1", "E2", "E3"), [], piece=MANY_PIECES)
    assert partitions_for(Path(request.payload_path).stat().st_size, request.piece) > 5


@pytest.mark.parametrize("piece", [PIECE, MANY_PIECES])
def test_the_examples_are_keys_and_a_handful(tmp_path: Path, piece: int) -> None:
    sent = [{"employeeID": f"N{number}", "name": f"{number}", "salary": ""} for number in range(50)]
    held: list[Row] = [{"_id": str(number), "employeeID": f"O{number}"} for number in range(50)]
    changes = compared(tmp_path, sent, held, piece=piece).changes
    assert len(changes.created_examples) == len(changes.deleted_examples) == 20
    assert set(changes.created_examples) < {row["employeeID"] for row in sent}
    assert set(changes.deleted_examples) < {item["employeeID"] for item in held}


def test_items_without_a_key_are_deleted_and_said_to_be_blank(tmp_path: Path) -> None:
    held: list[Row] = [{"_id": "1"}, {"_id": "2", "employeeID": None}, {"_id": "3", "employeeID": ""}]
    sent = [{"employeeID": "E1", "name": "", "salary": ""}]
    changes = compared(tmp_path, sent, held).changes
    assert four(changes) == (1, 0, 3, 0)
    assert changes.deleted_examples == ("(blank)",) * 3


def test_items_that_share_a_key_all_meet_the_row(tmp_path: Path) -> None:
    held: list[Row] = [
        {"_id": "1", "employeeID": "E1", "name": "Ann"},
        {"_id": "2", "employeeID": "E1", "name": "Bob"},
        {"_id": "3", "employeeID": "E2", "name": "Ann"},
        {"_id": "4", "employeeID": "E2", "name": "Ann"},
    ]
    snapshot = compared(tmp_path, [{"employeeID": "E1", "name": "Ann", "salary": ""}], held)
    assert four(snapshot.changes) == (0, 1, 2, 1)
    assert {item["_id"] for item in backed_up(tmp_path)} == {"2", "3", "4"}


def test_keys_that_are_spelt_in_another_way_count_as_other_items(tmp_path: Path) -> None:
    """As in the payload's own check, which goes by their texts."""
    by_number = ComparisonRules(("employeeID",), {"employeeID": "number"})
    sent = [{"employeeID": key, "name": "Ann", "salary": ""} for key in ("1", "01", "2", "02")]
    held: list[Row] = [{"_id": "1", "employeeID": 1, "name": "Ann"}]
    assert four(compared(tmp_path, sent, held, comparison=by_number).changes) == (3, 0, 0, 1)


def test_keys_that_differ_in_the_payload_may_still_be_one(tmp_path: Path) -> None:
    """Its own check goes by texts: the numbers 5.5 and 5.50 are two of them, and one item."""
    sent = [{"employeeID": key, "name": "Ann", "salary": ""} for key in (5.5, 6.5, 7.5, 8.5, "last")]
    held: list[Row] = [{"_id": key, "employeeID": key, "name": "Ann"} for key in ("5.5", "6.5", "7.5", "8.5")]
    for block in (60, BLOCK):
        request = request_for(tmp_path, sent, held, piece=MANY_PIECES, block=block, has_unique_rows=True)
        payload = Path(request.payload_path)
        payload.write_text(payload.read_text().replace('"last"', "5.50"))
        assert four(compare(request).changes) == (0, 0, 0, 4)


@pytest.mark.parametrize("payload_format", ["json", "csv"])
def test_an_empty_payload_deletes_everything(tmp_path: Path, payload_format: PayloadFormat) -> None:
    held: list[Row] = [{"_id": str(number), "employeeID": f"E{number}"} for number in range(5)]
    snapshot = compared(tmp_path, [], held, payload_format=payload_format)
    assert (four(snapshot.changes), snapshot.held) == ((0, 0, 5, 0), 5)
    assert len(backed_up(tmp_path)) == 5


def test_a_csv_payload_of_no_bytes_has_no_rows(tmp_path: Path) -> None:
    request = request_for(tmp_path, [], [{"_id": "1", "employeeID": "E1"}], payload_format="csv")
    Path(request.payload_path).write_bytes(b"")
    assert compare(request).changes.deleted == 1


def test_a_cell_beyond_the_csv_librarys_own_limit_is_read(tmp_path: Path) -> None:
    row = {"employeeID": "E1", "name": "x" * 200_000, "salary": ""}
    held: list[Row] = [{"_id": "1", "employeeID": "E1", "name": row["name"]}]
    assert compared(tmp_path, [row], held, payload_format="csv").changes.unchanged == 1


def test_the_backup_is_private_and_holds_items_as_orgvue_gave_them(tmp_path: Path) -> None:
    item: Row = {
        "_id": "1",
        "employeeID": "E1",
        "name": "Zoë \U0001f98a\r\n",
        "salary": 1.5,
        "tags": [1, {"a": None}],
        "big": 2**63,
    }
    compared(tmp_path, [{"employeeID": "E1", "name": "new", "salary": ""}], [item], piece=1)
    assert backed_up(tmp_path) == [item]
    assert stat.S_IMODE((tmp_path / "backup.ndjson.gz").stat().st_mode) == 0o600


def test_no_backup_is_made_without_a_path(tmp_path: Path) -> None:
    request = request_for(tmp_path, [], [{"_id": "1", "employeeID": "E1"}])
    without = CompareRequest(**{name: getattr(request, name) for name in request.__slots__} | {"backup_path": None})
    assert compare(without).changes.deleted == 1
    assert not (tmp_path / "backup.ndjson.gz").exists()


def test_an_earlier_checks_backup_goes_when_nothing_is_lost_any_more(tmp_path: Path) -> None:
    compared(tmp_path, [], [{"_id": "1", "employeeID": "E1"}])
    assert backed_up(tmp_path)
    compared(tmp_path, [], [])
    assert not (tmp_path / "backup.ndjson.gz").exists()


# ---- items under new keys


def people(*keys: str, name: str = "Person {}", salary: Any = "") -> list[Row]:
    return [
        {"employeeID": key, "name": name.format(number), "salary": salary} for number, key in enumerate(keys, start=1)
    ]


@pytest.mark.parametrize("piece", [PIECE, MANY_PIECES])
def test_items_whose_keys_lost_their_zeros_are_recognised(tmp_path: Path, piece: int) -> None:
    old = people(*(f"{number:05}" for number in range(1, 40)), salary=7)
    new = people(*(f"{number}" for number in range(1, 40)), salary="7.0")
    changes = compared(tmp_path, new, old, piece=piece).changes
    assert four(changes) == (39, 0, 39, 0)
    assert changes.rekeyed == 39
    assert changes.rekeyed_examples == tuple((f"{number:05}", f"{number}") for number in range(1, 6))


def test_values_that_several_items_share_are_no_evidence(tmp_path: Path) -> None:
    old = people("O1", "O2", name="Ann") + people("O3", name="Bob")
    new = people("N1", name="Ann") + people("N2", "N3", name="Bob")
    assert compared(tmp_path, new, old).changes.rekeyed == 0


def test_blank_values_are_no_evidence(tmp_path: Path) -> None:
    assert compared(tmp_path, people("N1", name=""), people("O1", name="")).changes.rekeyed == 0


def test_other_values_are_no_evidence(tmp_path: Path) -> None:
    assert compared(tmp_path, people("N1", name="Ann"), people("O1", name="Bob")).changes.rekeyed == 0


def test_links_that_consist_of_their_key_are_never_recognised(tmp_path: Path) -> None:
    links = ComparisonRules(("from_id", "to_id"))
    sent, held = [{"from_id": "E1", "to_id": "P1"}], [{"_id": "1", "from_id": "E1", "to_id": "P2"}]
    changes = compared(tmp_path, sent, held, comparison=links, columns=("from_id", "to_id")).changes
    assert (four(changes), changes.rekeyed) == ((1, 0, 1, 0), 0)
    assert changes.created_examples == ("E1 + P1",)


def test_only_a_bounded_number_of_items_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[CompareRequest.__module__], "FINGERPRINTS", 5)
    old, new = people(*(f"O{n}" for n in range(20))), people(*(f"N{n}" for n in range(20)))
    changes = compared(tmp_path, new, old).changes
    assert (changes.created, changes.deleted) == (20, 20)
    assert 0 < changes.rekeyed <= 5


# ---- what cannot be read


@pytest.mark.parametrize("piece", [PIECE, MANY_PIECES])
@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"_id": "1"}', '[{"_id": "1"},]', "<Error/>"])
def test_items_that_are_no_whole_array_are_told_and_nothing_is_left(tmp_path: Path, piece: int, text: str) -> None:
    request = request_for(tmp_path, people("E1", "E2", "E3"), [], piece=piece)
    Path(request.items_path).write_text(text)
    with pytest.raises(JsonStreamError):
        compare(request)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not (tmp_path / "backup.ndjson.gz").exists()


def test_items_cut_short_leave_no_half_backup(tmp_path: Path) -> None:
    held = [{"_id": str(number), "employeeID": f"E{number}", "name": "x" * 400} for number in range(8_000)]
    request = request_for(tmp_path, people("E1"), held)
    items = Path(request.items_path)
    items.write_bytes(items.read_bytes()[:-50])
    with pytest.raises(JsonStreamError, match="cut short"):
        compare(request)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not (tmp_path / "backup.ndjson.gz").exists()


def test_files_that_cannot_be_used_are_a_state_error_that_names_them(tmp_path: Path) -> None:
    request = request_for(tmp_path, [], [{"_id": "1"}])
    Path(request.items_path).unlink()
    with pytest.raises(StateError, match=r"No such file or directory \(.*items\.json\)\. Nothing was sent\."):
        compare(request)
