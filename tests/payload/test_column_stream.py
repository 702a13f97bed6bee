"""Columns against rows: whatever the source, both give the same payload, keys and counts, or the same error."""

import csv
import datetime
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulkimport.errors import BulkimportError
from bulkimport.model import CsvSource, Field, FileSource, ParquetSource, Payload
from bulkimport.payload import PayloadRequest, column_json, column_stream, prepare
from bulkimport.sources import csv_columns

Outcome = tuple[Any, ...]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows make several blocks, and columns are worth it for any table."""
    monkeypatch.setattr(csv_columns, "BLOCK", 40)
    monkeypatch.setattr(csv_columns, "_PIECE", 15)
    monkeypatch.setattr(column_stream, "WORTHWHILE", 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("both")


def outcome(folder: Path, source: FileSource, *, rows: bool, **options: Any) -> Outcome:
    """The payload and all that is known of it, or the error."""
    names = [folder / name for name in ("payload", "keys")]
    spool, sidecar = map(str, names)
    request = PayloadRequest(source, options.pop("key", ("id",)), spool, sidecar, str(folder / "landing"), **options)
    with pytest.MonkeyPatch.context() as patch:
        if rows:
            patch.setattr(column_stream, "is_known", lambda request: False)
        try:
            payload = prepare(request)
        except BulkimportError as error:
            return type(error), error.message, error.hint, getattr(error, "line", None)
    facts = (names[0].read_bytes(), keys(payload), replace(payload, path="", keys_path=""))
    for name in names:
        name.unlink()
    return facts


def keys(payload: Payload) -> list[str]:
    """As they stand in the sidecar, whatever the batches were."""
    return [
        repr(key)
        for line in Path(payload.keys_path).read_bytes().split(b"\n")[:-1]
        for key in json.loads(line, parse_float=Decimal)
    ]


def both(folder: Path, source: FileSource, **options: Any) -> Outcome:
    by_columns = outcome(folder, source, rows=False, **options)
    assert by_columns == outcome(folder, source, rows=True, **options)
    return by_columns


def of_text(folder: Path, text: str | bytes, **marks: Any) -> CsvSource:
    path = folder / "source.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return CsvSource((str(path),), **marks)


# What goes wrong in tables: marks inside cells, odd line ends, white space, control characters, all of Unicode.
CELLS = st.one_of(
    st.sampled_from(["", " ", "0", "7", "007", "-1", "1.50", "1e5", "yes", "No", "2024-02-29", "31/12/2024", "\ufeff"]),
    st.text(alphabet="ab1,;|\"'\n\r\t\\ é\u2028😀\x01\x0b\x1f\x7f", max_size=5),
    st.text(max_size=4).filter(lambda text: "\0" not in text),
)
FIELDS = st.lists(
    st.sampled_from(
        [
            Field("id", "id"),
            Field("number", "a", "number"),
            Field("text", "a", "text", default="-"),
            Field("any", "b", default=7),
            Field("day", "b", "date"),
            Field("flag", "b", "boolean", default=True),
            Field("none", "missing", default='"x"'),
            Field('odd "name"\\', "a"),
        ]
    ),
    unique=True,
    max_size=4,
)
OPTIONS = st.fixed_dictionaries(
    {
        "fields": st.none()
        | FIELDS.map(lambda fields: (Field("id", "id"), *fields[:3])).map(
            lambda fields: tuple({field.name: field for field in fields}.values())
        ),
        "extra_columns": st.sampled_from(["pass", "drop"]),
        "duplicates": st.sampled_from(["refuse", "first", "last"]),
        "required": st.sampled_from([(), ("id",), ("id", "a")]),
        "key": st.sampled_from([("id",), ("id",), ("a",), ("id", "a")]),
        "verbatim": st.sampled_from([frozenset(), frozenset({"7"}), frozenset({"b"})]),
        "format": st.sampled_from(["json", "json", "json", "csv"]),
    }
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, str, str]:
    """A text of rows as some program may write it, its delimiter and its quote."""
    delimiter, quote = draw(st.sampled_from([",", ";", "\t", "|", " "])), draw(st.sampled_from(['"', '"', "'"]))
    quoting: Any = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    plain = draw(st.booleans())
    cells = st.sampled_from(["", "x", "12", "Zoë", "a b"]) if plain else CELLS
    rows = draw(st.lists(st.tuples(cells, cells, cells), max_size=12))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quotechar=quote, quoting=quoting, lineterminator=end).writerows(
        [("id", "a", "b"), *rows]
    )
    return text.getvalue(), delimiter, quote


@given(tables(), OPTIONS, st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"]))
def test_any_table_of_text(folder: Path, table: tuple[str, str, str], options: dict[str, Any], encoding: str) -> None:
    text, delimiter, quote = table
    data = text.encode(encoding, "replace")
    both(folder, of_text(folder, data, delimiter=delimiter, quotechar=quote, encoding=encoding), **options)


DAMAGE = st.sampled_from(['"', ",", "\n", "\r", "\r\n", "\0", "\\", '""', '"x', 'x"', '\n"', '",', "\n\n", "é"])


@given(tables(), st.lists(st.tuples(st.integers(0, 200), DAMAGE | st.binary(max_size=2)), min_size=1, max_size=3))
@example(('id,a,b\n1,"x","y"z\n', ",", '"'), [(0, "")])
@example(('id,a,b\n1,"a,"b",c"\n', ",", '"'), [(0, "")])
@example(('id,a,b\n1,",",x"y\n', ",", '"'), [(0, "")])
@example(("\ufeffid,a,b\n" + "1,x,y\n" * 20 + "\ufeff1,x,y\n", ",", '"'), [(0, "")])
@example(("id,a,b\n" + "1,x,y\n" * 20 + "1,x,y,z\n", ",", '"'), [(0, "")])
@example(("id,a,b,,\n" + "1,x,y,,\n" * 20 + "1,x,y,,z\n", ",", '"'), [(0, "")])
def test_any_damaged_table(folder: Path, table: tuple[str, str, str], damages: list[tuple[int, str | bytes]]) -> None:
    data, (_, delimiter, quote) = table[0].encode(), table
    for at, damage in damages:
        data = data[:at] + (damage.encode() if isinstance(damage, str) else damage) + data[at:]
    both(folder, of_text(folder, data, delimiter=delimiter, quotechar=quote))


@given(st.lists(tables(), min_size=2, max_size=3), st.permutations(["id", "a", "b"]))
def test_tables_in_several_files(folder: Path, found: list[tuple[str, str, str]], order: list[str]) -> None:
    paths = []
    for number, (text, _, _) in enumerate(found):
        path = folder / f"{number}.csv"
        header = ",".join(order if number else ["id", "a", "b"])
        path.write_text(header + "\n" + "".join(f"{number}{line},x,y\n" for line in range(len(text))), "utf-8")
        paths.append(str(path))
    both(folder, CsvSource(tuple(paths)))


ARROW_VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): st.text(alphabet=st.characters(codec="utf-8"), max_size=5),
    pa.large_string(): st.text(alphabet='a"\\\n\t\x02é', max_size=5),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from(["x", 'y"', ""]),
    pa.int8(): st.integers(-128, 127),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32, allow_nan=False, allow_infinity=False),
    pa.decimal128(38, 10): st.decimals("-1e27", "1e27", places=10),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(),
    pa.timestamp("us"): st.datetimes(),
    pa.timestamp("ms", "Europe/London"): st.datetimes(
        datetime.datetime.fromisoformat("1970-01-02"), datetime.datetime.fromisoformat("2100-01-01")
    ),
    pa.time64("us"): st.times(),
    pa.null(): st.none(),
}


@st.composite
def arrow_tables(draw: st.DrawFn) -> pa.Table:
    count = draw(st.integers(0, 9))
    columns = {}
    for name in ("id", "a", "b"):
        datatype = draw(st.sampled_from(list(ARROW_VALUES)))
        values = st.none() | ARROW_VALUES[datatype] if draw(st.booleans()) else ARROW_VALUES[datatype]
        cells = draw(st.lists(values, min_size=count, max_size=count))
        plain = datatype.value_type if pa.types.is_dictionary(datatype) else datatype
        columns[name] = pa.array(cells, plain).cast(datatype)
    return pa.table(columns)


@given(arrow_tables(), OPTIONS, st.integers(1, 5))
def test_any_table_with_types(folder: Path, table: pa.Table, options: dict[str, Any], group: int) -> None:
    pq.write_table(table, folder / "source.parquet", row_group_size=group)
    both(folder, ParquetSource((str(folder / "source.parquet"),)), **options)


def columns_and_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Counts the rows that go out as columns."""
    counted = {"columns": 0}
    original = column_json.ColumnBatch.json

    def counting(self: column_json.ColumnBatch) -> memoryview:
        counted["columns"] += len(self)
        return original(self)

    monkeypatch.setattr(column_json.ColumnBatch, "json", counting)
    yield counted


