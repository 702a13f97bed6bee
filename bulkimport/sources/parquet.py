"""Parquet files: columns with types, read a few thousand rows at a time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bulkimport.errors import SourceError
from bulkimport.model import ParquetSource
from bulkimport.sources.arrow_types import TypedColumn, UnsendableError, arrow, column_kind, typed_column
from bulkimport.sources.base import Place, Record
from bulkimport.sources.extras import extra_library
from bulkimport.sources.files import SourceFiles, unreadable
from bulkimport.sources.packing import BROKEN_HINT

_CELLS = 40_000
"""In a batch, about: some hundreds of kilobytes."""

_MOST_ROWS, _FEWEST_ROWS = 8192, 64
_ROWS_OF_RECORDS = 500
_PAGE_BUFFER = 64 << 10
_TYPE_HINT = "Have it written as text or numbers, or leave the column out."


class ParquetRecords:
    """The rows of one or more files with the same columns (in any order) as one source. Raises SourceError.

    Values are exact (see `arrow_types`). Of the columns, which `columns` names, only the `needed` ones are read; None
    means all.
    """

    def __init__(self, source: ParquetSource, needed: frozenset[str] | None = None) -> None:
        self.files = SourceFiles(source.paths)
        self.warnings: list[str] = []
        names = {path: self._names(path, needed) for path in self.files.paths}
        first = self.files.paths[0]
        for path, found in names.items():
            if sorted(found) != sorted(names[first]):
                odd = ", ".join(map(repr, sorted(set(found) ^ set(names[first]))))
                hint = "Files that are read as one source need the same columns (in any order)."
                raise SourceError(f"{path} and {first} differ in their columns: {odd}", hint, path)
        self.columns: tuple[str, ...] | None = names[first]
        self.read = tuple(name for name in names[first] if needed is None or name in needed) or names[first][:1]

    def batches(self) -> Iterator[list[Record]]:
        for columns in self.column_batches():
            count = len(columns[0].array) if columns else 0
            for start in range(0, count, _ROWS_OF_RECORDS):
                part = [column._replace(array=column.array.slice(start, _ROWS_OF_RECORDS)) for column in columns]
                cells = zip(*(column.values() for column in part), strict=True)
                yield [dict(zip(self.read, row, strict=True)) for row in cells]

    def column_batches(self) -> Iterator[list[TypedColumn]]:
        """The columns `read`, a few thousand rows at a time, never none."""
        before = 0
        for path in self.files.paths:
            size, row = Path(path).stat().st_size, 0
            with _opened(path) as file:
                rows = max(1, file.metadata.num_rows)
                for batch in self._arrow_batches(path, file):
                    yield [self._typed(path, row, name, batch.column(name)) for name in self.read]
                    row += batch.num_rows
                    self.files.bytes_read = before + size * row // rows
                if row != file.metadata.num_rows:
                    raise _broken(path, f"{row} of its {file.metadata.num_rows} rows can be read")
            before += size

    def places(self) -> Iterator[Place]:
        for path in self.files.paths:
            with _opened(path) as file:
                count = file.metadata.num_rows
            yield from (Place(path, row, "row") for row in range(1, count + 1))

    def _arrow_batches(self, path: str, file: Any) -> Iterator[Any]:
        rows = min(_MOST_ROWS, max(_FEWEST_ROWS, _CELLS // max(1, len(self.read))))
        batches = file.iter_batches(batch_size=rows, columns=list(self.read), use_threads=False)
        while True:
            with _translated(path):
                batch = next(batches, None)
            if batch is None:
                return
            if batch.num_rows:
                yield batch

    def _names(self, path: str, needed: frozenset[str] | None) -> tuple[str, ...]:
        with _opened(path) as file:
            schema = file.schema_arrow
        names = tuple(schema.names)
        if not names:
            raise SourceError(f"{path} has no columns", BROKEN_HINT, path)
        name, times = Counter(names).most_common(1)[0]
        if times > 1:
            hint = "Rename or remove one of them in the file; which one is meant cannot be known."
            raise SourceError(f"{path} has the column {name!r} more than once", hint, path)
        for column in schema:
            if needed is None or column.name in needed:
                try:
                    column_kind(column.type)
                except UnsendableError as error:
                    raise SourceError(f"{path}: the column {column.name!r} {error}", _TYPE_HINT, path) from None
        return names

    @staticmethod
    def _typed(path: str, before: int, name: str, array: Any) -> TypedColumn:
        try:
            return typed_column(array)
        except UnsendableError as error:
            message = f"the column {name!r} {error}"
            if error.index is None:
                rows = f"{path}, rows {before + 1} to {before + len(array)}"
                raise SourceError(f"{rows}: {message}", _TYPE_HINT, path, before + 1) from None
            value = f"the value{_shown(array[error.index])} of the column {name!r} {error}"
            raise Place(path, before + error.index + 1, "row").error(value, _TYPE_HINT) from None


def _shown(value: Any) -> str:
    """A value for a message, if Python can have it."""
    try:
        return f" {str(value)!r}"
    except (ValueError, OverflowError):
        return ""


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    library = extra_library("pyarrow.parquet", "parquet", "Reading Parquet")
    with _translated(path):
        file = library.ParquetFile(path, buffer_size=_PAGE_BUFFER, pre_buffer=False, page_checksum_verification=True)
    with file:
        yield file


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turns what Arrow raises while it reads into SourceError."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        raise unreadable(path, error) from None
    except (arrow().ArrowException, OSError, ValueError) as error:
        raise _broken(path, str(error).strip().partition("\n")[0][:300]) from None


def _broken(path: str, reason: str) -> SourceError:
    return SourceError(f"{path} is cut short, damaged, or no Parquet file: {reason}", BROKEN_HINT, path)
