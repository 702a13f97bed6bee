"""Rows of drivers that give them as Arrow's columns: the same lines of JSON, byte for byte, several times faster.

Which drivers these are, and which of a driver's types, is a list of what was proved: for anything else the rows come
from the driver's cursor. A batch with a value that Arrow and the driver's rows tell apart (an infinite date, NaN) is
written from rows as well.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from importlib.util import find_spec
from itertools import chain
from typing import Any, Protocol

from sqlalchemy import TextClause
from sqlalchemy.engine import Connection

from bulkimport.sources.arrow_json import json_lines
from bulkimport.sources.arrow_types import UnsendableError, typed_column
from bulkimport.sources.duckdb_columns import DuckDbColumns
from bulkimport.sources.typed import BATCH, TypedRows

_CELLS = 40_000
_MOST_ROWS, _FEWEST_ROWS = 8192, 64
_MOST_BYTES = 16 << 20
"""What is written at once: some hundreds of kilobytes, unless the texts are long."""


class DriverColumns(Protocol):
    """The answer to a query that its driver gives as columns, each of a type that is known to be exact there."""

    names: Sequence[str]

    def batches(self, rows: int) -> Generator[Any, None, None]:
        """All of it, a RecordBatch of about so many rows at a time, and no more than a few of them in memory.

        The query ends when this is closed.
        """
        ...

    def rows(self, batch: Any) -> list[tuple[Any, ...]]:
        """What the driver's cursor gives for the rows of a batch."""
        ...


_DRIVERS: dict[str, Callable[[Connection, TextClause], DriverColumns | None]] = {"duckdb_engine": DuckDbColumns.of}
"""SQLAlchemy's name of a driver → what it answers to a statement; None where that has to come from its cursor."""


def columns_of(connection: Connection, statement: TextClause) -> DriverColumns | None:
    """The columns of a query, which runs when they are read; None where only a cursor will do.

    Raises what the driver raises.
    """
    answer = _DRIVERS.get(connection.dialect.driver)
    return None if answer is None or find_spec("pyarrow") is None else answer(connection, statement)


def write_columns(found: DriverColumns, rows: TypedRows) -> None:
    """Writes all rows. Raises SourceError for values that cannot be sent, and what driver and Arrow raise."""
    names = found.names
    size = min(_MOST_ROWS, max(_FEWEST_ROWS, _CELLS // len(names)))
    with closing(found.batches(size)) as batches:
        for piece in chain.from_iterable(map(_pieces, batches)):
            try:
                lines = json_lines(names, [typed_column(column) for column in piece.columns])
            except UnsendableError:
                cells = found.rows(piece)
                for start in range(0, len(cells), BATCH):
                    rows.write([dict(zip(names, row, strict=True)) for row in cells[start : start + BATCH]])
            else:
                rows.write_lines(lines, piece.num_rows)


def _pieces(batch: Any) -> Iterator[Any]:
    """A batch without rows is none, and one of long texts is several."""
    step = max(1, batch.num_rows * _MOST_BYTES // max(batch.nbytes, _MOST_BYTES))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)
