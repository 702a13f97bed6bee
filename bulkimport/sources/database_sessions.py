"""How each kind of database is told that a session only reads, and how long it may take.

What a database does not know is left out: then the transaction is merely rolled back, and the process ended in time.
"""

from typing import Any

from sqlalchemy.engine import URL, Connection

CONNECT_TIMEOUT = 15
"""Seconds."""

_CONNECT: dict[str, dict[str, Any]] = {
    "aiomysql": {"connect_timeout": CONNECT_TIMEOUT},
    "asyncpg": {"timeout": CONNECT_TIMEOUT},
    "duckdb_engine": {"config": {"python_enable_replacements": False}},  # no variable of ours is a table
    "mysqlconnector": {"connection_timeout": CONNECT_TIMEOUT},
    "mysqldb": {"connect_timeout": CONNECT_TIMEOUT},
    "oracledb": {"tcp_connect_timeout": CONNECT_TIMEOUT},
    "pg8000": {"timeout": CONNECT_TIMEOUT},
    "psycopg": {"connect_timeout": CONNECT_TIMEOUT},
    "psycopg2": {"connect_timeout": CONNECT_TIMEOUT},
    "pymssql": {"login_timeout": CONNECT_TIMEOUT},
    "pymysql": {"connect_timeout": CONNECT_TIMEOUT},
    "pyodbc": {"timeout": CONNECT_TIMEOUT},
    "snowflake": {"login_timeout": CONNECT_TIMEOUT},
}
_SQLITE_LOCK_WAIT = 30.0
_LOCK_SHARE = 0.9
"""A lock is given up a little earlier than the statement, so that the message can tell one from the other."""


def connect_arguments(url: URL, timeout: float) -> dict[str, Any]:
    """What the driver of a URL takes to give up on a silent server, and to look nowhere but in the database.

    What the URL itself says comes first.
    """
    driver = url.get_driver_name()
    if url.get_backend_name() == "sqlite":
        arguments: dict[str, Any] = {"timeout": min(timeout, _SQLITE_LOCK_WAIT)}
    else:
        arguments = _CONNECT.get(driver, {})
    return {name: value for name, value in arguments.items() if name not in url.query}


def prepare_session(connection: Connection, timeout: float) -> Connection:
    """The connection with a transaction that only reads, and with limits on what it waits for. Raises DBAPIError."""
    dialect = connection.dialect
    match dialect.name:
        case "postgresql":
            connection = connection.execution_options(postgresql_readonly=True)
        case "oracle":
            connection.connection.driver_connection.call_timeout = int(timeout * 1000)  # type: ignore[union-attr]  # oracledb's
        case _:
            pass
    for statement in _statements(dialect.name, bool(getattr(dialect, "is_mariadb", False)), timeout):
        connection.exec_driver_sql(statement)
    return connection


def _statements(name: str, is_mariadb: bool, timeout: float) -> list[str]:
    milliseconds = max(1, int(timeout * 1000))
    lock = max(1, int(_LOCK_SHARE * milliseconds))
    match name:
        case "postgresql":
            return [f"SET LOCAL statement_timeout = {milliseconds}", f"SET LOCAL lock_timeout = {lock}"]
        case "mysql" | "mariadb":
            limit = f"max_statement_time = {timeout:g}" if is_mariadb else f"max_execution_time = {milliseconds}"
            return [
                f"SET SESSION {limit}",
                f"SET SESSION lock_wait_timeout = {max(1, lock // 1000)}",
                "SET SESSION TRANSACTION READ ONLY",
                "COMMIT",  # the next transaction is the first that only reads
            ]
        case "oracle":
            return ["SET TRANSACTION READ ONLY"]
        case "mssql":
            return [f"SET LOCK_TIMEOUT {lock}"]
        case "sqlite":
            return ["PRAGMA query_only = ON"]
        case "snowflake":
            return [f"ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = {max(1, int(timeout))}"]
        case _:
            return []
