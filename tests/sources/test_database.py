"""Queries to real databases: PostgreSQL and SQLite. Most run here; the child of `apart` runs them in production."""

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bulkimport.errors import SourceError
from bulkimport.model import NdjsonSource, Secret, SqlSource
from bulkimport.sources.database import write_query
from bulkimport.sources.landing import land
from bulkimport.sources.landing_file import LandingFile
from bulkimport.sources.typed import TypedRows
from tests.support.postgres import PASSWORD, Database

COLUMNS = "id bigint, name text, pay numeric(20,8), born date, seen timestamptz, at time, ok boolean, u uuid, f float8"
VALUES = (
    "(1, 'Zoë 🎉', 0, '1999-12-31', '2026-01-31 08:30+00', '08:30', true, "
    "'6586f21b-ad4d-4d06-a309-712af47184a2', 0.1),"
    "(2, '', 12345678901.12345678, null, null, null, false, null, 1e300)"
)


def rows_of(
    folder: Path, url: str, query: str, timeout: float = 60.0, **parameters: Any
) -> tuple[tuple[str, ...], list[str]]:
    target = folder / "rows.ndjson"
    target.unlink(missing_ok=True)
    details = {"url": url, "folder": str(folder), "query": query, "query_file": None, "parameters": parameters}
    with LandingFile(target) as file:
        out = TypedRows(file, "the query on it")
        columns = write_query({**details, "timeout": timeout}, out)
    return columns, target.read_text().splitlines()


def complaint(folder: Path, url: str, query: str, **more: Any) -> str:
    with pytest.raises(SourceError) as caught:
        rows_of(folder, url, query, **more)
    for text in (caught.value.message, caught.value.hint):
        assert PASSWORD not in text
        assert "Background on" not in text
    return caught.value.message


@pytest.fixture
def people(database: Database) -> Database:
    database.execute(f"CREATE TABLE people ({COLUMNS})", f"INSERT INTO people VALUES {VALUES}")
    return database


@pytest.fixture
def lite(tmp_path: Path) -> str:
    with contextlib.closing(sqlite3.connect(tmp_path / "hr.db")) as connection:
        connection.execute("CREATE TABLE people (id INTEGER, name TEXT, pay NUMERIC)")
        connection.execute("INSERT INTO people VALUES (1, 'A', 0.1), (2, NULL, 1e300)")
        connection.commit()
    return "sqlite:///hr.db"


def test_types_are_carried_over(people: Database, tmp_path: Path) -> None:
    columns, rows = rows_of(tmp_path, people.url(), "SELECT * FROM people ORDER BY id;")
    assert columns == ("id", "name", "pay", "born", "seen", "at", "ok", "u", "f")
    assert rows[0] == (
        '{"id":1,"name":"Zoë 🎉","pay":0.00000000,"born":"1999-12-31","seen":"2026-01-31T08:30:00+00:00",'
        '"at":"08:30:00","ok":true,"u":"6586f21b-ad4d-4d06-a309-712af47184a2","f":0.1}'
    )
    assert rows[1].startswith('{"id":2,"name":"","pay":12345678901.12345678,"born":null,')


def test_an_asynchronous_driver_gives_the_same(people: Database, tmp_path: Path) -> None:
    def landed(driver: str) -> str:
        source = SqlSource(Secret(people.url(driver)), str(tmp_path), "SELECT * FROM people ORDER BY id")
        found = land(source, tmp_path / driver, lambda arrived, total: None).source
        assert isinstance(found, NdjsonSource)
        return Path(found.paths[0]).read_text()

    assert landed("asyncpg") == landed("psycopg")


def test_what_an_asynchronous_driver_raises_is_understood_too(people: Database, tmp_path: Path) -> None:
    source = SqlSource(Secret(people.url("asyncpg")), str(tmp_path), "SELECT 1 / (id - 2) AS x FROM people ORDER BY id")
    with pytest.raises(SourceError, match="the database did not accept it: division by zero"):
        land(source, tmp_path / "landing", lambda arrived, total: None)


