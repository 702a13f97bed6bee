"""The process that `apart` starts. Its order is one JSON document on standard input; its reports go to what was its
standard output, which code of others that prints does not reach: that goes where errors go.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from bulkimport.errors import SourceError
from bulkimport.sources.extras import extra_library
from bulkimport.sources.landing_file import LandingError, LandingFile
from bulkimport.sources.typed import TypedRows

_TELL_EVERY = 1 << 20

Columns = tuple[str, ...] | None
Writer = Callable[[Any, TypedRows], Columns]
"""Writes all rows and returns the columns of their table; None where there is nothing to tell them from."""


class _ReportingFile(LandingFile):
    def __init__(self, path: Path, report: Callable[[dict[str, object]], None]) -> None:
        super().__init__(path)
        self._report = report
        self._told = 0

    def write(self, data: bytes | memoryview) -> None:
        super().write(data)
        if self.size - self._told >= _TELL_EVERY:
            self._told = self.size
            self._report({"arrived": self.size})


def main() -> None:
    order = orjson.loads(sys.stdin.buffer.read())
    channel = os.dup(1)
    os.dup2(2, 1)

    def report(document: dict[str, object]) -> None:
        os.write(channel, orjson.dumps(document) + b"\n")

    try:
        with _ReportingFile(Path(order["path"]), report) as file:
            rows = TypedRows(file, order["place"])
            columns = _writer(order["kind"])(order["details"], rows)
            rows.finish()
        report({"columns": columns})
    except SourceError as error:
        report({"problem": [error.message, error.hint, error.line]})
    except LandingError as error:
        report({"errno": error.errno, "message": error.strerror})


def _writer(kind: str) -> Writer:
    """What the kinds need is imported by those who need it."""
    match kind:
        case "sql":
            for library in ("sqlalchemy", "sqlparse"):
                extra_library(library, "sql", "A query to a database")
            from bulkimport.sources.database import write_query

            return write_query
        case "python":
            from bulkimport.sources.python import write_items

            return write_items
        case _:
            raise AssertionError(f"nothing writes rows of the kind {kind}")


if __name__ == "__main__":
    main()
