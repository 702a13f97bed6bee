"""Memory and time of a payload from every kind of source: peak memory does not grow with the rows.

CSV, whose larger files are read in another way than its smaller ones, is measured by both in test_payload_bench.py.
"""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from tests.bench.processes import Ran, run_module
from tests.bench.tables import MIB, scaled, table
from tests.support.postgres import Database

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

KINDS = (
    *("NDJSON", "JSON", "Parquet", "Excel", "DuckDB", "PostgreSQL", "PostgreSQL, asynchronous driver"),
    *("SQLite", "DuckDB through SQLAlchemy", "Python function"),
)
MANY = max(scaled(1_000_000), 20_000)
_NAMES = "'Person ' || n AS name, 'Department ' || (n % 40) AS department"
_SERIES = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})"
_FUNCTION = """
def people():
    for n in range({rows}):
        yield {{"id": n, "name": f"Person {{n}}", "department": f"Department {{n % 40}}", "pay": n / 8}}
"""


def prepared(document: dict[str, object], folder: Path, rows: int) -> Ran:
    ran = run_module("tests.bench.reading", json.dumps(document), folder)
    assert int(ran.out) == rows
    shutil.rmtree(folder)
    return ran


def columns(first: int, last: int) -> pa.Table:
    numbers = range(first, last)
    return pa.table(
        {
            "id": list(numbers),
            "name": [f"Person {n}" for n in numbers],
            "department": [f"Department {n % 40}" for n in numbers],
            "pay": [n / 8 for n in numbers],
        }
    )


def write_file(path: Path, rows: int) -> None:
    """The table in the format of the file's suffix, at no time whole in memory."""
    pieces = (columns(first, min(first + 50_000, rows)) for first in range(0, rows, 50_000))
    match path.suffix:
        case ".parquet":
            with pq.ParquetWriter(path, columns(0, 1).schema) as file:
                for piece in pieces:
                    file.write_table(piece)
        case suffix:
            lines = (json.dumps(row) for piece in pieces for row in piece.to_pylist())
            with path.open("w") as file:
                file.write("[" if suffix == ".json" else "")
                for number, line in enumerate(lines):
                    file.write(("," if number and suffix == ".json" else "") + line + "\n")
                file.write("]" if suffix == ".json" else "")


def workbook(path: Path, rows: int) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "name", "department", "pay"])
        for n in range(1, rows + 1):
            sheet.write_row(n, 0, [n, f"Person {n}", f"Department {n % 40}", n / 8])


def source(kind: str, rows: int, folder: Path, database: Database) -> dict[str, object]:
    match kind:
        case "PostgreSQL":
            query = f"SELECT n AS id, {_NAMES}, n / 8.0 AS pay FROM generate_series(1, {rows}) n"
            return {"url": database.url(), "folder": str(folder), "query": query}
        case "PostgreSQL, asynchronous driver":
            return {**source("PostgreSQL", rows, folder, database), "url": database.url("asyncpg")}
        case "SQLite":
            (folder / "hr.db").touch()
            query = f"{_SERIES.format(rows=rows)} SELECT n AS id, {_NAMES}, n / 8.0 AS pay FROM s"
            return {"url": "sqlite:///hr.db", "folder": str(folder), "query": query}
        case "DuckDB through SQLAlchemy":
            return {**source("DuckDB", rows, folder, database), "url": "duckdb:///:memory:"}
        case "Python function":
            (folder / f"hr{rows}.py").write_text(_FUNCTION.format(rows=rows))
            return {"function": f"hr{rows}:people", "folder": str(folder)}
        case "DuckDB":
            query = f"SELECT n AS id, {_NAMES}, n / 8.0 AS pay FROM range(1, {rows} + 1) s(n)"
            return {"folder": str(folder), "query": query}
        case "Excel":
            workbook(folder / f"{rows}.xlsx", rows)
            return {"path": str(folder / f"{rows}.xlsx")}
        case _:
            path = folder / f"{rows}.{kind.lower()}"
            write_file(path, rows)
            return {"path": str(path)}


@pytest.mark.parametrize("kind", KINDS)
def test_peak_memory_does_not_grow_with_the_rows(kind: str, tmp_path: Path, database: Database) -> None:
    many = MANY // 10 if kind == "Excel" else MANY  # a sheet ends at 1,048,576 rows, and is slow to read
    sizes = (many // 10, many)
    ran = {rows: prepared(source(kind, rows, tmp_path, database), tmp_path / "spool", rows) for rows in sizes}
    table(
        (kind, "peak MiB", "seconds", "rows/s"),
        *(
            (f"{rows:,} rows", f"{one.peak / MIB:.0f}", f"{one.seconds:.1f}", f"{rows / one.seconds:,.0f}")
            for rows, one in ran.items()
        ),
    )
    assert ran[many].peak - ran[many // 10].peak < 40 * MIB
