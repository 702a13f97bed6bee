"""What databases and their drivers say, as errors that people understand: the database's own words, and what to do."""

import re
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from bulkimport.errors import SourceError
from bulkimport.wording import counted, duration, printable

_LONGEST = 500
_ECHO = re.compile(r"^<class '[^']+'>: |^LINE \d+:.*$|^\s*\^+\s*$", re.MULTILINE)
"""What says no more than the query itself, or than the message."""

_FOREIGN = re.compile(r",? due to the following Python exception.*|Traceback \(most recent call last\).*", re.DOTALL)
_BARE_NUMBER = re.compile(r"(?<![\w(\[-])\d+\b")
"""A number in a message that is no code, which stands in brackets or behind `ORA-`: a year in a value, say."""

_DRIVERS = {
    "bigquery": ("sqlalchemy-bigquery", "bigquery://"),
    "clickhouse": ("clickhouse-sqlalchemy", "clickhouse+native://"),
    "databricks": ("databricks-sqlalchemy", "databricks://"),
    "db2": ("ibm-db-sa", "db2+ibm_db://"),
    "duckdb": ("duckdb-engine", "duckdb://"),
    "hana": ("sqlalchemy-hana", "hana+hdbcli://"),
    "ibm_db_sa": ("ibm-db-sa", "db2+ibm_db://"),
    "mariadb": ("PyMySQL", "mariadb+pymysql://"),
    "mssql": ("pyodbc", "mssql+pyodbc://"),
    "mysql": ("PyMySQL", "mysql+pymysql://"),
    "oracle": ("oracledb", "oracle+oracledb://"),
    "postgresql": ("psycopg[binary]", "postgresql+psycopg://"),
    "redshift": ("sqlalchemy-redshift redshift-connector", "redshift+redshift_connector://"),
    "snowflake": ("snowflake-sqlalchemy", "snowflake://"),
    "teradatasql": ("teradatasqlalchemy", "teradatasql://"),
    "trino": ("trino[sqlalchemy]", "trino://"),
    "vertica": ("sqlalchemy-vertica-python", "vertica+vertica_python://"),
}
"""Kind of database → what to install, and how a URL for it begins."""

_MEANINGS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning, hint)
    for pattern, meaning, hint in (
        (
            r"\b22(P0[23]|007|008|018)\b|\bORA-(01722|018[3-6]\d)\b"
            r"|conver(sion|ting)|could not convert|invalid (input syntax|date)",
            "a value is not of the type that the query makes of it",
            "Have the value corrected, or the query treat it: cast to text, for instance, it is read as it stands.",
        ),
        (
            r"module 'pytz'",
            "DuckDB lacks what it needs for a timestamp with a zone",
            "Install it with: pip install pytz. Or cast the column in the query, to a timestamp or to text.",
        ),
        (
            r"\b(28P01|28000|1045|ORA-01017|18456)\b|authentication failed|login failed|no password supplied",
            "the database refused the login",
            "Check user and password in the `url`, and whether the account is locked or its password has expired.",
        ),
        (
            r"\b(55P03|1205|1222|ORA-00054|ORA-30006)\b|(database|table) is locked|lock timeout|lock request time",
            "what it asks for is locked by somebody else",
            "Let the job that writes there finish first, or run later.",
        ),
        (
            r"\b(57014|3024|1969|ORA-01013|DPI-1067|DPY-4024|HYT00)\b|statement timeout|max_statement_time",
            "the database had not answered within {timeout}",
            "Is the query too slow for tonight? Otherwise raise the source's `timeout`.",
        ),
        (
            r"\b(25006|1792|ORA-01456)\b|read-?only",
            "it tries to change something, and a source only reads",
            "Write a SELECT without side effects.",
        ),
        (
            r"\b(42P01|1146|ORA-00942|208|42S02)\b|no such table|undefinedtable|table with name",
            "there is no such table, or the account cannot see it",
            "Check the table's name and schema, and what the account may read.",
        ),
        (
            r"\b(42703|1054|ORA-00904|207|42S22)\b|no such column|referenced column",
            "there is no such column",
            "Check the names in the query: a column may have been renamed.",
        ),
        (
            r"\b(42501|1142|1044|ORA-01031|229)\b|permission denied|unable to open database",
            "the account may not read that",
            "Have it granted the right to SELECT there.",
        ),
        (
            r"\b(3D000|1049|4060|ORA-12514|DPY-6001)\b|database .* does not exist",
            "there is no such database on that server",
            "Check the name of the database at the end of the `url`.",
        ),
        (
            r"\b42601\b|syntax error|(binder|catalog|invalid input) error",
            "the database did not accept it",
            "Correct the query of the source.",
        ),
        (
            r"not a database|malformed|disk image",
            "the database file is damaged, or is none",
            "Check the file, or have it written again.",
        ),
        (
            r"\b(08003|08006|08S01|57P0[12]|2006|2013|ORA-0311[34]|DPY-4011)\b"
            r"|terminat|closed (the connection|unexpectedly)|connection (is|was) (lost|closed)|reset by peer"
            r"|broken pipe",
            "the connection was lost{rows}",
            "Run again; if it is lost every time, ask whoever looks after the database what ends the session.",
        ),
        (
            r"\b(08\d\d\d|57P03|53300|200[235]|ORA-12\d\d\d|DPY-6005|20002|20009)\b"
            r"|connect|could not translate|name or service|getaddrinfo|timeout expired|Errno|network",
            "the database cannot be reached",
            "Check host and port in the `url`, and whether the database runs and can be reached from this machine.",
        ),
    )
)
"""What an error's codes and words tell, the first that fits: what it means, and what to do about it."""


