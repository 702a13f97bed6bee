"""The rows of a query, through SQLAlchemy. This runs in the child of `apart`: drivers hang, print and crash.

Rows come in batches from a cursor on the server (or as columns: see `database_columns`), in a transaction that only
reads where the database has such a thing, and that is rolled back in any case.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import sqlalchemy
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType
from sqlparse.engine import FilterStack
from sqlparse.tokens import DDL, DML, Comment, Punctuation

from bulkimport.errors import SourceError
from bulkimport.model import Secret
from bulkimport.sources.addresses import database_name
from bulkimport.sources.database_columns import columns_of, write_columns
from bulkimport.sources.database_errors import database_error, missing_driver, unknown_database
from bulkimport.sources.database_sessions import connect_arguments, prepare_session
from bulkimport.sources.landing_file import LandingError
from bulkimport.sources.typed import BATCH, TypedRows
from bulkimport.wording import listed

_CHANGING = frozenset(
    ("ALTER", "CREATE", "CREATE OR REPLACE", "DELETE", "DROP", "INSERT", "MERGE", "REPLACE", "TRUNCATE", "UPDATE")
)
_IN_FILES = {"sqlite": "SQLite", "duckdb": "DuckDB"}
_NOT_A_FILE = re.compile(r":memory:|[a-z_]+:", re.IGNORECASE)
"""A database in memory, a URI of SQLite's, or what DuckDB attaches by a scheme, such as `md:` for MotherDuck."""

_MAKING_FILES = frozenset(("ATTACH", "VACUUM"))
_QUERY_HINT = "Correct the query of the source."


def write_query(details: Mapping[str, Any], rows: TypedRows) -> tuple[str, ...]:
    """Runs the query and writes its rows; the columns are those of the query.

    Raises SourceError for everything that is wrong with query, login, database or rows, LandingError where rows cannot
    be written.
    """
    place = f"the query on {database_name(Secret(details['url']))}"
    query = _single(_query(details, place), place)
    statement = _bound(query, details["parameters"], place)
    timeout = float(details["timeout"])
    url = _url(details["url"], details["folder"], place)
    work = partial(_copy, statement=statement, rows=rows, timeout=timeout, place=place)
    try:
        return _connected(url, timeout, work)
    except (SourceError, LandingError):
        raise
    except ModuleNotFoundError as error:
        raise missing_driver(url, error) from None
    except NoSuchModuleError:
        raise unknown_database(url) from None
    except Exception as error:  # noqa: BLE001 (a driver raises what it likes, not all of it known to SQLAlchemy)
        raise database_error(error, url, place, rows.lines, timeout) from None


def _connected(url: URL, timeout: float, work: Callable[[Connection], tuple[str, ...]]) -> tuple[str, ...]:
    """What `work` returns for a connection, whichever of the two kinds of driver the URL names."""
    options: dict[str, Any] = {"poolclass": NullPool, "connect_args": connect_arguments(url, timeout)}
    if not url.get_dialect().is_async:
        with sqlalchemy.create_engine(url, **options).connect() as connection:
            return work(connection)

    async def connected() -> tuple[str, ...]:
        async with create_async_engine(url, **options).connect() as connection:
            return await connection.run_sync(work)

    return anyio.run(connected)


def _copy(
    connection: Connection, statement: sqlalchemy.TextClause, rows: TypedRows, timeout: float, place: str
) -> tuple[str, ...]:
    try:
        connection = prepare_session(connection, timeout)
        found = columns_of(connection, statement)
        if found is not None:
            columns = _columns(list(found.names), place)
            write_columns(found, rows)
            return columns
        result = connection.execution_options(stream_results=True).execute(statement)
        if not result.returns_rows:
            raise SourceError(f"{place}: the statement returns no rows", "Write a SELECT.", place)
        columns = _columns(list(result.keys()), place)
        for batch in result.yield_per(BATCH).partitions(BATCH):
            rows.write([dict(zip(columns, row, strict=True)) for row in batch])
        return columns
    finally:
        if not connection.invalidated:
            connection.rollback()


