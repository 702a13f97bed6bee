import csv
import io
import json
from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.payload.encode import CsvFromRecords, CsvFromRows, Encoder, JsonFromRecords, JsonFromRows
from bulkimport.sources import ExactNumber

TEXTS = st.text(max_size=6) | st.text(alphabet=',"\r\n \\\té', max_size=4)
NAMES = st.lists(TEXTS, min_size=1, max_size=4, unique=True)


def whole(encoder: Encoder, *batches: Sequence[object]) -> bytes:
    return encoder.start + encoder.between.join(map(encoder.encode, batches)) + encoder.end


@given(NAMES, st.data())
def test_rows_become_objects_that_start_with_the_action(names: list[str], data: st.DataObject) -> None:
    cells = TEXTS | st.none() | st.booleans() | st.integers(-9, 9)
    rows = data.draw(st.lists(st.tuples(*[cells] * len(names)), min_size=2, max_size=5))

    written = json.loads(whole(JsonFromRows(names), rows[:1], rows[1:]))

    assert [list(each.items()) for each in written] == [
        [("_action", "createOrUpdate"), *zip(names, row, strict=True)] for row in rows
    ]


@given(NAMES, st.data())
def test_csv_reads_back_exactly(names: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.tuples(*[TEXTS] * len(names)), min_size=2, max_size=5))

    written = whole(CsvFromRows(names), rows[:1], rows[1:]).decode()

    assert list(csv.reader(io.StringIO(written, newline=""), strict=True)) == [
        ["_action", *names],
        *(["createOrUpdate", *row] for row in rows),
    ]
    assert written.endswith("\r\n")


def test_csv_has_empty_cells_for_null_and_the_text_of_other_values() -> None:
    assert whole(CsvFromRows(["a", "b"]), [("x", None), (5, "y,z")]) == (
        b'_action,a,b\r\ncreateOrUpdate,x,\r\ncreateOrUpdate,5,"y,z"\r\n'
    )
    assert whole(CsvFromRows(["a", "b"]), [("x", True), (None, False)]) == (
        b"_action,a,b\r\ncreateOrUpdate,x,true\r\ncreateOrUpdate,,false\r\n"
    )


def test_records_keep_their_properties_in_json_and_fill_a_line_in_csv() -> None:
    records: list[object] = [{"a": True, "b": None}, {"c": ExactNumber("0.10"), "a": "x"}]

    assert whole(JsonFromRecords(), records) == (
        b'[{"_action":"createOrUpdate","a":true,"b":null},{"_action":"createOrUpdate","c":0.10,"a":"x"}]'
    )
    assert whole(CsvFromRecords(["a", "b", "c"]), records) == (
        b"_action,a,b,c\r\ncreateOrUpdate,true,,\r\ncreateOrUpdate,x,,0.10\r\n"
    )


@pytest.mark.parametrize("count", [1, 300, 3000])
def test_any_number_of_columns_can_be_written(count: int) -> None:
    names = [f"column {n}" for n in range(count)]

    [written] = orjson.loads(whole(JsonFromRows(names), [[str(n) for n in range(count)]]))

    assert written == {"_action": "createOrUpdate", **{f"column {n}": str(n) for n in range(count)}}


def test_column_names_are_data_not_code() -> None:
    names = ["'", '"', "{x}", "\\", "\n", "'+__import__('os').abort()+'"]

    [written] = orjson.loads(whole(JsonFromRows(names), [["v"] * len(names)]))

    assert list(written) == ["_action", *names]


@pytest.mark.parametrize("encoder", [JsonFromRows(["a"]), CsvFromRows(["a"])])
def test_a_lone_surrogate_is_an_error(encoder: Encoder) -> None:
    with pytest.raises((TypeError, UnicodeEncodeError)):
        encoder.encode([["\ud800"]])


def test_values_that_are_not_plain_are_an_error() -> None:
    with pytest.raises(TypeError):
        JsonFromRecords().encode([{"a": object()}])
