"""Queries whose driver gives columns: what lands is what lands of its rows, and so is what is said of an error."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkimport.errors import SourceError
from bulkimport.model import NdjsonSource, Secret, SqlSource
from bulkimport.sources import database, database_columns
from bulkimport.sources.database import write_query
from bulkimport.sources.landing import land
from bulkimport.sources.landing_file import LandingFile
from bulkimport.sources.typed import TypedRows

URL = "duckdb:///hr.duckdb"
PLACE = "the query on duckdb:///hr.duckdb"


class Counting:
    """How many of the rows that were written since this was made came by column."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        write_lines, write = TypedRows.write_lines, TypedRows.write

        def counting_lines(rows: TypedRows, text: bytes | memoryview, count: int) -> None:
            self.rows += count
            write_lines(rows, text, count)

        def counting(rows: TypedRows, records: Any) -> None:
            write(rows, records)
            self.rows -= len(records)

        monkeypatch.setattr(TypedRows, "write_lines", counting_lines)
        monkeypatch.setattr(TypedRows, "write", counting)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # as the process is that runs queries
    return tmp_path


def fill(folder: Path, *statements: str) -> None:
    with duckdb.connect(str(folder / "hr.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def outcome(folder: Path, query: str, **parameters: Any) -> Any:
    """Columns and lines, or what is said of the error."""
    target = folder / "rows.ndjson"
    target.unlink(missing_ok=True)
    details = {"url": URL, "folder": str(folder), "query": query, "query_file": None, "parameters": parameters}
    try:
        with LandingFile(target) as file:
            columns = write_query({**details, "timeout": 60.0}, TypedRows(file, PLACE))
    except SourceError as error:
        return error.message, error.hint, error.path, error.line
    return columns, target.read_bytes()


@contextmanager
def rows_alone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "columns_of", lambda connection, statement: None)
        yield


def same(folder: Path, query: str, **parameters: Any) -> Any:
    """The outcome, once it is found to be that of the rows."""
    found = outcome(folder, query, **parameters)
    with rows_alone():
        assert found == outcome(folder, query, **parameters)
    return found


def integers(bits: int, *, signed: bool = True) -> st.SearchStrategy[object]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.integers(low, high)


TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"))
DAYS = st.dates().map(str) | st.sampled_from(("infinity", "-infinity", "0044-03-15 (BC)", "12345-06-07"))
MOMENTS = st.datetimes().map(str)
KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "BOOLEAN": st.booleans(),
    **{f"{kind}INT": integers(bits) for kind, bits in (("TINY", 8), ("SMALL", 16), ("BIG", 64))},
    **{f"U{kind}INT": integers(bits, signed=False) for kind, bits in (("TINY", 8), ("SMALL", 16), ("BIG", 64))},
    "INTEGER": integers(32),
    "UINTEGER": integers(32, signed=False),
    "HUGEINT": integers(128),
    "FLOAT": st.floats(width=32),
    "DOUBLE": st.floats(),
    "DECIMAL(4,1)": st.decimals(-999, 999, places=1).map(str),
    "DECIMAL(18,3)": st.decimals(-(10**14), 10**14, places=3).map(str),
    "DECIMAL(18,0)": integers(59),
    "DECIMAL(38,30)": st.decimals(-(10**7), 10**7, places=30).map(str),
    "VARCHAR": TEXTS,
    "UUID": st.uuids().map(str),
    "ENUM('a', 'it''s \"é\"')": st.sampled_from(("a", 'it\'s "é"')),
    "DATE": DAYS,
    "TIME": st.times().map(str) | st.just("24:00:00"),
    "TIMESTAMP": MOMENTS | st.sampled_from(("infinity", "-infinity", "0044-03-15 (BC) 01:02:03")),
    "TIMESTAMP_S": MOMENTS.map(lambda moment: moment[:19]),
    "TIMESTAMP_MS": MOMENTS.map(lambda moment: moment[:23]),
}
UNKNOWN: dict[str, st.SearchStrategy[Any]] = {
    "TIMESTAMP_NS": st.just("2024-01-02 03:04:05.123456789"),
    "UHUGEINT": integers(128, signed=False),
    "JSON": st.sampled_from(('{"a": 1}', "null", "7")),
    "BLOB": st.just("x"),
    "BIT": st.just("101"),
    "INTERVAL": st.just("1 day"),
    "INTEGER[]": st.just("[1]"),
    "STRUCT(a INTEGER)": st.just("{'a': 1}"),
}
NAMES = TEXTS.filter(bool).map(lambda name: name.casefold())


