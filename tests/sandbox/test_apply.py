"""What an import does to a dataset, against a model of it that fits on a page."""

import json
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.sandbox import dataset
from bulkimport.sandbox.apply import ImportParameters, ImportTask, JobOutcome, apply_import
from bulkimport.sandbox.world import DatasetSeed, PropertySeed
from tests.support.sandbox import LINKS, PEOPLE, POSITIONS

SEED = DatasetSeed(
    PEOPLE,
    "people",
    auto_id="id",
    properties=(
        PropertySeed("id"),
        PropertySeed("name", required=True),
        PropertySeed("pay", "number"),
        PropertySeed("born", "date"),
        PropertySeed("grade", allowed=("A", "B")),
        PropertySeed("sum", "number", read_only=True),
    ),
    items=({"id": "1", "name": "one", "pay": 1, "sum": 9}, {"id": "2", "name": "two"}, {"id": "3", "name": "three"}),
    locked=("3",),
)
REFRESH = ImportParameters(implicit_delete=True, auto_id=True)
SKIP = ImportParameters(implicit_delete=True, auto_id=True, on_action_validation_failure="skip")
BY_AUTO_ID = ImportParameters(auto_id=True)


@dataclass
class World:
    """One dataset in a folder, and imports into it."""

    folder: Path
    seed: DatasetSeed = SEED

    def __post_init__(self) -> None:
        dataset.plant(self.database, self.seed)

    @property
    def database(self) -> Path:
        return self.folder / f"{self.seed.dataset_id}.db"

    def load(self, rows: Any, parameters: ImportParameters = BY_AUTO_ID, **more: Any) -> JobOutcome:
        payload = self.folder / "payload"
        payload.write_bytes(rows if isinstance(rows, bytes) else json.dumps(rows).encode())
        work = {"job_id": str(uuid4()), "target_type": "json", "parameters": parameters, **more}
        return apply_import(
            ImportTask(database=str(self.database), payload=str(payload), result=str(self.folder / "result"), **work)
        )

    def entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads((self.folder / "result").read_bytes())
        return entries

    def statuses(self) -> list[tuple[str, str]]:
        return [(entry["_status"], entry["_action"]) for entry in self.entries()]

    def items(self) -> dict[str, dict[str, Any]]:
        """The items by auto id, without their `_id`."""
        content = json.loads(b"".join(dataset.items_json(self.database)))
        auto = self.seed.auto_id or "link_id"
        return {item[auto]: {name: value for name, value in item.items() if name != "_id"} for item in content}

    def description(self) -> dataset.Description:
        with closing(dataset.connect(self.database)) as db:
            return dataset.describe(db)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def names_of(outcome: JobOutcome) -> list[str]:
    return [error["name"] for error in outcome.errors]


@pytest.mark.parametrize(
    ("action", "key", "expected"),
    [
        ("create", "9", ("success", "create")),
        ("create", "1", "ItemExists"),
        ("update", "1", ("success", "update")),
        ("update", "9", "ItemNotFound"),
        ("replace", "1", ("success", "replace")),
        ("replace", "9", "ItemNotFound"),
        ("delete", "1", ("success", "delete")),
        ("delete", "9", "ItemNotFound"),
        ("noop", "1", ("skipped", "noop")),
        ("noop", "9", ("skipped", "noop")),
        ("createOrUpdate", "9", ("success", "create")),
        ("createOrUpdate", "1", ("success", "update")),
        ("createOrReplace", "9", ("success", "create")),
        ("createOrReplace", "1", ("success", "replace")),
        ("upsert", "1", "ActionUnknown"),
        (None, "1", "ActionMissing"),
    ],
)
def test_each_action_does_what_it_says_or_fails(world: World, action: Any, key: str, expected: Any) -> None:
    outcome = world.load([{"_action": action, "id": key, "name": "new"}])
    if isinstance(expected, str):
        assert names_of(outcome) == [expected]
        assert world.items()["1"]["name"] == "one"
        return
    assert world.statuses() == [expected]
    gone, changed = action == "delete", action not in ("noop", "delete")
    assert (key in world.items()) == (not gone and (changed or key == "1"))
    if changed:
        assert world.items()[key]["name"] == "new"


def test_update_keeps_what_it_does_not_name_and_replace_does_not(world: World) -> None:
    world.load([{"_action": "update", "id": "1", "born": "2000-01-31"}])
    assert world.items()["1"] == {"id": "1", "name": "one", "pay": 1, "sum": 9, "born": "2000-01-31"}
    world.load([{"_action": "replace", "id": "1", "name": "uno"}])
    assert world.items()["1"] == {"id": "1", "name": "uno", "sum": 9}


