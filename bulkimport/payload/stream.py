"""A source in the shape of the payload: items in batches, whichever kind of source they come from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress
from operator import itemgetter
from typing import Any, Protocol

from bulkimport.errors import SourceError
from bulkimport.model import Field, FieldType, FileSource
from bulkimport.payload.column_plan import needed_columns
from bulkimport.payload.encode import CsvFromRecords, CsvFromRows, Encoder, JsonFromRecords, JsonFromRows
from bulkimport.payload.keys import TextKeys
from bulkimport.payload.request import PayloadRequest
from bulkimport.payload.shape import Problem, RecordShape, TableShape
from bulkimport.sources import CsvTable, Records, Rows, open_source
from bulkimport.sources.base import Record, locate

ColumnGetter = Callable[[Any], Sequence[Any] | TextKeys]
_PROBLEMS_SHOWN = 5


class ItemStream(Protocol):
    """Items of the payload; what an item is, only its encoder and its columns need to know."""

    warnings: list[str]

    @property
    def source(self) -> CsvTable | Records:
        """Where the items come from."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The properties of the payload; of records, as far as they have been read."""
        ...

    def batches(self) -> Iterator[Sequence[Any]]:
        """All items in batches, none empty. Can be called again. Raises SourceError."""
        ...

    def encoder(self) -> Encoder:
        """What writes the items in the payload's format. May read the whole source to know its properties."""
        ...

    def column(self, names: Sequence[str]) -> ColumnGetter:
        """What takes the values of one property, or tuples of several, from a batch; None for what is not there."""
        ...

    def kept(self, items: Any, flags: bytes) -> Any:
        """Those items of a batch whose flag is 1 and not 0."""
        ...

    def goes_out_as(self, column: str) -> dict[str, FieldType | None]:
        """The properties that a column of the source becomes, or a part of; each with the type it is read as."""
        ...


def open_stream(request: PayloadRequest, source: FileSource) -> ItemStream:
    """The items of `source`, where the rows of `request` have landed. Raises SourceError."""
    fields = request.fields or ()
    wanted = frozenset(
        (*request.key, *request.required, *(column for field in fields for column in field.source_columns))
    )
    exact_decimals = bool(request.null_values) or any(map(_goes_by_text, fields))
    rows = open_source(source, wanted=wanted, exact_decimals=exact_decimals, needed=needed_columns(request))
    return TableStream(rows, request) if isinstance(rows, CsvTable) else RecordStream(rows, request)


def _goes_by_text(field: Field) -> bool:
    """Whether it matters how a number is written, and not only what it is."""
    return field.type == "text" or bool(field.joined or field.value_map or field.null_values)


class TableStream:
    """Items are rows of cells, one for each of `names`."""

    def __init__(self, table: CsvTable, request: PayloadRequest) -> None:
        self.source = table
        self.warnings = table.warnings
        self._shape = TableShape(table, request)
        self._format, self._blanks = request.format, request.blanks
        self.names = self._shape.names

    def batches(self) -> Iterator[Sequence[Any]]:
        return _shaped(self.source, self.source.batches(), self._shape)

    def encoder(self) -> Encoder:
        kind = CsvFromRows if self._format == "csv" else JsonFromRows
        return kind(self.names, self._blanks)

    def column(self, names: Sequence[str]) -> ColumnGetter:
        if not set(names) <= set(self.names):
            absent = None if len(names) == 1 else (None,) * len(names)
            return lambda items: [absent] * len(items)
        take = itemgetter(*map(self.names.index, names))
        return lambda items: list(map(take, items))

    def kept(self, items: Sequence[Any], flags: bytes) -> list[Any]:
        return list(compress(items, flags))

    def shaped(self, rows: list[list[str]]) -> Sequence[Any]:
        """Items of rows of the table. Raises ValueError if a value cannot be converted."""
        return self._shape.shape(rows)

    def goes_out_as(self, column: str) -> dict[str, FieldType | None]:
        return self._shape.goes_out_as(column)


class RecordStream:
    """Items are objects, each with some of `names`."""

    def __init__(self, records: Records, request: PayloadRequest) -> None:
        self.source = records
        self.warnings = records.warnings
        self._shape = RecordShape(records, request)
        self._format, self._blanks = request.format, request.blanks

    @property
    def names(self) -> tuple[str, ...]:
        return self._shape.names

    def batches(self) -> Iterator[list[Record]]:
        empty = True
        for items in _shaped(self.source, self.source.batches(), self._shape):
            empty = False
            yield items
        if not empty:
            self._shape.finish()

    def encoder(self) -> Encoder:
        if self._format == "json":
            return JsonFromRecords(self._blanks)
        rows = values = 0
        for items in self.batches():
            rows += len(items)
            values += sum(map(len, items))
        if values < rows * len(self.names):
            self.warnings.append(
                "Some records lack properties that others have; in a CSV payload they are sent as blank, "
                "where a JSON payload would leave them out."
            )
        return CsvFromRecords(self.names, self._blanks)

    def column(self, names: Sequence[str]) -> ColumnGetter:
        if len(names) == 1:
            name = names[0]
            return lambda items: [record.get(name) for record in items]
        return lambda items: [tuple(map(record.get, names)) for record in items]

    def kept(self, items: list[Record], flags: bytes) -> list[Record]:
        return list(compress(items, flags))

    def goes_out_as(self, column: str) -> dict[str, FieldType | None]:
        return self._shape.goes_out_as(column)


class _Shape(Protocol):
    def shape(self, items: list[Any]) -> Any: ...
    def problems(self, items: list[Any]) -> Iterator[Problem]: ...


def _shaped(source: Rows, batches: Iterator[list[Any]], shape: _Shape) -> Iterator[Any]:
    first = 1
    for batch in batches:
        try:
            items = shape.shape(batch)
        except ValueError as error:
            raise _unsendable(source, chain([batch], batches), first, shape) or error from None
        yield items
        first += len(batch)


def _unsendable(source: Rows, batches: Iterable[list[Any]], first: int, shape: _Shape) -> SourceError | None:
    """The error for the values from row `first` on that cannot be converted, the first few of them shown."""
    problems: list[tuple[int, Problem]] = []
    try:
        for batch in batches:
            problems += [(first + problem.index, problem) for problem in shape.problems(batch)]
            if len(problems) > _PROBLEMS_SHOWN:
                break
            first += len(batch)
    except SourceError:
        pass  # what else is wrong with the source can wait: these problems come first in it
    if not problems:
        return None
    shown = problems[:_PROBLEMS_SHOWN]
    places = locate(source, {row for row, _ in shown})
    lines = [f"{places[row]}: {problem}" for row, problem in shown]
    if len(problems) > len(shown):
        lines.append(f"and at least {len(problems) - len(shown)} more")
    place = places[shown[0][0]]
    hint = "Correct the values in the source, or the types in `fields`."
    return SourceError("\n".join(lines), hint, place.path, place.line)
