"""Memory and time of rows from databases, functions and workbooks: peak memory does not grow with the rows."""

import json
import shutil
from pathlib import Path

import pytest
import xlsxwriter

from tests.bench.processes import Ran, run_module
from tests.bench.tables import MIB, scaled, table
from tests.support.postgres import Database

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

MANY = max(scaled(1_000_000), 20_000)
_NAMES = "'Person ' || n AS name, 'Department ' || (n % 40) AS department"
_SERIES = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})"
_FUNCTION = """
def people():
    for n in range({rows}):
        yield {{"id": n, "name": f"Person {{n}}", "department": f"Department {{n % 40}}", "pay": n / 8}}
"""


def landed(document: dict[str, object], folder: Path, rows: int) -> Ran:
    ran = run_module("tests.bench.landing", json.dumps(document), folder)
    found, peak = map(int, ran.out.split())
    assert found == rows
    shutil.rmtree(folder)
    return ran._replace(peak=peak)  # the rows are made in sessions of their own


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
        case "Python function":
            (folder / f"hr{rows}.py").write_text(_FUNCTION.format(rows=rows))
            return {"function": f"hr{rows}:people", "folder": str(folder)}
        case _:
            workbook(folder / f"{rows}.xlsx", rows)
            return {"path": str(folder / f"{rows}.xlsx")}


@pytest.mark.parametrize(
    "kind", ["PostgreSQL", "PostgreSQL, asynchronous driver", "SQLite", "Python function", "Excel"]
)
def test_peak_memory_does_not_grow_with_the_rows(kind: str, tmp_path: Path, database: Database) -> None:
    many = MANY // 10 if kind == "Excel" else MANY  # a sheet ends at 1,048,576 rows, and is slow to read
    sizes = (many // 10, many)
    ran = {rows: landed(source(kind, rows, tmp_path, database), tmp_path / "landing", rows) for rows in sizes}
    table(
        (kind, "peak MiB", "seconds", "rows/s"),
        *(
            (f"{rows:,} rows", f"{one.peak / MIB:.0f}", f"{one.seconds:.1f}", f"{rows / one.seconds:,.0f}")
            for rows, one in ran.items()
        ),
    )
    assert ran[many].peak - ran[many // 10].peak < 30 * MIB
