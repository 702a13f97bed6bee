"""Records say of items what whole objects say of them, or nothing at all."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.diff import ComparisonRules
from bulkimport.snapshot.values import RecordDecoder

COLUMNS = ("id", "name", "active", "salary")
KINDS = {"active": "boolean", "salary": "number"}
SCALARS = st.sampled_from(["", "Ann", "1", "1.0", "true", "CLEAR", "KEEP", 1, 1.0, 0, 2**60, 1.5, None]) | st.text(
    max_size=3
)
VALUE = SCALARS | st.booleans()
ITEMS = st.fixed_dictionaries(
    {"id": st.sampled_from(["1", "2", "é"]) | st.integers(0, 3) | st.none()},
    optional={"name": SCALARS, "active": VALUE, "salary": SCALARS, "_action": st.just("createOrUpdate"), "x": VALUE},
)


def records_of(values: RecordDecoder, items: list[dict[str, Any]]) -> list[Any]:
    found = values.records(orjson.dumps(items))
    assert found is not None
    return found


@given(
    pairs=st.lists(st.tuples(ITEMS, ITEMS) | ITEMS.map(lambda item: (item, item)), min_size=1, max_size=6),
    clear_token=st.sampled_from([None, "CLEAR"]),
    noop_token=st.sampled_from([None, "KEEP"]),
)
def test_records_differ_where_their_items_do(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]], clear_token: str | None, noop_token: str | None
) -> None:
    comparison = ComparisonRules(("id",), KINDS, clear_token=clear_token, noop_token=noop_token)
    values = RecordDecoder(comparison, COLUMNS)
    rows, items = [row | {"x": 1} for row, _ in pairs], [item for _, item in pairs]
    named = [{name: value for name, value in row.items() if name in COLUMNS} for row in rows]

    changed = values.changed(records_of(values, rows), records_of(values, items))

    assert changed == [
        place for place, (row, item) in enumerate(zip(named, items, strict=True)) if not comparison.is_same(row, item)
    ]


def test_few_that_differ_among_many_are_found() -> None:
    values = RecordDecoder(ComparisonRules(("id",)), COLUMNS)
    rows = [{"id": str(number), "name": "Ann"} for number in range(100)]
    items = [row | ({"name": "Bob"} if row["id"] in ("7", "93") else {"_id": "x"}) for row in rows]

    assert values.changed(records_of(values, rows), records_of(values, items)) == [7, 93]


@given(items=st.lists(ITEMS, max_size=5), kind=st.sampled_from(["text", "number"]))
def test_records_have_the_identities_of_their_items(items: list[dict[str, Any]], kind: str) -> None:
    for key in (("id",), ("id", "name")):
        comparison = ComparisonRules(key, {"id": kind})
        values = RecordDecoder(comparison, ("salary",))
        assert comparison.identities(values.keys(records_of(values, items))) == list(map(comparison.identity, items))


@pytest.mark.parametrize(
    "value", ["[1]", '{"a": 1}', "true", "18446744073709551615", "-9223372036854775809", "1e400", '"\\ud800"']
)
def test_values_that_need_a_closer_look_make_no_record(value: str) -> None:
    assert (
        RecordDecoder(ComparisonRules(("id",)), COLUMNS).records(f'[{{"id": "1", "name": {value}}}]'.encode()) is None
    )


def test_a_truth_value_is_a_value_of_a_boolean_alone() -> None:
    assert RecordDecoder(ComparisonRules(("id",), KINDS), COLUMNS).records(b'[{"id": "1", "active": true}]') is not None


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", "[{}", "[{},]", '[{"id": 1}] x', '[{"other": tru}]', '[{"other": [1}]}]']
)
def test_what_is_no_whole_array_of_objects_makes_no_record(text: str) -> None:
    assert RecordDecoder(ComparisonRules(("id",)), COLUMNS).records(text.encode()) is None


@pytest.mark.parametrize("name", ['"', "\\", "\n"])
def test_names_that_json_escapes_make_no_record(name: str) -> None:
    assert RecordDecoder(ComparisonRules(("id",)), (name,)).records(json.dumps([{name: "1"}]).encode()) is None


def test_names_may_be_anything_else() -> None:
    names = ("id", "Ort, Straße", "a.b", "class", "_x", "")
    values = RecordDecoder(ComparisonRules(("id",)), names)
    rows = [dict.fromkeys(names, "1")]

    assert values.changed(records_of(values, rows), records_of(values, [rows[0] | {"Ort, Straße": "2"}])) == [0]


def test_what_is_nested_too_deeply_for_a_record_makes_none() -> None:
    deep = b"[" * 1_015 + b"]" * 1_015
    assert RecordDecoder(ComparisonRules(("id",)), COLUMNS).records(b'[{"id": "1", "other": ' + deep + b"}]") is None