def test_no_rows_still_have_columns(people: Database, tmp_path: Path) -> None:
    assert rows_of(tmp_path, people.url(), "SELECT id, pay FROM people WHERE false") == (("id", "pay"), [])


def test_parameters_are_bound_by_name(people: Database, tmp_path: Path) -> None:
    query = "SELECT id FROM people WHERE name = :name AND id < :most AND ok = :ok AND born::text <> '12:30'"
    _, rows = rows_of(tmp_path, people.url(), query, name="Zoë 🎉", most=5, ok=True)
    assert rows == ['{"id":1}']
    assert "there is no value for :most, :name and :ok" in complaint(tmp_path, people.url(), query)
    assert "does not use the parameter :other" in complaint(tmp_path, people.url(), "SELECT 1 AS x", other=1)


def test_a_text_is_bound_as_what_it_is_compared_with(people: Database, tmp_path: Path) -> None:
    query = "SELECT id FROM people WHERE DATE '2020-01-02' = :day AND id = :id"
    assert rows_of(tmp_path, people.url(), query, day="2020-01-02", id="1")[1] == ['{"id":1}']


@pytest.mark.parametrize("statement", ["ATTACH 'other.db' AS o", "vacuum into 'other.db'"])
def test_a_statement_that_would_make_a_file_is_not_run(statement: str, lite: str, tmp_path: Path) -> None:
    assert "the statement is one that changes data" in complaint(tmp_path, lite, statement)
    assert not (tmp_path / "other.db").exists()


def test_a_query_comes_from_a_file_too(lite: str, tmp_path: Path) -> None:
    (tmp_path / "people.sql").write_text("-- everyone; really\nSELECT id\nFROM people; -- the end;\n", "utf-8-sig")
    details: dict[str, Any] = {"url": lite, "folder": str(tmp_path), "query": None, "parameters": {}, "timeout": 60.0}
    with LandingFile(tmp_path / "rows") as file:
        write_query({**details, "query_file": str(tmp_path / "people.sql")}, TypedRows(file, "x"))
    assert (tmp_path / "rows").read_text() == '{"id":1}\n{"id":2}\n'
    with LandingFile(tmp_path / "rows2") as file, pytest.raises(SourceError, match=r"gone.sql cannot be read: No such"):
        write_query({**details, "query_file": str(tmp_path / "gone.sql")}, TypedRows(file, "x"))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1 AS x; DELETE FROM people", "there are 2 statements where one was expected"),
        ("-- nothing\n;", "there is no statement where one was expected"),
        ("DELETE FROM people RETURNING id", "one that changes data (DELETE)"),
        ("WITH a AS (SELECT 1) INSERT INTO people (id) SELECT 5", "one that changes data (INSERT)"),
        ("create table x (y int)", "one that changes data (CREATE)"),
        ("SELECT nextval('numbers') AS x", "it tries to change something, and a source only reads"),
        ("SELECT id, name, id FROM people", "the columns 1 and 3 are all named 'id'"),
        (
            "SELECT * FROM peple",
            'there is no such table, or the account cannot see it: relation "peple" does not exist',
        ),
        ("SELECT nme FROM people", "there is no such column: "),
        ("SELECT * FROM salaries", "the account may not read that: permission denied for table salaries"),
        ("SELEC 1", 'the database did not accept it: syntax error at or near "SELEC"'),
        ("SELECT 'NaN'::float8 AS x", "row 1: column 'x' is nan"),
        ("SELECT ARRAY[1] AS x", "row 1: column 'x' holds a value of the type list"),
        ("SELECT 1 AS x, pg_sleep(1000)", "the database had not answered within 0.5s: canceling statement due to"),
    ],
)
def test_what_is_wrong_with_a_query_is_said_plainly(query: str, message: str, people: Database, tmp_path: Path) -> None:
    people.execute("CREATE SEQUENCE numbers", "GRANT ALL ON numbers TO reader")
    people.execute("CREATE TABLE salaries (id int)", "REVOKE ALL ON salaries FROM reader")
    timeout = 0.5 if "pg_sleep" in query else 60.0
    told = complaint(tmp_path, people.url(), query, timeout=timeout)
    assert message in told
    assert "LINE 1" not in told