@st.composite
def tables(draw: st.DrawFn, types: dict[str, st.SearchStrategy[Any]]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Types of columns, and rows."""
    kinds = draw(st.lists(st.sampled_from(sorted(types)), min_size=1, max_size=5))
    return kinds, draw(st.lists(st.tuples(*(st.none() | types[kind] for kind in kinds)), max_size=12))


def store(folder: Path, names: list[str], kinds: list[str], rows: list[tuple[Any, ...]]) -> None:
    columns = ", ".join(
        f'"{name.replace(chr(34), chr(34) * 2)}" {kind}' for name, kind in zip(names, kinds, strict=True)
    )
    marks = ", ".join("?" for _ in kinds)
    with duckdb.connect(str(folder / "hr.duckdb")) as connection:
        connection.execute(f"CREATE OR REPLACE TABLE t ({columns})")
        for row in rows:
            connection.execute(f"INSERT INTO t VALUES ({marks})", row)


SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)


@SAME_FOLDER
@given(tables(KNOWN), st.booleans(), st.data())
def test_what_lands_is_what_lands_of_the_rows(
    folder: Path, table: tuple[list[str], list[tuple[Any, ...]]], cut: bool, data: st.DataObject
) -> None:
    kinds, rows = table
    names = data.draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=True))
    store(folder, names, kinds, rows)
    with pytest.MonkeyPatch.context() as patch:
        if cut:
            patch.setattr(database_columns, "_MOST_BYTES", 40)
        same(folder, "SELECT * FROM t ORDER BY rowid")


@SAME_FOLDER
@given(tables({**KNOWN, **UNKNOWN}))
def test_types_that_are_not_known_to_be_exact_are_left_to_the_rows(
    folder: Path, table: tuple[list[str], list[tuple[Any, ...]]]
) -> None:
    kinds, rows = table
    store(folder, [f"c{number}" for number in range(len(kinds))], kinds, rows)
    with pytest.MonkeyPatch.context() as patch:
        by_column = Counting(patch)
        outcome(folder, "SELECT * FROM t ORDER BY rowid")
    if any(kind in UNKNOWN for kind in kinds):
        assert by_column.rows == 0
    same(folder, "SELECT * FROM t ORDER BY rowid")


def test_every_known_type_goes_by_column(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"BOOLEAN": "true", "VARCHAR": "x", "UUID": str(uuid.UUID(int=7)), "TIME": "01:02:03.5"}
    names = sorted(KNOWN)
    values = [
        plain.get(kind, "2024-02-29" if kind.startswith(("DATE", "TIMES")) else "a" if "ENUM" in kind else "7")
        for kind in names
    ]
    store(folder, [f"c{number}" for number in range(len(names))], names, [tuple(values), (None,) * len(names)])
    by_column = Counting(monkeypatch)

    columns, lines = outcome(folder, "SELECT * FROM t ORDER BY rowid")

    assert by_column.rows == 2
    assert len(columns) == len(names)
    assert lines.count(b"\n") == 2
    same(folder, "SELECT * FROM t ORDER BY rowid")


def test_a_value_that_only_rows_can_tell_costs_its_batch_and_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(
        folder,
        "CREATE TABLE t AS SELECT i, CASE i WHEN 20000 THEN 'infinity'::DATE ELSE DATE '2024-01-01' END AS until"
        " FROM range(40000) r(i)",
    )
    query = "SELECT * FROM t ORDER BY i"
    with pytest.MonkeyPatch.context() as patch:
        by_column = Counting(patch)
        _, lines = outcome(folder, query)

    assert b'{"i":20000,"until":"9999-12-31"}\n' in lines
    assert 40_000 - 2 * 10_000 < by_column.rows < 40_000
    same(folder, query)


def test_parameters_are_bound_as_for_rows(folder: Path) -> None:
    fill(
        folder, "CREATE TABLE t AS SELECT i AS id, DATE '2024-01-01' + i::INT AS day, 'n%' || i AS n FROM range(9) r(i)"
    )
    query = (
        'SELECT id, :text AS text, :n + id AS n, :yes AS yes, :half AS half, :none AS none, n AS "a%" FROM t '
        "WHERE day >= :day AND (id < :n OR :yes) AND n LIKE 'n%' AND 'a\\:b' = 'a' || ':' || 'b' ORDER BY :n - id"
    )

    _, lines = same(folder, query, text="Zoë '%s' :x", n=5, yes=True, half=0.5, none=1, day="2024-01-07")

    assert lines.startswith(
        '{"id":8,"text":"Zoë \'%s\' :x","n":13,"yes":true,"half":0.5,"none":1,"a%":"n%8"}\n'.encode()
    )
    assert lines.count(b"\n") == 3


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM gone", "Table with name gone does not exist"),
        ("SELECT * FROM rows", "Table with name rows does not exist"),
        ("SELECT nme FROM t", "nme"),
        ("SELEC 1", "syntax error"),
        ("SELECT i, i AS x, i FROM t", "the columns 1 and 3 are all named 'i'"),
        (
            "SELECT i, (CASE i WHEN 9000 THEN 'x' ELSE '1' END)::INT AS n FROM t",
            "Could not convert string 'x' to INT32",
        ),
        ("SELECT i, CASE i WHEN 9000 THEN 'nan'::DOUBLE ELSE 1 END AS n FROM t", "row 9001: column 'n' is nan"),
        ("SELECT i, CASE i WHEN 9000 THEN '-inf'::FLOAT ELSE 1 END AS n FROM t", "row 9001: column 'n' is -inf"),
        ("SELECT [i] AS n FROM t", "row 1: column 'n' holds a value of the type list"),
        ("DELETE FROM t RETURNING i", "one that changes data (DELETE)"),
        ("SELECT i FROM t WHERE i = :i", "there is no value for :i"),
    ],
)
def test_an_error_is_told_as_for_rows(folder: Path, query: str, words: str) -> None:
    fill(folder, "CREATE TABLE t AS SELECT i FROM range(300_000) r(i)")

    message, _hint, _, _ = same(folder, query)

    assert words in message


@pytest.mark.parametrize(
    "query",
    ["SHOW TABLES", "PRAGMA table_info('t')", "EXPLAIN SELECT * FROM t", "FROM t", "SELECT * FROM t WHERE false"],
)
def test_other_statements_give_what_their_rows_give(folder: Path, query: str) -> None:
    fill(folder, "CREATE TABLE t AS SELECT 1 AS i")
    same(folder, query)


def test_a_database_is_opened_for_reading_and_not_made_if_it_is_missing(folder: Path) -> None:
    fill(folder, "CREATE SEQUENCE numbers")
    assert "read-only mode" in same(folder, "SELECT nextval('numbers') AS n")[0]
    (folder / "hr.duckdb").rename(folder / "elsewhere.duckdb")
    assert outcome(folder, "SELECT 1 AS n")[0] == f"The DuckDB database {folder}/hr.duckdb does not exist"
    assert not (folder / "hr.duckdb").exists()


def test_a_file_is_let_go_of_after_the_query(folder: Path) -> None:
    fill(folder, "CREATE TABLE s AS SELECT 1 AS i")
    same(folder, "SELECT * FROM s")
    with duckdb.connect(str(folder / "hr.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")  # the file was let go of


@pytest.mark.parametrize("reason", ["no pyarrow", "an older DuckDB"])
def test_without_what_it_takes_the_rows_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    fill(folder, "CREATE TABLE t AS SELECT i FROM range(3) r(i)")
    if reason == "no pyarrow":
        monkeypatch.setattr(database_columns, "find_spec", lambda name: None)
    else:
        monkeypatch.setattr(duckdb, "__version__", "1.5.5")
    by_column = Counting(monkeypatch)

    assert outcome(folder, "SELECT * FROM t ORDER BY i") == (("i",), b'{"i":0}\n{"i":1}\n{"i":2}\n')
    assert by_column.rows == 0


def test_a_database_beside_the_config_lands_through_the_process_that_reads_it(tmp_path: Path) -> None:
    fill(tmp_path, "CREATE TABLE t AS SELECT i AS id, 'Person ' || i AS name FROM range(100000) r(i)")
    arrived: list[int] = []
    source = SqlSource(Secret(URL), str(tmp_path), "SELECT * FROM t ORDER BY id")

    landed = land(source, tmp_path / "landing", lambda now, total: arrived.append(now)).source

    assert isinstance(landed, NdjsonSource)
    assert landed.columns == ("id", "name")
    lines = Path(landed.paths[0]).read_bytes().splitlines()
    assert (len(lines), lines[-1]) == (100_000, b'{"id":99999,"name":"Person 99999"}')
    assert len(arrived) > 1
