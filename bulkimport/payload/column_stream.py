"""Items as columns, where the source has them so and the request asks for nothing that only rows can give.

Reading (in a thread: Arrow lets go of the interpreter) is one batch ahead of encoding.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, TypeVar

from bulkimport.model import CsvSource, FieldType, FileSource
from bulkimport.payload.column_json import ColumnBatch
from bulkimport.payload.column_plan import column_plan, is_known
from bulkimport.payload.encode import Encoder
from bulkimport.payload.request import PayloadRequest
from bulkimport.payload.stream import ColumnGetter, ItemStream, TableStream
from bulkimport.sources import CsvTable, Records
from bulkimport.sources.arrow_types import TypedColumn
from bulkimport.sources.csv_columns import CsvColumns, RowsNeededError
from bulkimport.sources.parquet import ParquetRecords

T = TypeVar("T")

WORTHWHILE = 8 << 20
"""Bytes of CSV from which on columns save more time than it takes to load Arrow."""


def by_columns(stream: ItemStream, request: PayloadRequest, source: FileSource) -> ItemStream:
    """The same payload by columns if that is possible and worth it; else `stream`.

    What it yields may turn out to be for the rows to judge: then RowsNeededError is raised, here or while it is read.
    """
    found = stream.source
    if not is_known(request):
        return stream
    if isinstance(found, ParquetRecords):
        return ColumnStream(stream, request, found.read, found)
    worthwhile = isinstance(found, CsvTable) and found.files.content_size >= WORTHWHILE and find_spec("pyarrow")
    if worthwhile and isinstance(found, CsvTable) and isinstance(source, CsvSource) and CsvColumns.fits(source):
        return ColumnStream(stream, request, found.columns, CsvColumns(found, source))
    return stream


class ColumnStream:
    """Items are those of `stream`, in batches of columns (or, where a block of a table has to be read so, of rows)."""

    def __init__(
        self, stream: ItemStream, request: PayloadRequest, columns: Sequence[str], source: CsvColumns | ParquetRecords
    ) -> None:
        self._stream = stream
        self._columns = source
        self._plan = column_plan(request, columns)
        self._verbatim = request.verbatim
        self.warnings = stream.warnings
        if tuple(planned.name for planned in self._plan) != stream.names:
            raise RowsNeededError

    @property
    def source(self) -> CsvTable | Records:
        return self._stream.source

    @property
    def names(self) -> tuple[str, ...]:
        return self._stream.names

    def batches(self) -> Iterator[Any]:
        """Raises RowsNeededError."""
        for batch in _ahead(self._read()):
            if isinstance(batch[0], TypedColumn):
                yield ColumnBatch(self._plan, batch, self._verbatim)
            else:
                yield self._shaped(batch)

    def encoder(self) -> Encoder:
        return _EitherEncoder(self._stream.encoder())

    def column(self, names: Sequence[str]) -> ColumnGetter:
        of_rows = self._stream.column(names)
        return lambda items: items.column(names) if isinstance(items, ColumnBatch) else of_rows(items)

    def kept(self, items: Any, flags: bytes) -> Any:
        return items.kept(flags) if isinstance(items, ColumnBatch) else self._stream.kept(items, flags)

    def goes_out_as(self, column: str) -> dict[str, FieldType | None]:
        return self._stream.goes_out_as(column)

    def _read(self) -> Iterator[Any]:
        if isinstance(self._columns, CsvColumns):
            return self._columns.batches()
        return self._columns.column_batches()

    def _shaped(self, rows: list[list[str]]) -> Sequence[Any]:
        if not isinstance(self._stream, TableStream):  # only tables have blocks that are read so
            raise RowsNeededError
        try:
            return self._stream.shaped(rows)
        except ValueError:
            raise RowsNeededError from None


class _EitherEncoder:
    """Encodes columns, and leaves rows to their own encoder. Raises RowsNeededError for what may be an error."""

    def __init__(self, rows: Encoder) -> None:
        self._rows = rows
        self.start, self.between, self.end = rows.start, rows.between, rows.end

    def encode(self, items: Any) -> bytes | memoryview:
        try:
            return items.json() if isinstance(items, ColumnBatch) else self._rows.encode(items)
        except (TypeError, ValueError):
            raise RowsNeededError from None


def _ahead(batches: Iterator[T]) -> Iterator[T]:
    """The batches; while one is looked at, the next is made in a thread."""
    end: Any = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, batches, end)
        while (batch := coming.result()) is not end:
            coming = thread.submit(next, batches, end)
            yield batch