def database_error(error: Exception, url: URL, place: str, rows: int, timeout: float) -> SourceError:
    """What a driver raised, as it stands or as SQLAlchemy has wrapped it. `rows` is how many had come."""
    original = (error.orig if isinstance(error, DBAPIError) else None) or error
    words = _words(original, url)
    codes = f"{_codes(original)} {_BARE_NUMBER.sub('', words)}"
    meaning, hint = next(
        ((meaning, hint) for pattern, meaning, hint in _MEANINGS if pattern.search(codes)),
        ("the database did not accept it", "Correct the query of the source."),
    )
    after = f" after {counted(rows, 'row')}" if rows else ""
    meaning = meaning.format(timeout=duration(timeout), rows=after)
    return SourceError(f"{place}: {meaning}: {words}", hint, place)


def missing_driver(url: URL, error: ModuleNotFoundError) -> SourceError:
    """The driver that the URL names, or that SQLAlchemy takes for it, is not there."""
    kind = url.get_backend_name()
    package, start = _DRIVERS.get(kind, (str(error.name), f"{url.drivername}://"))
    hint = f"Install it with: pip install '{package}', and let the `url` begin with {start}."
    if "+" in url.drivername and not start.startswith(f"{url.drivername}:"):
        hint = f"Install it, or another driver: pip install '{package}', with a `url` that begins with {start}."
    return SourceError(f"The driver {error.name} for {kind} databases is not installed", hint)


def unknown_database(url: URL) -> SourceError:
    """SQLAlchemy has no dialect for the URL."""
    kind = url.drivername.partition("+")[0]
    if kind in _DRIVERS and "+" not in url.drivername:
        package, start = _DRIVERS[kind]
        hint = f"Install it with: pip install '{package}'. The `url` begins with {start}."
        return SourceError(f"What SQLAlchemy needs for {kind} databases is not installed", hint)
    known = ", ".join(start for _, start in _DRIVERS.values())
    hint = f"URLs begin with sqlite:/// or, for instance, {known}. Is its SQLAlchemy dialect installed?"
    return SourceError(f"SQLAlchemy knows no databases called {url.drivername}", hint)


def _words(error: BaseException, url: URL) -> str:
    """The driver's own words without the password, and without the statement and its parameters."""
    text = str(error).partition("(Background on this error")[0] or type(error).__name__
    if url.password:
        for spelling in (str(url.password), quote(str(url.password), safe=""), quote_plus(str(url.password))):
            text = text.replace(spelling, "***")
    text = printable(_FOREIGN.sub("", _ECHO.sub("", text)))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _codes(error: BaseException) -> str:
    """SQLSTATE or the vendor's number, wherever the driver keeps it."""
    found = [getattr(error, name, None) for name in ("sqlstate", "pgcode", "errno", "number")]
    return " ".join(str(code) for code in (*found, *(code for code in error.args[:1] if isinstance(code, int))) if code)
