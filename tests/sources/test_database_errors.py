import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from bulkimport.sources.database_errors import database_error, missing_driver, unknown_database

URL = make_url("mysql+pymysql://me:pa%2Fss@h/x")


class DriverError(Exception):
    pass


@pytest.mark.parametrize(
    ("arguments", "meaning"),
    [
        ((1045, "Access denied for user 'me'"), "the database refused the login"),
        ((1205, "Lock wait timeout exceeded"), "what it asks for is locked by somebody else"),
        ((3024, "Query execution was interrupted"), "the database had not answered within 1m 00s"),
        ((1792, "Cannot execute statement in a READ ONLY transaction."), "it tries to change something"),
        ((1146, "Table 'x.peple' doesn't exist"), "there is no such table"),
        ((2003, "Can't connect to MySQL server on 'h'"), "the database cannot be reached"),
        (("ORA-01017: invalid credential or not authorized; logon denied",), "the database refused the login"),
        (("ORA-00942: table or view does not exist",), "there is no such table"),
        (("DPY-6005: cannot connect to database",), "the database cannot be reached"),
        (("28000", "[28000] Login failed for user 'me'. (18456)"), "the database refused the login"),
        (("42S02", "[42S02] Invalid object name 'peple'. (208)"), "there is no such table"),
        (("HYT00", "[HYT00] Login timeout expired"), "the database had not answered within 1m 00s"),
        (("what is this",), "the database did not accept it"),
        (("Conversion Error: Could not convert string 'a 2013 b' to INT32",), "a value is not of the type"),
        (('invalid date field format: "connect"',), "a value is not of the type"),
        (('Binder Error: Referenced column "connection_id" not found',), "there is no such column"),
        (("Catalog Error: Table with name network does not exist!",), "there is no such table"),
        (('near "connect": syntax error',), "the database did not accept it"),
        (("no rows of 2013 or 2006",), "the database did not accept it"),
        (("[08S01] link failure (0)",), "the connection was lost"),
    ],
)
def test_what_other_databases_say_is_understood(arguments: tuple[object, ...], meaning: str) -> None:
    wrapped = DBAPIError("SELECT 1", {"pay": 4711}, DriverError(*arguments))
    error = database_error(wrapped, URL, "the query on mysql://h/x", 0, 60.0)
    assert error.message.startswith(f"the query on mysql://h/x: {meaning}")
    assert "4711" not in error.message


def test_what_duckdb_lacks_for_zones_is_named_without_the_stack_that_it_quotes() -> None:
    said = "Required module 'pytz' failed to import, due to the following Python exception:\nTraceback (most recent"
    error = database_error(DriverError(said), URL, "q", 0, 60.0)
    assert error.message.endswith("a timestamp with a zone: Required module 'pytz' failed to import")
    assert "pip install pytz" in error.hint


def test_rows_that_had_come_tell_a_lost_connection() -> None:
    error = database_error(DriverError(2013, "Lost connection"), URL, "q", 1500, 60.0)
    assert error.message.startswith("q: the connection was lost after 1,500 rows: ")


@pytest.mark.parametrize("spelling", ["pa/ss", "pa%2Fss"])
def test_the_password_is_taken_out_in_any_spelling(spelling: str) -> None:
    error = database_error(DriverError(f"cannot use {spelling}\nLINE 1: SELECT secret\n   ^^^"), URL, "q", 0, 60.0)
    assert error.message == "q: the database did not accept it: cannot use ***"


def test_a_driver_of_ones_own_choice_is_not_replaced_without_a_word() -> None:
    hint = missing_driver(make_url("postgresql+pg8000://h/x"), ModuleNotFoundError(name="pg8000")).hint
    assert hint.startswith("Install it, or another driver: pip install 'psycopg[binary]'")
    hint = missing_driver(make_url("postgresql://h/x"), ModuleNotFoundError(name="psycopg")).hint
    assert hint.startswith("Install it with: pip install 'psycopg[binary]'")


def test_a_dialect_that_is_not_installed() -> None:
    assert "pip install 'snowflake-sqlalchemy'" in unknown_database(make_url("snowflake://h/x")).hint
    assert "sqlite:///" in unknown_database(make_url("nosuch://h/x")).hint
