"""Which properties go out, under which names and as what: the source's rows in the shape of the payload."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bulkimport.errors import SourceError
from bulkimport.payload.columns import missing_columns, refuse_reserved, refuse_twice, unnamed_columns
from bulkimport.payload.convert import Conversion, conversion
from bulkimport.payload.request import PayloadRequest
from bulkimport.sources import CsvTable, Records
from bulkimport.sources.base import Record

Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that cannot be what its field says: `index` is the 0-based place of its row in the batch."""

    index: int
    column: str
    value: object
    reason: str

    def __str__(self) -> str:
        shown = repr(self.value)
        return f"column {self.column!r}: {shown if len(shown) <= 60 else shown[:57] + '...'} {self.reason}"


@dataclass(frozen=True, slots=True)
class _Column:
    """A property of the payload and where it comes from; `index` is None for a column that the table lacks."""

    name: str
    source_column: str
    index: int | None
    conversion: Conversion | None


class TableShape:
    """Turns rows of a table into rows of the payload's properties, which `names` lists.

    Without anything to rename, convert or leave out, rows pass through as they are. Raises SourceError for a field
    whose column is missing (unless it has a default), for a missing key column, for columns that `fields` does not
    name where these are refused, and for names that Orgvue keeps for itself.
    """

    def __init__(self, table: CsvTable, request: PayloadRequest) -> None:
        self._place = table.files.paths[0]
        columns = {name: index for index, name in enumerate(table.columns)}
        fields = conversions(request)
        extra = [name for name in columns if name not in {source for _, source, _ in fields}]
        if request.fields is not None and request.extra_columns == "refuse" and extra:
            raise unnamed_columns(extra, self._place)
        self._columns = [_Column(name, source, columns.get(source), change) for name, source, change in fields]
        if request.fields is None or request.extra_columns == "pass":
            self._columns += [_Column(name, name, columns[name], None) for name in extra]
        self._refuse_missing(table.columns, request.key)
        self.names = tuple(column.name for column in self._columns)
        refuse_reserved(self.names, self._place)
        refuse_twice([name for name, times in Counter(self.names).items() if times > 1], self._place)
        self._as_is = self.names == table.columns and all(column.conversion is None for column in self._columns)

    def shape(self, rows: list[list[str]]) -> Sequence[Cells]:
        """Rows with one value per name. Raises ValueError if a value cannot be converted (see `problems`)."""
        if self._as_is:
            return rows
        cells = list(zip(*rows, strict=True))
        return list(zip(*(self._values(column, cells, len(rows)) for column in self._columns), strict=True))

    def problems(self, rows: list[list[str]]) -> Iterator[Problem]:
        """Every value that cannot be converted, row by row."""
        for index, row in enumerate(rows):
            for column in self._columns:
                if column.conversion is not None and column.index is not None:
                    yield from _problem(index, column.source_column, row[column.index], column.conversion)

    @staticmethod
    def _values(column: _Column, cells: list[tuple[str, ...]], count: int) -> Sequence[Any]:
        if column.index is None:
            return [None if column.conversion is None else column.conversion.default] * count
        if column.conversion is None:
            return cells[column.index]
        return column.conversion.column(cells[column.index])

    def _refuse_missing(self, found: tuple[str, ...], key: tuple[str, ...]) -> None:
        missing = [
            column.source_column
            for column in self._columns
            if column.index is None and (column.conversion is None or column.conversion.default is None)
        ]
        names = {column.name for column in self._columns}
        missing += [name for name in key if name not in names]
        if missing:
            raise missing_columns(missing, found, self._place, key)


