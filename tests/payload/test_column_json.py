"""Cells of columns as JSON."""

from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import Field
from bulkimport.payload.column_json import ColumnBatch
from bulkimport.payload.column_plan import PlannedColumn
from bulkimport.payload.convert import conversion
from bulkimport.payload.keys import TextKeys
from bulkimport.sources.arrow_types import TypedColumn, typed_column


def batch(**columns: Any) -> ColumnBatch:
    plan = [PlannedColumn(name, place) for place, name in enumerate(columns)]
    return ColumnBatch(plan, [typed_column(pa.array(cells)) for cells in columns.values()], frozenset())


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), min_size=1), st.booleans())
def test_texts_are_written_as_orjson_writes_them(texts: list[str | None], with_null: bool) -> None:
    cells = [*texts, None] if with_null else texts

    found = bytes(batch(id=cells).json())

    assert found == orjson.dumps([{"_action": "createOrUpdate", "id": cell} for cell in cells])[1:-1]


def test_all_kinds_of_values_stand_side_by_side() -> None:
    found = bytes(batch(**{'a"': ["x", 'y"'], "n": [1, None], "f": [1e16, 0.1], "b": [True, None]}).json())

    assert found == (
        b'{"_action":"createOrUpdate","a\\"":"x","n":1,"f":1e+16,"b":true},'
        b'{"_action":"createOrUpdate","a\\"":"y\\"","n":null,"f":0.1,"b":null}'
    )


def converted(cells: list[str], *, verbatim: frozenset[str] = frozenset(), **options: Any) -> tuple[bytes, Any]:
    field = Field("v", "v", **options)
    change = conversion(field, date_format="YYYY-MM-DD", verbatim=verbatim, as_text=False)
    columns = [TypedColumn("text", pa.array(cells))]
    found = ColumnBatch([PlannedColumn("v", 0, field, change)], columns, verbatim)
    return bytes(found.json()).replace(b'{"_action":"createOrUpdate","v":', b"").replace(b"}", b""), found.column(
        ("v",)
    )


def test_fields_convert_as_they_do_for_rows() -> None:
    assert converted(["7", "12"], type="number")[0] == b"7,12"
    assert (
        converted(["007", "1.50", "", "12345678901234567890"], type="number")[0] == b"7,1.5,null,12345678901234567890"
    )
    assert converted(["7", "8"], type="number", verbatim=frozenset({"7"}))[0] == b'"7",8'
    assert converted(["yes", ""], type="boolean", default=False) == (b"true,false", [True, False])
    assert converted(["", "x"], default=5) == (b'5,"x"', [5, "x"])
    assert converted(["2024-02-29"], type="date") == (b'"2024-02-29"', ["2024-02-29"])
    with pytest.raises(ValueError, match="is not a number"):
        converted(["x"], type="number")


def test_rows_are_left_out_by_their_flags() -> None:
    kept = batch(id=["a", "b", "c"], n=[1, 2, 3]).kept(b"\1\0\1")

    assert (len(kept), kept.column(("n",)), kept.column(("id", "n"))) == (2, [1, 3], [("a", 1), ("c", 3)])
    assert len(kept.kept(b"\0\0")) == 0


def keys(cells: list[str]) -> TextKeys:
    found = batch(id=cells).column(("id",))
    assert isinstance(found, TextKeys)
    return found


def test_keys_know_their_order_and_their_json() -> None:
    found = keys(["a", 'b"', "é"])

    assert (len(found), found.texts(), found.ends(), found.json()) == (
        3,
        ["a", 'b"', "é"],
        ("a", "é"),
        '["a","b\\"","é"]'.encode(),
    )
    assert found.ascend()
    assert not keys(["a", "a"]).ascend()
    assert not keys(["b", "a"]).ascend()
    assert keys(["a"]).ascend()


def test_keys_are_surely_filled_only_without_any_white_space() -> None:
    assert keys(["a", "b"]).surely_filled()
    for doubtful in (["a", ""], ["a b"], ["\u2003"], ["\x1f", "a"]):
        assert not keys(doubtful).surely_filled()


def test_other_keys_are_values_and_what_is_not_there_is_none() -> None:
    assert batch(id=[1, None]).column(("id",)) == [1, None]
    assert batch(id=["x", None]).column(("id",)) == ["x", None]
    assert batch(id=["x"]).column(("no",)) == [None]
    assert batch(id=["x"], n=[1]).column(("id", "no")) == [("x", None)]