def test_nothing_is_changed_even_if_the_account_may(people: Database, tmp_path: Path) -> None:
    people.execute(
        "CREATE FUNCTION clear() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM people; RETURN 1; END'",
        "GRANT ALL ON people TO reader",
    )
    assert "only reads" in complaint(tmp_path, people.url(), "SELECT clear() AS x")
    assert len(rows_of(tmp_path, people.url(), "SELECT id FROM people")[1]) == 2


def test_a_wrong_password_and_a_wrong_database(people: Database, tmp_path: Path) -> None:
    wrong = complaint(tmp_path, people.url(password="quite-wrong"), "SELECT 1 AS x")
    assert "the database refused the login: " in wrong
    assert "quite-wrong" not in wrong
    assert "there is no such database on that server" in complaint(tmp_path, people.url(name="nil"), "SELECT 1 AS x")


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    for host in ("127.0.0.1:1", "no-such-host.invalid"):
        url = f"postgresql+psycopg://me:{PASSWORD.replace('/', '%2F').replace('@', '%40')}@{host}/hr"
        message = complaint(tmp_path, url, "SELECT 1 AS x")
        assert message.startswith(f"the query on postgresql://{host}/hr: the database cannot be reached: ")


def test_a_locked_table(people: Database, tmp_path: Path) -> None:
    with people.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        message = complaint(tmp_path, people.url(), "SELECT * FROM people", timeout=1.0)
    assert "what it asks for is locked by somebody else: canceling statement due to lock timeout" in message


def test_a_connection_that_is_cut_is_not_the_end_of_the_rows(people: Database, tmp_path: Path) -> None:
    """The session ends itself after some thousand rows: what had come is not taken for all."""
    people.execute(
        "CREATE FUNCTION cut(n int) RETURNS int SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN "
        "IF n = 5000 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN n; END'"
    )
    message = complaint(tmp_path, people.url(), "SELECT cut(n) AS id FROM generate_series(1, 9000) n")
    assert "the connection was lost after 4,500 rows: " in message


def test_sqlite_is_opened_for_reading_beside_the_config(lite: str, tmp_path: Path) -> None:
    columns, rows = rows_of(tmp_path, lite, "SELECT * FROM people ORDER BY id")
    assert (columns, list(map(json.loads, rows))) == (
        ("id", "name", "pay"),
        [{"id": 1, "name": "A", "pay": 0.1}, {"id": 2, "name": None, "pay": 1e300}],
    )
    assert "does not exist" in complaint(tmp_path, "sqlite:///gone.db", "SELECT 1 AS x")
    assert not (tmp_path / "gone.db").exists()
    assert "only reads" in complaint(tmp_path, lite, "PRAGMA user_version = 5")
    assert "returns no rows" in complaint(tmp_path, lite, "SAVEPOINT here")
    assert rows_of(tmp_path, lite, "PRAGMA user_version")[1] == ['{"user_version":0}']


def test_a_locked_sqlite_file_and_a_broken_one(lite: str, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "hr.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert "is locked by somebody else" in complaint(tmp_path, lite, "SELECT * FROM people", timeout=0.2)
    (tmp_path / "hr.db").write_bytes(b"no database at all" * 100)
    assert "the database file is damaged, or is none" in complaint(tmp_path, lite, "SELECT * FROM people")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql+pymysql://me:pw-4711@h/x", "The driver pymysql for mysql databases is not installed"),
        ("snowflake://me:pw-4711@h/x", "What SQLAlchemy needs for snowflake databases is not installed"),
        ("nosuch://me:pw-4711@h/x", "SQLAlchemy knows no databases called nosuch"),
        ("postgresql://me:pw-4711@h:port/x", "the `url` is not one of a database"),
    ],
)
def test_a_driver_that_is_missing_says_what_to_install(url: str, message: str, tmp_path: Path) -> None:
    text = complaint(tmp_path, url, "SELECT 1 AS x")
    assert message in text
    assert "4711" not in text