def test_the_action_must_be_the_first_key(world: World) -> None:
    assert names_of(world.load([{"id": "1", "_action": "update"}])) == ["ActionMissing"]


def test_values_are_read_by_their_types_and_null_clears(world: World) -> None:
    world.load([{"_action": "update", "id": "1", "pay": "12.50", "born": "2024-02-29", "grade": "A"}])
    assert world.items()["1"] == {"id": "1", "name": "one", "pay": 12.5, "born": "2024-02-29", "grade": "A", "sum": 9}
    world.load([{"_action": "update", "id": "1", "pay": "", "born": None}])
    assert world.items()["1"] == {"id": "1", "name": "one", "grade": "A", "sum": 9}


def test_numbers_and_leading_zeros_survive(world: World) -> None:
    big = 123456789012345678901234567890
    world.load([{"_action": "create", "id": "0007", "name": "00", "pay": big}])
    world.load([{"_action": "create", "id": "8", "name": "x", "pay": str(big)}])
    assert (world.items()["0007"]["pay"], world.items()["8"]["pay"]) == (big, big)


def test_dates_are_read_in_the_named_format_alone(world: World) -> None:
    british = ImportParameters(auto_id=True, date_format="DD/MM/YYYY")
    world.load([{"_action": "update", "id": "1", "born": "03/04/2001"}], british)
    assert world.items()["1"]["born"] == "2001-04-03"
    outcome = world.load([{"_action": "update", "id": "1", "born": "2001-04-03"}], british)
    assert names_of(outcome) == ["ValueInvalid"]


def test_tokens_leave_alone_and_clear(world: World) -> None:
    tokens = ImportParameters(auto_id=True, noop_token="-", clear_token="(none)")
    world.load([{"_action": "update", "id": "1", "name": "-", "pay": "(none)", "born": "-"}], tokens)
    assert world.items()["1"] == {"id": "1", "name": "one", "sum": 9}


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"colour": "red"}, "PropertyNotFound"),
        ({"pay": "much"}, "ValueInvalid"),
        ({"pay": True}, "ValueInvalid"),
        ({"name": {"first": "x"}}, "ValueInvalid"),
        ({"name": "\ud800"}, "ValueInvalid"),
        ({"name": ""}, "PropertyRequired"),
        ({"grade": "C"}, "ValueNotAllowed"),
        ({"id": " "}, "IdentifierBlank"),
        ({"id": None}, "IdentifierBlank"),
    ],
)
def test_a_bad_item_fails_the_job_or_is_reported_alone(world: World, values: dict[str, Any], name: str) -> None:
    rows = [{"_action": "update", "id": "2", "name": "zwei"}, {"_action": "createOrUpdate", "id": "1", **values}]
    before, cache_key = world.items(), world.description().cache_key
    assert names_of(world.load(rows)) == [name]
    assert (world.items(), world.description().cache_key) == (before, cache_key)
    skipping = ImportParameters(auto_id=True, on_action_validation_failure="skip")
    assert world.load(rows, skipping) == JobOutcome(2)
    assert world.statuses() == [("success", "update"), ("error", "createOrUpdate")]
    assert [error["name"] for error in world.entries()[1]["errors"]] == [name]
    assert (world.items()["2"]["name"], world.items()["1"]) == ("zwei", before["1"])


def test_an_item_that_failed_is_still_in_the_payload(world: World) -> None:
    unlocked = World(
        world.folder, DatasetSeed(POSITIONS, "x", auto_id="id", properties=SEED.properties, items=SEED.items)
    )
    unlocked.load([{"_action": "createOrUpdate", "id": "1", "name": ""}], SKIP)
    assert list(unlocked.items()) == ["1"]


def test_a_property_that_may_not_be_written_is_skipped_or_fails_the_job(world: World) -> None:
    row = [{"_action": "update", "id": "1", "sum": 5, "name": "new"}]
    assert names_of(world.load(row)) == ["PropertyAccessDenied"]
    world.load(row, ImportParameters(auto_id=True, on_property_access_denied="skip"))
    assert (world.items()["1"]["sum"], world.items()["1"]["name"]) == (9, "new")


