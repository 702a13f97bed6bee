"""Parquet files: whole and with all their types, or a sentence about what is wrong with them."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bulkimport.errors import SourceError
from bulkimport.model import ParquetSource
from bulkimport.sources import ExactNumber, Place
from bulkimport.sources.parquet import ParquetRecords


def written(folder: Path, columns: dict[str, Any] | pa.Table, name: str = "a.parquet", **options: Any) -> str:
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    pq.write_table(table, folder / name, **options)
    return str(folder / name)


def rows(*paths: str, needed: frozenset[str] | None = None) -> list[dict[str, Any]]:
    return [row for batch in ParquetRecords(ParquetSource(paths), needed).batches() for row in batch]


def problem(*paths: str, needed: frozenset[str] | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        rows(*paths, needed=needed)
    assert caught.value.hint
    return caught.value


def test_values_keep_their_types(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "id": ["a", "b"],
            "pay": pa.array([Decimal("65000.10"), None], pa.decimal128(20, 2)),
            "born": [datetime.date(1990, 2, 1), None],
            "at": [datetime.datetime.fromisoformat("2024-02-29T08:30:00"), None],
            "active": [True, None],
            "size": pa.array([2**64 - 1, None], pa.uint64()),
            "share": [0.1, None],
            "place": pa.array(["London", None]).dictionary_encode(),
            "nothing": [None, None],
        },
    )

    assert rows(path) == [
        {
            "id": "a",
            "pay": ExactNumber("65000.10"),
            "born": "1990-02-01",
            "at": "2024-02-29T08:30:00",
            "active": True,
            "size": 2**64 - 1,
            "share": 0.1,
            "place": "London",
            "nothing": None,
        },
        {"id": "b", **dict.fromkeys(["pay", "born", "at", "active", "size", "share", "place", "nothing"])},
    ]


def test_many_rows_come_in_batches_whatever_the_row_groups(tmp_path: Path) -> None:
    path = written(tmp_path, {"id": list(range(30_000))}, row_group_size=12_345)
    source = ParquetRecords(ParquetSource((path,)))

    batches = list(source.batches())

    assert [row["id"] for batch in batches for row in batch] == list(range(30_000))
    assert max(map(len, batches)) <= 500
    assert source.files.bytes_read == source.files.size
    assert next(iter(source.places())) == Place(path, 1, "row")
    assert sum(1 for _ in source.places()) == 30_000


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    source = ParquetRecords(ParquetSource((written(tmp_path, {"id": pa.array([], pa.string()), "a": []}),)))

    assert source.columns == ("id", "a")
    assert list(source.batches()) == []


def test_files_with_the_same_columns_are_one_source(tmp_path: Path) -> None:
    one, two = written(tmp_path, {"id": [1], "a": ["x"]}), written(tmp_path, {"a": [5], "id": ["2"]}, "b.parquet")

    assert rows(one, two) == [{"id": 1, "a": "x"}, {"id": "2", "a": 5}]
    other = written(tmp_path, {"id": [1], "b": ["x"]}, "c.parquet")
    assert "differ in their columns: 'a', 'b'" in problem(one, other).message


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pa.array([[1]]), "list<"),
        (pa.array([{"x": 1}]), "struct<"),
        (pa.array([b"x"]), "binary"),
        (pa.array([datetime.timedelta(1)]), "duration"),
    ],
)
def test_columns_without_plain_values_are_refused_by_name_unless_they_are_not_needed(
    tmp_path: Path, column: pa.Array, words: str
) -> None:
    path = written(tmp_path, {"id": ["1"], "odd": column})

    error = problem(path)

    assert f"{path}: the column 'odd' holds values of the type {words}" in error.message
    assert "leave the column out" in error.hint
    assert rows(path, needed=frozenset({"id"})) == [{"id": "1"}]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_refused_with_their_row(tmp_path: Path, value: float) -> None:
    path = written(tmp_path, {"id": [0.0] * 9000 + [value]})

    error = problem(path)

    assert error.message == f"{path}, row 9001: the value '{value}' of the column 'id' is not a number that JSON has"
    assert error.line == 9001


@pytest.mark.parametrize(
    "far", [pa.array([2**30], pa.date32()), pa.array([2**50], pa.timestamp("s")), pa.array([2**62], pa.timestamp("us"))]
)
def test_days_that_no_calendar_has_are_refused_with_their_row(tmp_path: Path, far: Any) -> None:
    error = problem(written(tmp_path, {"born": far}))
    assert "row 1: the value" in error.message
    assert "of the column 'born' is not in the years 1 to 9999" in error.message


def test_a_page_that_its_checksum_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = Path(written(tmp_path, {"name": ["Zoë", "Ann"]}, compression="none", write_page_checksum=True))
    content = path.read_bytes()
    assert content.count(b"Ann") >= 1
    path.write_bytes(content.replace(b"Ann", b"Bob", 1))
    assert "Bob" not in problem(str(path)).message


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"], pa.binary()).buffers())

    assert "the column 'id' holds text that is not UTF-8" in problem(written(tmp_path, {"id": broken})).message


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])

    assert "has the column 'id' more than once" in problem(written(tmp_path, table)).message


@pytest.mark.parametrize("cut", [1, 8, 1000, -1])
def test_a_file_that_is_cut_short_or_something_else_is_refused(tmp_path: Path, cut: int) -> None:
    path = Path(written(tmp_path, {"id": [str(number) for number in range(5000)]}))
    path.write_bytes(path.read_bytes()[:cut])

    assert f"{path} is cut short, damaged, or no Parquet file: " in problem(str(path)).message


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    path = Path(written(tmp_path, {"id": [str(number) for number in range(5000)]}, compression="zstd"))
    data = bytearray(path.read_bytes())
    data[200:400] = bytes(200)
    path.write_bytes(data)

    assert f"{path} is cut short, damaged, or no Parquet file: " in problem(str(path)).message


def test_files_that_are_empty_or_missing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").touch()

    assert "is empty" in problem(str(tmp_path / "a.parquet")).message
    assert "does not exist" in problem(str(tmp_path / "b.parquet")).message
