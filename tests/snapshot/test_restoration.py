"""From backups to the payload that undoes: what was deleted or changed comes back, what was created goes."""

import gzip
import hashlib
import json
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkimport.diff import ComparisonRules
from bulkimport.errors import StateError
from bulkimport.json_stream import JsonStreamError
from bulkimport.model import Changes
from bulkimport.snapshot import CompareRequest, compare
from bulkimport.snapshot.partition import PIECE
from bulkimport.snapshot.restoration import Restoration, RestoreRequest, Undo, restore

Row = dict[str, Any]
BY_ID = ComparisonRules(("id",), {"id": "text", "name": "text", "salary": "number"})
LINKS = ComparisonRules(("from_id", "to_id"))


def packed(path: Path, objects: Sequence[Any]) -> str:
    path.write_bytes(gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in objects)))
    return str(path)


class Past:
    """A folder with what Orgvue holds now and the backups of the imports before, the oldest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.undo: list[Undo] = []
        (folder / "scratch").mkdir()

    def night(self, backup: Sequence[Row] = (), created: Sequence[Row] = ()) -> "Past":
        number = len(self.undo)
        self.undo.append(
            Undo(
                packed(self.folder / f"{number}.backup.gz", backup) if backup else None,
                packed(self.folder / f"{number}.created.gz", created) if created else None,
            )
        )
        return self

    def request(self, now: Sequence[Row], comparison: ComparisonRules = BY_ID, **changes: Any) -> RestoreRequest:
        (self.folder / "items.json").write_text(json.dumps(now))
        values: dict[str, Any] = {
            "undo": tuple(self.undo),
            "items_path": str(self.folder / "items.json"),
            "comparison": comparison,
            "computed": frozenset(),
            "payload_path": str(self.folder / "payload.json"),
            "scratch": str(self.folder / "scratch"),
            "backup_path": str(self.folder / "own.backup.gz"),
            "created_path": str(self.folder / "own.created.gz"),
        }
        return RestoreRequest(**values | changes)

    def restored(self, now: Sequence[Row], comparison: ComparisonRules = BY_ID, **changes: Any) -> Restoration:
        return restore(self.request(now, comparison, **changes))

    @property
    def payload(self) -> list[Row]:
        rows: list[Row] = json.loads((self.folder / "payload.json").read_bytes())
        return rows

    def kept(self, name: str) -> list[Row]:
        path = self.folder / f"own.{name}.gz"
        return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()] if path.exists() else []


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path)


def test_what_was_deleted_or_changed_comes_back_and_what_was_created_goes(past: Past) -> None:
    past.night([{"_id": "A", "id": "1", "name": "Ann"}, {"_id": "B", "id": "2", "name": "Bo"}], [{"id": "3"}])
    now = [
        {"_id": "B", "id": "2", "name": "Bobby"},
        {"_id": "C", "id": "3", "name": "Cy"},
        {"_id": "D", "id": "4", "name": "Di"},
    ]
    found = past.restored(now)
    assert past.payload == [
        {"_action": "createOrUpdate", "id": "2", "name": "Bo"},
        {"_action": "delete", "id": "3"},
        {"_action": "createOrUpdate", "id": "1", "name": "Ann"},
    ]
    assert found.changes == Changes(1, 1, 1, 1, deleted_examples=("3",))
    assert found.held == 3
    assert found.payload.columns == ("id", "name")
    assert found.payload.warnings == ()
    assert past.kept("backup") == now[:2]
    assert past.kept("created") == [{"id": "1"}]


def test_the_payload_is_described_as_it_is_and_for_nobody_else(past: Past) -> None:
    payload = past.night([{"id": "1", "name": "Zoë"}]).restored([]).payload
    written = Path(payload.path).read_bytes()
    assert (payload.rows, payload.bytes) == (1, len(written))
    assert payload.sha256 == hashlib.sha256(written).hexdigest()
    assert stat.S_IMODE(Path(payload.path).stat().st_mode) == 0o600
    assert list((past.folder / "scratch").iterdir()) == []


def test_of_several_imports_the_first_that_touched_an_item_decides(past: Past) -> None:
    past.night([{"id": "1", "name": "first"}], [{"id": "2"}])
    past.night([{"id": "1", "name": "second"}, {"id": "2", "name": "made by the first"}], [{"id": "3"}])
    past.night([], [{"id": "1"}])
    past.restored([{"id": "1", "name": "third"}, {"id": "2", "name": "x"}, {"id": "3", "name": "y"}])
    assert past.payload == [
        {"_action": "createOrUpdate", "id": "1", "name": "first"},
        {"_action": "delete", "id": "2"},
        {"_action": "delete", "id": "3"},
    ]


def test_what_is_as_it_was_already_is_left_alone(past: Past) -> None:
    past.night([{"id": "1", "salary": 5}], [{"id": "2"}])
    found = past.restored([{"id": "1", "salary": 5.0, "name": ""}, {"id": "9"}])
    assert found.payload.rows == 0
    assert past.payload == []
    assert found.changes == Changes(0, 0, 0, 2)
    assert not (past.folder / "own.backup.gz").exists()
    assert not (past.folder / "own.created.gz").exists()


def test_a_property_that_was_blank_before_is_blanked_again(past: Past) -> None:
    past.night([{"id": "1", "name": "Ann"}])
    past.restored([{"id": "1", "name": "Ann", "salary": 5}])
    assert past.payload == [{"_action": "createOrUpdate", "id": "1", "name": "Ann", "salary": None}]


def test_what_orgvue_computes_and_its_own_ids_are_not_sent(past: Past) -> None:
    past.night([{"_id": "X", "_createdBy": "me", "from_id": "E1", "to_id": "P1", "link_id": "E1-P1", "share": 1}])
    past.restored([], LINKS, computed=frozenset({"link_id"}))
    assert past.payload == [{"_action": "createOrUpdate", "from_id": "E1", "to_id": "P1", "share": 1}]
    assert past.kept("created") == [{"from_id": "E1", "to_id": "P1"}]


def test_items_may_be_matched_by_their_own_id(past: Past) -> None:
    past.night([{"_id": "X", "name": "old"}])
    past.restored([{"_id": "X", "name": "new"}], ComparisonRules(("_id",)))
    assert past.payload == [{"_action": "createOrUpdate", "_id": "X", "name": "old"}]


def test_composite_keys_are_matched_part_by_part(past: Past) -> None:
    past.night([{"from_id": "E1", "to_id": "P1", "share": 1}], [{"from_id": "E1", "to_id": "P2"}])
    past.restored([{"from_id": "E1", "to_id": "P2", "share": 2}, {"from_id": "E2", "to_id": "P1", "share": 3}], LINKS)
    assert past.payload == [
        {"_action": "delete", "from_id": "E1", "to_id": "P2"},
        {"_action": "createOrUpdate", "from_id": "E1", "to_id": "P1", "share": 1},
    ]


@pytest.mark.parametrize("spelling", ["7", "7.0", 7, 7.0])
def test_a_key_of_number_type_is_one_however_it_is_spelt(spelling: Any, past: Past) -> None:
    by_number = ComparisonRules(("id",), {"id": "number"})
    past.night([{"id": 8, "name": "x"}], [{"id": spelling}])
    past.restored([{"id": 7, "name": "new"}, {"id": 8.0, "name": "y"}], by_number)
    assert past.payload == [{"_action": "delete", "id": 7}, {"_action": "createOrUpdate", "id": 8, "name": "x"}]


def test_a_date_in_a_key_is_found_again_although_the_import_reads_dates_otherwise(tmp_path: Path) -> None:
    """The payload said 03/04/2020, Orgvue says 2020-04-03, and the restore sends dates as Orgvue writes them."""
    types = {"id": "text", "since": "date"}
    (tmp_path / "sent.json").write_text(json.dumps([{"_action": "createOrUpdate", "id": "1", "since": "03/04/2020"}]))
    (tmp_path / "held.json").write_text("[]")
    past = Past(tmp_path)
    created = str(tmp_path / "created.gz")
    compare(
        CompareRequest(
            payload_path=str(tmp_path / "sent.json"),
            payload_format="json",
            columns=("id", "since"),
            items_path=str(tmp_path / "held.json"),
            comparison=ComparisonRules(("id", "since"), types, date_format="DD/MM/YYYY"),
            implicit_delete=True,
            scratch=str(tmp_path / "scratch"),
            created_path=created,
        )
    )
    past.undo.append(Undo(None, created))
    past.restored([{"id": "1", "since": "2020-04-03"}], ComparisonRules(("id", "since"), types))
    assert past.payload == [{"_action": "delete", "id": "1", "since": "2020-04-03"}]


def test_items_without_a_key_stay_away_and_are_spoken_of(past: Past) -> None:
    past.night([{"_id": "A", "name": "no key"}, {"_id": "B", "id": " "}, {"id": "1"}])
    found = past.restored([{"_id": "C", "id": ""}])
    assert past.payload == [{"_action": "createOrUpdate", "id": "1"}]
    assert found.changes == Changes(1, 0, 0, 1)
    (warning,) = found.payload.warnings
    assert "2 items without a key" in warning


def test_items_that_share_a_key_are_spoken_of(past: Past) -> None:
    past.night([{"id": "1", "name": "a"}, {"id": "1", "name": "b"}])
    found = past.restored([{"id": "1", "name": "c"}])
    assert past.payload == [{"_action": "createOrUpdate", "id": "1", "name": "a"}]
    (warning,) = found.payload.warnings
    assert "1 item cannot be put back" in warning


def cut(data: bytes) -> bytes:
    return data[:-9]


def scratched(data: bytes) -> bytes:
    return data[:20] + bytes([data[20] ^ 0xFF, data[21] ^ 0xFF]) + data[22:]


def not_packed(data: bytes) -> bytes:
    return gzip.decompress(data)


def not_json(data: bytes) -> bytes:
    return gzip.compress(b'{"id": "1"\n')


@pytest.mark.parametrize("damage", [cut, scratched, not_packed, not_json])
def test_a_damaged_backup_sends_nothing(damage: Callable[[bytes], bytes], past: Past) -> None:
    past.night([{"id": str(number), "name": f"name {number * 7919 % 1013}"} for number in range(500)])
    path = Path(str(past.undo[0].backup))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StateError, match="Nothing was sent") as raised:
        past.restored([])
    assert "restore again" in raised.value.hint
    assert not (past.folder / "own.backup.gz").exists()


def test_a_backup_that_is_gone_sends_nothing(past: Past) -> None:
    past.undo.append(Undo(str(past.folder / "gone.gz"), None))
    with pytest.raises(StateError, match="gone"):
        past.restored([])


def test_items_that_were_cut_short_are_an_error(past: Past) -> None:
    request = past.night([{"id": "1"}]).request([])
    Path(request.items_path).write_text('[{"id": "1"}')
    with pytest.raises(JsonStreamError):
        restore(request)


KEYS = st.integers(0, 12).map(lambda number: f"E{number}")
ITEMS = st.dictionaries(
    KEYS,
    st.fixed_dictionaries(
        {}, optional={"name": st.sampled_from(["Ann", "Zoë\n"]), "salary": st.sampled_from([1, 2.5])}
    ),
    max_size=10,
)


def as_items(held: dict[str, Row]) -> list[Row]:
    return [{"_id": f"#{key}", "id": key} | values for key, values in held.items()]


def imported(folder: Path, held: dict[str, Row], sent: dict[str, Row], number: int) -> tuple[dict[str, Row], Undo]:
    """What a load of `sent` makes of `held`, and the backup that is made before."""
    payload, items = folder / f"{number}.sent.json", folder / f"{number}.held.json"
    payload.write_text(json.dumps([{"_action": "createOrUpdate", "id": key} | row for key, row in sent.items()]))
    items.write_text(json.dumps(as_items(held)))
    undo = Undo(str(folder / f"{number}.backup.gz"), str(folder / f"{number}.created.gz"))
    compare(
        CompareRequest(
            payload_path=str(payload),
            payload_format="json",
            columns=("id", "name", "salary"),
            items_path=str(items),
            comparison=BY_ID,
            implicit_delete=True,
            scratch=str(folder / "scratch"),
            backup_path=undo.backup,
            created_path=undo.created,
        )
    )
    existing = Undo(*(path if path and Path(path).exists() else None for path in (undo.backup, undo.created)))
    return {key: held.get(key, {}) | row for key, row in sent.items()}, existing


def applied(held: dict[str, Row], payload: Sequence[Row]) -> dict[str, Row]:
    after = {key: dict(values) for key, values in held.items()}
    for row in payload:
        values = {name: value for name, value in row.items() if name not in ("_action", "id")}
        if row["_action"] == "delete":
            del after[row["id"]]
        else:
            merged = after.get(row["id"], {}) | values
            after[row["id"]] = {name: value for name, value in merged.items() if value is not None}
    return after


@settings(max_examples=40)
@given(first=ITEMS, nights=st.lists(ITEMS, max_size=3), by_hand=ITEMS, piece=st.sampled_from([PIECE, 20]))
def test_the_items_are_what_they_were_but_for_what_no_import_touched(
    first: dict[str, Row], nights: list[dict[str, Row]], by_hand: dict[str, Row], piece: int
) -> None:
    """Somebody changed items in between, too: those that an import touched as well go back, the others stay."""
    with TemporaryDirectory() as folder:
        past, held = Past(Path(folder)), first
        for number, sent in enumerate(nights):
            held, undo = imported(past.folder, held, sent, number)
            past.undo.append(undo)
        touched = {row["id"] for one in past.undo for path in one.paths for row in objects_in(path)}
        now = held | by_hand
        past.restored(as_items(now), piece=piece)
        expected = {key: values for key, values in now.items() if key not in touched}
        assert applied(now, past.payload) == expected | {key: first[key] for key in touched & first.keys()}


def objects_in(path: str) -> list[Row]:
    return [json.loads(line) for line in gzip.decompress(Path(path).read_bytes()).splitlines()]