def test_an_item_that_may_not_be_touched_is_skipped_or_fails_the_job(world: World) -> None:
    for row in ({"_action": "delete", "id": "3"}, {"_action": "update", "id": "3", "name": "drei"}):
        assert names_of(world.load([row])) == ["ItemAccessDenied"]
    skipping = ImportParameters(auto_id=True, implicit_delete=True, on_item_access_denied="skip")
    assert names_of(world.load([], REFRESH)) == ["ItemAccessDenied"]
    world.load([], skipping)
    assert list(world.items()) == ["3"]
    assert world.statuses() == [("implicitDelete", "delete"), ("implicitDelete", "delete"), ("error", "delete")]


@pytest.mark.parametrize("parameters", [BY_AUTO_ID, SKIP, ImportParameters(id_key="name")])
def test_duplicate_identifiers_fail_the_job_always(world: World, parameters: ImportParameters) -> None:
    before = world.items()
    rows = [{"_action": "createOrUpdate", "id": key, "name": "same"} for key in ("7", "8", "7")]
    assert names_of(world.load(rows, parameters)) == ["DuplicateIdentifier"]
    assert world.items() == before


def test_a_duplicate_far_from_its_first_is_found(world: World) -> None:
    rows = [{"_action": "createOrUpdate", "id": str(1000 + number % 1500), "name": "x"} for number in range(1501)]
    assert names_of(world.load(rows)) == ["DuplicateIdentifier"]


def test_items_are_matched_by_the_id_key(world: World) -> None:
    rows = [
        {"_action": "createOrUpdate", "id": "20", "name": "two"},
        {"_action": "createOrUpdate", "id": "4", "name": "4"},
    ]
    world.load(rows, ImportParameters(id_key="name"))
    assert world.statuses() == [("success", "update"), ("success", "create")]
    assert set(world.items()) == {"1", "20", "3", "4"}
    outcome = world.load([{"_action": "update", "id": "1", "name": "two"}], ImportParameters(id_key="name"))
    assert names_of(outcome) == ["DuplicateAutoId"]


def test_a_merge_key_means_several_items(world: World) -> None:
    world.load([{"_action": "update", "id": key, "grade": "A"} for key in ("1", "2")])
    world.load([{"_action": "update", "grade": "A", "pay": 5}], ImportParameters(merge_key="grade"))
    assert [item.get("pay") for item in world.items().values()] == [5, 5, None]
    assert world.statuses() == [("success", "update"), ("success", "update")]


def test_items_are_matched_by_their_internal_id(world: World) -> None:
    item_id = json.loads(b"".join(dataset.items_json(world.database)))[0]["_id"]
    fresh = str(uuid4()).upper()
    rows = [
        {"_action": "update", "_id": item_id.lower(), "name": "uno"},
        {"_action": "create", "_id": fresh, "id": "4", "name": "four"},
    ]
    world.load(rows, ImportParameters())
    assert [entry["_id"] for entry in world.entries()] == [item_id, fresh]
    assert (world.items()["1"]["name"], world.items()["4"]["name"]) == ("uno", "four")
    assert names_of(world.load([{"_action": "create", "id": "5", "name": "x"}], ImportParameters())) == [
        "IdentifierBlank"
    ]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[{]",
        b'[{"_action":"noop","id":"1"}',
        b"[1]",
        b"[] []",
        b'[{"id": NaN}]',
        b'[{"id":"\xff"}]',
        b"null",
    ],
)
def test_a_payload_that_is_not_an_array_of_objects_changes_nothing(world: World, payload: bytes) -> None:
    before = world.items()
    assert names_of(world.load(payload, REFRESH)) == ["PayloadUnreadable"]
    assert world.items() == before


def test_a_job_is_applied_once_however_often_it_is_run(world: World) -> None:
    row = [{"_action": "create", "id": "5", "name": "five"}]
    assert world.load(row, job_id="J") == world.load(row, job_id="J") == JobOutcome(1)
    failed = world.load([{"_action": "create", "id": "1", "name": "x"}], job_id="F")
    assert world.load([{"_action": "create", "id": "6", "name": "x"}], job_id="F") == failed
    assert set(world.items()) == {"1", "2", "3", "5"}


def test_a_fault_fails_the_job_or_rejects_items(world: World) -> None:
    row = [{"_action": "update", "id": "1", "name": "x"}, {"_action": "update", "id": "2", "name": "y"}]
    assert [error["message"] for error in world.load(row, fail=("no luck",)).errors] == ["no luck"]
    assert names_of(world.load(row, reject=("2",))) == ["ItemRejected"]
    world.load(row, ImportParameters(auto_id=True, on_action_validation_failure="skip"), reject=("2",))
    assert (world.items()["1"]["name"], world.items()["2"]["name"]) == ("x", "two")