counted = pytest.fixture(columns_and_rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,a,b\n" + "1,x,y\n" * 40, 40),
        ('id,a,b\r\n1,"x, ""y""",z\r\n' + "1,\\,\t\r\n" * 40, 41),
        ("\n\nid,a,b\n" + "1,x,y\n\n" * 40, 40),
    ],
)
def test_plain_tables_do_go_out_as_columns(folder: Path, text: str, expected: int, counted: dict[str, int]) -> None:
    outcome(folder, of_text(folder, text), rows=False)

    assert counted["columns"] == expected


def test_a_block_with_a_line_end_in_a_cell_alone_is_read_by_rows(folder: Path, counted: dict[str, int]) -> None:
    text = "id,a,b\n" + "1,x,y\n" * 40 + '2,"x\ny",z\n' + "3,x,y\n" * 40

    found = outcome(folder, of_text(folder, text), rows=False)

    assert 60 <= counted["columns"] <= 78
    assert found[2].rows == 81


def test_a_feature_that_is_not_known_is_left_to_the_rows(folder: Path, counted: dict[str, int]) -> None:
    outcome(folder, of_text(folder, "id,a,b\n1,x,y\n"), rows=False, format="csv")

    assert counted["columns"] == 0


def test_a_small_table_is_not_worth_loading_arrow(
    folder: Path, counted: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_stream, "WORTHWHILE", 1000)
    outcome(folder, of_text(folder, "id,a,b\n1,x,y\n"), rows=False)
    assert counted["columns"] == 0
    outcome(folder, of_text(folder, "id,a,b\n" + "1,x,y\n" * 200), rows=False)
    assert counted["columns"] == 200


def test_without_arrow_tables_go_out_by_rows(
    folder: Path, counted: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_stream, "find_spec", lambda name: None)
    outcome(folder, of_text(folder, "id,a,b\n1,x,y\n"), rows=False)

    assert counted["columns"] == 0


@pytest.mark.parametrize("policy", ["refuse", "first", "last"])
@pytest.mark.parametrize("ids", ["1 1 2 3", "1 2 3 3", "1 2 3 1", "3 2 1 3 2", "1 2 3 4", " 1 1"])
def test_keys_that_are_there_twice_are_found_in_columns_too(
    folder: Path, counted: dict[str, int], ids: str, policy: str
) -> None:
    text = "id,a,b\n" + "".join(f"{key},x{row},y\n" for row, key in enumerate(ids.split(" ")))

    *_, payload = both(folder, of_text(folder, text), duplicates=policy, required=("id", "a"))

    repeated = len({key for key in ids.split() if ids.split().count(key) > 1})
    left_out = any("left out" in warning for warning in payload.warnings)
    assert (payload.duplicate_keys, left_out) == ((repeated, False) if policy == "refuse" else (0, bool(repeated)))
    assert counted["columns"] > 0
