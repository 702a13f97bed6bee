"""Columns as lines of JSON."""

import string
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.sources.arrow_json import json_lines
from bulkimport.sources.arrow_types import typed_column

TEXTS = st.text(alphabet=st.characters(codec="utf-8"))
CELLS = st.one_of(
    st.tuples(st.just(pa.string()), st.lists(st.none() | TEXTS, min_size=3, max_size=3)),
    st.tuples(st.just(pa.int64()), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3)),
    st.tuples(st.just(pa.uint64()), st.lists(st.none() | st.integers(0, 2**64 - 1), min_size=3, max_size=3)),
    st.tuples(
        st.just(pa.float64()),
        st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
    ),
    st.tuples(st.just(pa.bool_()), st.lists(st.none() | st.booleans(), min_size=3, max_size=3)),
)


@given(st.dictionaries(TEXTS, CELLS, min_size=1, max_size=5), st.integers(0, 2))
def test_lines_are_what_orjson_writes(columns: dict[str, tuple[Any, list[Any]]], start: int) -> None:
    arrays = [typed_column(pa.array(cells, kind).slice(start)) for kind, cells in columns.values()]

    lines = bytes(json_lines(list(columns), arrays))

    rows = [{name: cells[row] for name, (_, cells) in columns.items()} for row in range(start, 3)]
    assert lines == b"".join(orjson.dumps(row) + b"\n" for row in rows)


def test_decimals_are_written_digit_for_digit() -> None:
    cells = [Decimal("-0.50"), Decimal("1E-9"), None, Decimal("12345678901234567890.000000001")]
    array = pa.array(cells, pa.decimal128(38, 9))

    assert bytes(json_lines(["n"], [typed_column(array)])) == (
        b'{"n":-0.500000000}\n{"n":0.000000001}\n{"n":null}\n{"n":12345678901234567890.000000001}\n'
    )


def test_every_printable_character_and_every_control_is_kept() -> None:
    texts = [string.printable, "".join(map(chr, range(0x20))), "\x7f\u2028\ufeff"]

    lines = bytes(json_lines(["t"], [typed_column(pa.array(texts))])).splitlines()

    assert [orjson.loads(line)["t"] for line in lines] == texts