def test_links_need_both_their_ends_and_get_their_id_computed(tmp_path: Path) -> None:
    people = World(tmp_path)
    seed = DatasetSeed(LINKS, "links", "LINKS", properties=(PropertySeed("since", "date"),), joins=(PEOPLE, POSITIONS))
    links = World(tmp_path, seed)
    sides = (str(people.database), str(people.database))
    good = {"_action": "createOrUpdate", "from_id": "1", "to_id": 2, "since": "2020-01-01"}
    links.load([good], REFRESH, sides=sides)
    assert links.items() == {"1|2": {"from_id": "1", "to_id": "2", "since": "2020-01-01", "link_id": "1|2"}}
    links.load([good], REFRESH, sides=sides)
    assert links.statuses() == [("skipped", "update")]
    assert names_of(links.load([{**good, "to_id": "77"}], REFRESH, sides=sides)) == ["LinkEndNotFound"]
    assert names_of(links.load([good], REFRESH, sides=(sides[0], None))) == ["LinkEndNotFound"]
    assert names_of(links.load([{"_action": "create", "from_id": "1"}], REFRESH, sides=sides)) == ["IdentifierBlank"]
    assert names_of(links.load([{**good, "link_id": "x"}], REFRESH, sides=sides)) == ["PropertyAccessDenied"]
    links.load([{**good, "to_id": "77"}], REFRESH, sides=None)
    assert list(links.items()) == ["1|77"]


@given(st.text(), st.text(), st.text(), st.text())
def test_no_two_pairs_share_a_link_id(a: str, b: str, c: str, d: str) -> None:
    assert (dataset.link_id(a, b) == dataset.link_id(c, d)) == ((a, b) == (c, d))


ACTIONS = ["create", "update", "replace", "delete", "noop", "createOrUpdate", "createOrReplace"]
KEYS = st.sampled_from(["1", "2", "3", "04", "ü", " "])
ROWS = st.fixed_dictionaries(
    {"_action": st.sampled_from(ACTIONS)},
    optional={
        "id": KEYS,
        "name": st.sampled_from(["a", "b", "", None, "😀"]),
        "pay": st.one_of(st.none(), st.integers(), st.sampled_from(["", "7", "x", 7.0, 0.1])),
        "odd": st.just("unknown"),
    },
).map(lambda row: {"_action": row["_action"], **row})
MODEL_SEED = DatasetSeed(
    PEOPLE, "model", auto_id="id", properties=(PropertySeed("id"), PropertySeed("name"), PropertySeed("pay", "number"))
)
Items = dict[str, dict[str, Any]]


def expected(items: Items, rows: list[dict[str, Any]], parameters: ImportParameters) -> Items | None:
    """The items after the import; None if the job fails."""
    keys = [row["id"] for row in rows if row.get("id", " ").strip()]
    if len(set(keys)) != len(keys):
        return None
    after = {key: dict(item) for key, item in items.items()}
    for row in rows:
        action, key = row["_action"], row.get("id", "")
        old = items.get(key)
        wrong = not key.strip() or (action == "create" and old is not None)
        wrong |= action in ("update", "replace", "delete") and old is None
        if action not in ("delete", "noop"):
            wrong |= "odd" in row or row.get("pay") == "x"
        if wrong:
            if parameters.on_action_validation_failure == "fail":
                return None
        elif action == "delete":
            del after[key]
        elif action != "noop":
            body = {} if old is None or action in ("replace", "createOrReplace") else dict(old)
            body |= {name: row[name] for name in ("id", "name", "pay") if name in row}
            if isinstance(body.get("pay"), str):
                body["pay"] = int(body["pay"]) if body["pay"] else None
            after[key] = {name: value for name, value in body.items() if value is not None}
    if parameters.implicit_delete:
        after = {key: item for key, item in after.items() if key in keys}
    return after


@given(
    st.lists(st.tuples(st.lists(ROWS, max_size=6), st.booleans(), st.sampled_from(["skip", "fail"])), max_size=4),
)
def test_any_sequence_of_imports_leaves_what_the_model_says(
    steps: list[tuple[list[dict[str, Any]], bool, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), MODEL_SEED)
        items: Items = {}
        for rows, implicit_delete, policy in steps:
            parameters = ImportParameters(
                auto_id=True, implicit_delete=implicit_delete, on_action_validation_failure=policy
            )
            outcome, after = world.load(rows, parameters), expected(items, rows, parameters)
            assert bool(outcome.errors) == (after is None)
            items = items if after is None else after
            assert world.items() == items
            if after is not None:
                assert len(world.entries()) >= len(rows)
