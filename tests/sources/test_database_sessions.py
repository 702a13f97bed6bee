import pytest
from sqlalchemy.engine import make_url

from bulkimport.sources.database_sessions import _statements, connect_arguments


@pytest.mark.parametrize(
    ("url", "arguments"),
    [
        ("postgresql+psycopg://h/x", {"connect_timeout": 15}),
        ("postgresql+psycopg://h/x?connect_timeout=3", {}),
        ("postgresql+asyncpg://h/x", {"timeout": 15}),
        ("mysql+pymysql://h/x", {"connect_timeout": 15}),
        ("mssql+pyodbc://h/x", {"timeout": 15}),
        ("duckdb:///x", {"config": {"python_enable_replacements": False}}),
        ("sqlite:///x", {"timeout": 30.0}),
        ("postgresql+other://h/x", {}),
    ],
)
def test_no_connection_is_waited_for_without_end(url: str, arguments: dict[str, object]) -> None:
    assert connect_arguments(make_url(url), 600.0) == arguments


def test_every_database_is_told_what_it_knows() -> None:
    assert _statements("postgresql", False, 2.0) == [
        "SET LOCAL statement_timeout = 2000",
        "SET LOCAL lock_timeout = 1800",
    ]
    assert "SET SESSION max_execution_time = 2000" in _statements("mysql", False, 2.0)
    assert "SET SESSION max_statement_time = 2" in _statements("mysql", True, 2.0)
    assert "SET SESSION TRANSACTION READ ONLY" in _statements("mariadb", True, 2.0)
    assert _statements("oracle", False, 2.0) == ["SET TRANSACTION READ ONLY"]
    assert _statements("sqlite", False, 2.0) == ["PRAGMA query_only = ON"]
    assert _statements("trino", False, 2.0) == []