def _columns(names: list[str], place: str) -> tuple[str, ...]:
    if "" in names:
        hint = "Give it one with AS."
        raise SourceError(f"{place}: column {names.index('') + 1} has no name", hint, place)
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        numbers = listed(str(number) for number, other in enumerate(names, 1) if other == name)
        hint = "Give each its own name with AS, or select only one of them."
        raise SourceError(f"{place}: the columns {numbers} are all named {name!r}", hint, place)
    return tuple(names)


def _query(details: Mapping[str, Any], place: str) -> str:
    if details["query"] is not None:
        return str(details["query"])
    path = details["query_file"]
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SourceError(f"{place}: {path} cannot be read: {reason}", "Check `query_file`.", path) from None


def _single(query: str, place: str) -> str:
    """The one statement of a query, without the semicolon at its end. Raises SourceError if it is not one that reads.

    Databases that have no transactions that only read would otherwise do as they are told.
    """
    parsed = [list(statement.flatten()) for statement in FilterStack().run(query)]  # type: ignore[no-untyped-call]  # sqlparse has no types
    statements = [tokens for tokens in parsed if not all(map(_says_nothing, tokens))]
    if len(statements) != 1:
        are = f"are {len(statements)} statements" if statements else "is no statement"
        raise SourceError(f"{place}: there {are} where one was expected", _QUERY_HINT, place)
    kind = _kind(statements[0])
    first = next((token.normalized.upper() for token in statements[0] if not _says_nothing(token)), "")
    if kind in _CHANGING or (kind := first) in _MAKING_FILES:
        hint = "A source only reads: write a SELECT."
        raise SourceError(f"{place}: the statement is one that changes data ({kind})", hint, place)
    return "".join(token.value for token in statements[0] if not token.match(Punctuation, ";")).strip()


def _says_nothing(token: Any) -> bool:
    return token.is_whitespace or token.ttype in Comment or token.match(Punctuation, ";")


def _kind(tokens: list[Any]) -> str:
    """The word that says what a statement does: the first such that is in no parentheses, as those after WITH are."""
    depth = 0
    for token in tokens:
        depth += (token.value == "(") - (token.value == ")")
        if not depth and token.ttype in (DDL, DML):
            return str(token.normalized)
    return ""


def _bound(query: str, parameters: Mapping[str, Any], place: str) -> sqlalchemy.TextClause:
    """The query with its parameters; each that it names is given, and each that is given is named."""
    statement = sqlalchemy.text(query)
    named = set(statement.compile().params)
    if missing := sorted(named - parameters.keys()):
        names = listed(f":{name}" for name in missing)
        hint = "Give it under `parameters`; a colon that names none is written \\: in the query."
        raise SourceError(f"{place}: there is no value for {names}", hint, place)
    if unused := sorted(parameters.keys() - named):
        names = listed(f":{name}" for name in unused)
        raise SourceError(f"{place}: the query does not use the parameter {names}", _QUERY_HINT, place)
    # Without a type of its own a text becomes what the database compares it with, such as a date.
    untyped = (
        sqlalchemy.bindparam(name, value, NullType() if isinstance(value, str) else None)
        for name, value in parameters.items()
    )
    return statement.bindparams(*untyped)


def _url(text: str, folder: str, place: str) -> URL:
    """The URL; a file of SQLite or DuckDB is opened for reading alone, relative to `folder`, and not made anew."""
    if text.partition("://")[2].partition("?")[0].count("@") > 1 and not text.startswith("sqlite"):
        # an @ in a password would make a part of it the host, which drivers then name in their errors
        hint = "In a URL, special characters of a name or password are written %XX: @ is %40."
        raise SourceError(f"{place}: the `url` has more than one @", hint, place)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        hint = "A URL is written DIALECT+DRIVER://USER:PASSWORD@HOST/DATABASE, special characters as %XX."
        raise SourceError(f"{place}: the `url` is not one of a database", hint, place) from None
    kind = _IN_FILES.get(url.get_backend_name())
    if kind is None or not url.database or _NOT_A_FILE.match(url.database):
        return url
    path = Path(folder, url.database)
    if not path.is_file():
        hint = "Check the path, which is relative to the configuration file."
        raise SourceError(f"The {kind} database {path} does not exist", hint, str(path))
    if kind == "DuckDB":
        return url.set(database=str(path)).update_query_dict({"access_mode": "READ_ONLY"})
    return url.set(database=f"file:{quote(str(path))}").update_query_dict({"mode": "ro", "uri": "true"})
