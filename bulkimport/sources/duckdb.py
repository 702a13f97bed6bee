"""The rows of a DuckDB query over files: joins, filters and shapes in SQL, landed as Parquet."""

import errno
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from bulkimport.errors import SourceError
from bulkimport.model import DuckDbSource
from bulkimport.sources.extras import extra_library
from bulkimport.sources.files import no_folder

_MEMORY = "256MB"
"""What joins and sorts may take in memory; beyond that they go to the landing folder."""

_TO_BE_INTERRUPTED = 5.0
"""Seconds that a query has to end after its time limit, at which it is interrupted."""

_MOST_SHOWN = 700
_ADVICE = ("Possible solutions", "Please try", "Alternatively", "Consider")  # begins what is of no use here


def query_name(source: DuckDbSource) -> str:
    """What people call it."""
    return "the DuckDB query" if source.query_file is None else f"the DuckDB query in {source.query_file}"


def fetch_query(source: DuckDbSource, folder: Path) -> Path:
    """Runs the query and writes all its rows to a Parquet file in `folder`, in the order that the query gives them.

    The database is empty and in memory: the query reads files and writes nothing. Whole numbers of more than 64 bits,
    which Parquet lacks, become decimals, and times of day with a zone texts. Blocks. Raises SourceError, and OSError
    where `folder` cannot be written.
    """
    library = extra_library("duckdb", "duckdb", "A source of the type duckdb")
    name, text = query_name(source), _text(source)
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "rows.parquet"

    def query() -> None:
        with (
            library.connect(":memory:", config=_settings(folder)) as connection,
            _time_limit(connection, source.timeout),
        ):
            rows = connection.sql(_statement(library, connection, text, name))
            _refuse_twice(rows.columns, name)
            _exact(rows).write_parquet(str(path), compression="zstd")

    try:
        with _within(source.folder):
            _perform(query, source.timeout + _TO_BE_INTERRUPTED)
    except TimeoutError:
        hint = "Does it read from a pipe, or from a network folder that does not answer?"
        raise SourceError(f"{name} took longer than {source.timeout:g} s and cannot be interrupted", hint) from None
    except library.InterruptException:
        hint = "Make the query quicker, or raise the source's `timeout`."
        raise SourceError(f"{name} took longer than {source.timeout:g} s", hint) from None
    except library.Error as error:
        raise _translated(str(error), name) from None
    path.chmod(0o600)
    return path


def _perform(query: Callable[[], None], seconds: float) -> None:
    """Does what `query` does, in a thread that is left alone after `seconds`: the operating system waits for a pipe or
    a lost mount as long as it takes, and nothing but the end of this process ends that. Raises TimeoutError then."""
    outcome: Queue[Exception | None] = Queue()

    def perform() -> None:
        try:
            query()
        except Exception as error:  # noqa: BLE001 - raised by the one who waits
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=perform, name="query", daemon=True).start()
    try:
        error = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if error is not None:
        raise error


@contextmanager
def _time_limit(connection: Any, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _within(folder: str) -> Iterator[None]:
    """DuckDB looks for files in the working directory before anywhere else. Not beside other work in this process."""
    try:
        with chdir(folder):
            yield
    except FileNotFoundError as error:
        if error.filename != folder:
            raise
        raise no_folder(folder) from None


def _settings(folder: Path) -> dict[str, Any]:
    return {
        "temp_directory": str(folder / "spill"),
        "memory_limit": _MEMORY,
        "threads": min(2, os.cpu_count() or 1),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,  # a name in the query is a file, never a variable of this program
        "lock_configuration": True,
    }


def _text(source: DuckDbSource) -> str:
    if source.query_file is None:
        return source.query or ""
    path = source.query_file
    try:
        return Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not UTF-8 text", "Save the query as UTF-8.", path) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{path} cannot be read: {reason}", "Check `query_file`.", path) from None


def _statement(library: Any, connection: Any, text: str, name: str) -> str:
    """The one statement of the text, which must not change anything."""
    statements = connection.extract_statements(text)
    if len(statements) != 1 or statements[0].type != library.StatementType.SELECT:
        found = ", ".join(statement.type.name for statement in statements) or "nothing"
        hint = "Leave one of them, which starts with `select`, `with` or `from`."
        raise SourceError(f"{name} has to be one statement that only reads; it is {found}", hint)
    data = text.encode()
    ends = (at for at, kind in library.tokenize(text) if kind.name == "operator" and data[at : at + 1] == b";")
    return data[: next(ends, None)].decode()  # what may follow are comments, which DuckDB cannot wrap in a COPY


def _refuse_twice(columns: list[str], name: str) -> None:
    twice = [repr(column) for column, times in Counter(columns).items() if times > 1]
    if twice:
        hint = "Give them names of their own (`select a.x as ax, b.x as bx`), or join by `using`."
        raise SourceError(f"{name} gives more than one column called {', '.join(twice)}", hint)


def _exact(rows: Any) -> Any:
    """The rows with nothing that Parquet would round or cut: it has no whole numbers of more than 64 bits, and no zone
    with a time of day."""
    kinds = [str(kind) for kind in rows.types]
    if not any(_kept("", kind) for kind in kinds):
        return rows
    columns = [
        f"{_kept(f'#{place}', kind) or f'#{place}'} AS {_quoted(column)}"
        for place, (column, kind) in enumerate(zip(rows.columns, kinds, strict=True), 1)
    ]
    return rows.project(", ".join(columns))


def _kept(value: str, kind: str) -> str:
    """SQL for a value of a type that has to become another; nothing for all other types."""
    if kind.endswith("HUGEINT"):
        return f"CAST({value} AS DECIMAL(38, 0))"
    if kind == "TIME WITH TIME ZONE":  # DuckDB leaves out the minutes of a zone that has none
        return rf"regexp_replace(CAST({value} AS VARCHAR), '([+-]\d\d)$', '\1:00')"
    return ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _translated(message: str, name: str) -> Exception:
    if "No space left" in message:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = message.splitlines()
    end = next((at for at, line in enumerate(lines) if line.strip().startswith(_ADVICE)), len(lines))
    # The query was wrapped into another statement, so that numbers of its lines, and marks below them, mislead.
    kept = (re.sub(r"^LINE \d+: ", "At: ", line) for line in lines[:end] if line.strip(" ^"))
    said = "\n".join(kept)
    if "extension" in message and "load" in message.lower():
        hint = "Only what DuckDB has built in can be used, files on this machine above all."
    elif message.startswith("IO Error"):
        hint = "Check the file names in the query; they are relative to the folder of the config file."
    else:
        hint = "Try the query in DuckDB itself, in the folder of the config file."
    shown = said if len(said) <= _MOST_SHOWN else said[:_MOST_SHOWN] + "…"
    return SourceError(f"{name} failed: {shown}", hint)
