"""What a DuckDB database answers through SQLAlchemy (`duckdb-engine`), as columns."""

import re
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any, Self

from sqlalchemy import TextClause
from sqlalchemy.engine import Connection

from bulkimport.sources.arrow_types import arrow

_EXACT = re.compile(
    r"BOOLEAN|U?(?:TINY|SMALL|BIG)INT|U?INTEGER|HUGEINT|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)"
    r"|VARCHAR|UUID|ENUM\(.*\)|DATE|TIME|TIMESTAMP(?:_S|_MS)?",
    re.DOTALL,
)
"""DuckDB's types whose Arrow has what its rows have. Not so: TIMESTAMP_NS (rows have microseconds), timestamps with a
zone (rows have that of the session), UHUGEINT (Arrow has no room), JSON (which SQLAlchemy parses)."""

_FIRST_LAZY = 2
"""The first version that streams an answer to a query with parameters as Arrow. Others hold all of it in memory."""


class DuckDbColumns:
    """The query runs while `batches` is read, in the transaction of its connection."""

    def __init__(self, relation: Any) -> None:
        self._relation = relation
        self.names: Sequence[str] = list(relation.columns)

    @classmethod
    def of(cls, connection: Connection, statement: TextClause) -> Self | None:
        """None for what is no SELECT, and for types that are not proved. Raises duckdb.Error."""
        import duckdb

        if int(duckdb.__version__.partition(".")[0]) < _FIRST_LAZY:
            return None
        if not connection.in_transaction():
            connection.begin()
        driver: Any = connection.connection.driver_connection
        compiled = statement.compile(dialect=connection.dialect)
        text = str(compiled)
        if [one.type for one in driver.extract_statements(text)] != [duckdb.StatementType.SELECT]:
            return None
        values = compiled.construct_params()
        # The cursor that SQLAlchemy has would copy all rows into memory before it gave the first as Arrow.
        relation = driver.sql(text, params=[values[name] for name in compiled.positiontup or ()])
        if not all(_EXACT.fullmatch(str(kind)) for kind in relation.types):
            return None
        return cls(relation)

    def batches(self, rows: int) -> Generator[Any, None, None]:
        pa = arrow()
        with closing(self._relation.to_arrow_reader(rows)) as reader:
            for batch in reader:
                # A FLOAT of DuckDB's rows is the double that it is: 0.10000000149011612 for 0.1.
                columns = [
                    column.cast(pa.float64()) if pa.types.is_float32(column.type) else column
                    for column in batch.columns
                ]
                yield pa.RecordBatch.from_arrays(columns, self.names)

    def rows(self, batch: Any) -> list[tuple[Any, ...]]:
        """DuckDB reads its own columns back: what it makes of a value is not repeated here."""
        import duckdb

        with duckdb.connect(":memory:") as connection:
            table = arrow().Table.from_batches([batch])
            found: list[tuple[Any, ...]] = connection.from_arrow(table).fetchall()
            return found