class RecordShape:
    """The same for records, whose properties may differ from one to the next.

    A field that a record lacks is left out of it, unless it has a default. `names` grows in order of appearance. Where
    the records are rows of a table, its columns are judged at once, as a table's are.
    """

    def __init__(self, records: Records, request: PayloadRequest) -> None:
        self._place = records.files.paths[0]
        self._fields = conversions(request)
        self._sources = frozenset(source for _, source, _ in self._fields)
        self._outputs = frozenset(name for name, _, _ in self._fields)
        self._as_is = request.fields is None
        self._extra = "pass" if self._as_is else request.extra_columns
        self._found: dict[str, None] = {}
        self._names: dict[str, None] = {}
        refuse_reserved(self._outputs, self._place)
        if records.columns is not None:
            self._judge(records.columns, request.key)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names)

    @property
    def found(self) -> tuple[str, ...]:
        """The property names of the source so far."""
        return tuple(self._found)

    def shape(self, records: list[Record]) -> list[Record]:
        """Records of the payload's properties. Raises ValueError if a value cannot be converted (see `problems`)."""
        if not self._found.keys() >= set().union(*records):
            self._admit(name for record in records for name in record)
        if self._as_is:
            return records
        shaped = list(map(self._shaped, records))
        if not self._names.keys() >= set().union(*shaped):
            self._names.update(dict.fromkeys(name for record in shaped for name in record))
        return shaped

    def problems(self, records: list[Record]) -> Iterator[Problem]:
        for index, record in enumerate(records):
            for _, source, change in self._fields:
                if change is not None and source in record:
                    yield from _problem(index, source, record[source], change)

    def finish(self) -> None:
        """Raises SourceError for a field that no record had; to be called after the last record, if there was one."""
        missing = self._missing()
        if missing:
            raise missing_columns(missing, self.found, self._place, ())

    def _missing(self) -> list[str]:
        return [
            source
            for _, source, change in self._fields
            if source not in self._found and (change is None or change.default is None)
        ]

    def _judge(self, columns: tuple[str, ...], key: tuple[str, ...]) -> None:
        """Raises SourceError for what is wrong with the columns of a table, and notes the names that go out."""
        self._admit(columns)
        passed = [name for name in columns if name not in self._sources] if self._extra == "pass" else []
        self._names.update(dict.fromkeys((*(name for name, _, _ in self._fields), *passed)))
        missing = [*self._missing(), *(name for name in key if name not in self._names)]
        if missing:
            raise missing_columns(missing, self.found, self._place, key)

    def _shaped(self, record: Record) -> Record:
        shaped: Record = {}
        for name, source, change in self._fields:
            if source in record:
                shaped[name] = record[source] if change is None else change.value(record[source])
            elif change is not None and change.default is not None:
                shaped[name] = change.default
        if self._extra == "pass":
            for name, value in record.items():
                if name not in self._sources:
                    shaped[name] = value
        return shaped

    def _admit(self, names: Iterable[str]) -> None:
        """Checks names that are new in the source."""
        new = [name for name in dict.fromkeys(names) if name not in self._found]
        self._found.update(dict.fromkeys(new))
        extra = [name for name in new if name not in self._sources]
        if self._extra == "refuse" and extra:
            raise unnamed_columns(extra, self._place)
        if self._extra == "pass":
            refuse_reserved(extra, self._place)
            refuse_twice(sorted(self._outputs.intersection(extra)), self._place)
        if self._as_is:
            self._names.update(dict.fromkeys(new))


def conversions(request: PayloadRequest) -> list[tuple[str, str, Conversion | None]]:
    """Property name, source column and conversion of each field. Raises SourceError for a default of a wrong type."""
    found = []
    for field in request.fields or ():
        try:
            change = conversion(
                field, date_format=request.date_format, verbatim=request.verbatim, as_text=request.format == "csv"
            )
        except ValueError as error:
            hint = f"Set a default that is a {field.type}, or another type."
            raise SourceError(f"The default {field.default!r} of the field {field.name!r} {error}", hint) from None
        found.append((field.name, field.source_column, change))
    return found


def _problem(index: int, column: str, value: Any, change: Conversion) -> Iterator[Problem]:
    try:
        change.value(value)
    except ValueError as error:
        yield Problem(index, column, value, str(error))
