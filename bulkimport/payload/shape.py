"""Which properties go out, under which names and as what: the source's rows in the shape of the payload."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bulkimport.errors import SourceError
from bulkimport.model import Field, FieldType
from bulkimport.payload.cleaning import Cleaning, Joining, as_text
from bulkimport.payload.columns import missing_columns, refuse_reserved, refuse_twice, unnamed_columns
from bulkimport.payload.convert import Conversion, conversion
from bulkimport.payload.request import PayloadRequest
from bulkimport.sources import CsvTable, ExactNumber, Records
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
        shown = self.value.text if isinstance(self.value, ExactNumber) else repr(self.value)
        return f"column {self.column!r}: {shown if len(shown) <= 60 else shown[:57] + '...'} {self.reason}"


@dataclass(frozen=True, slots=True)
class Origin:
    """A property of the payload and what it is made of: the columns `sources`, none for a constant."""

    name: str
    sources: tuple[str, ...]
    joining: Joining | None
    conversion: Conversion | None
    type: FieldType | None = None

    @property
    def label(self) -> str:
        return " + ".join(self.sources)

    @property
    def may_be_absent(self) -> bool:
        """Whether a source may lack the columns."""
        return not self.sources or (self.conversion is not None and self.conversion.default is not None)

    def joined(self, parts: Sequence[Any]) -> Any:
        """The values of `sources` as the one that is converted."""
        return parts[0] if self.joining is None else self.joining.text(tuple(map(as_text, parts)))


class TableShape:
    """Turns rows of a table into rows of the payload's properties, which `names` lists.

    Without anything to rename, convert or leave out, rows pass through as they are. Raises SourceError for a field
    whose column is missing (unless it has a default), for a missing key column, for columns that `fields` does not
    name where these are refused, and for names that Orgvue keeps for itself.
    """

    def __init__(self, table: CsvTable, request: PayloadRequest) -> None:
        self._place = table.files.paths[0]
        self._indexes = {name: index for index, name in enumerate(table.columns)}
        fields = origins(request)
        named = named_columns(fields)
        extra = [name for name in table.columns if name not in named]
        if request.fields is not None and request.extra_columns == "refuse" and extra:
            raise unnamed_columns(extra, self._place)
        if request.fields is None or request.extra_columns == "pass":
            fields += [passed_on(name, request) for name in extra]
        self._columns = fields
        self._refuse_missing(table.columns, request.key)
        self._refuse_files_without_key(table, request.key)
        self.names = tuple(column.name for column in fields)
        refuse_reserved(self.names, self._place)
        refuse_twice([name for name, times in Counter(self.names).items() if times > 1], self._place)
        self._as_is = self.names == table.columns and all(
            column.conversion is None and column.sources == (column.name,) for column in fields
        )

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
                if column.conversion is not None and self._is_there(column):
                    parts = [row[self._indexes[name]] for name in column.sources]
                    yield from _problem(index, column.label, column.joined(parts), column.conversion)

    def goes_out_as(self, column: str) -> dict[str, FieldType | None]:
        """The properties that a column of the table becomes, or a part of; each with the type it is read as."""
        return {origin.name: origin.type for origin in self._columns if column in origin.sources}

    def _is_there(self, column: Origin) -> bool:
        return bool(column.sources) and all(name in self._indexes for name in column.sources)

    def _values(self, column: Origin, cells: list[tuple[str, ...]], count: int) -> Sequence[Any]:
        if not self._is_there(column):
            return [None if column.conversion is None else column.conversion.default] * count
        values: Sequence[str] = cells[self._indexes[column.sources[0]]]
        if column.joining is not None:
            values = list(
                map(column.joining.text, zip(*(cells[self._indexes[name]] for name in column.sources), strict=True))
            )
        return values if column.conversion is None else column.conversion.column(values)

    def _refuse_missing(self, found: tuple[str, ...], key: tuple[str, ...]) -> None:
        missing = [
            name
            for column in self._columns
            if not column.may_be_absent
            for name in column.sources
            if name not in self._indexes
        ]
        names = {column.name for column in self._columns}
        missing += [name for name in key if name not in names]
        if missing:
            raise missing_columns(missing, found, self._place, key)

    def _refuse_files_without_key(self, table: CsvTable, key: tuple[str, ...]) -> None:
        """Where files may have different columns, each still has to have those that its keys are made of."""
        made_of = [column for column in self._columns if column.name in key and not column.may_be_absent]
        needed = [name for column in made_of for name in column.sources]
        for path, header in table.headers.items():
            missing = [name for name in needed if name not in header.columns]
            if missing:
                raise missing_columns(missing, header.columns, path, tuple(needed))


class RecordShape:
    """The same for records, whose properties may differ from one to the next.

    A field that a record lacks is left out of it, unless it has a default. `names` grows in order of appearance. Where
    the records are rows of a table, its columns are judged at once, as a table's are.
    """

    def __init__(self, records: Records, request: PayloadRequest) -> None:
        self._place = records.files.paths[0]
        self._fields = origins(request)
        self._named = named_columns(self._fields)
        self._outputs = frozenset(field.name for field in self._fields)
        self._change_extra = passed_on("", request).conversion
        self._as_is = request.fields is None and self._change_extra is None
        self._extra = "pass" if request.fields is None else request.extra_columns
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
            for field in self._fields:
                if field.conversion is not None and any(name in record for name in field.sources):
                    yield from _problem(index, field.label, _joined(field, record), field.conversion)

    def finish(self) -> None:
        """Raises SourceError for a field that no record had; to be called after the last record, if there was one."""
        missing = self._missing()
        if missing:
            raise missing_columns(missing, self.found, self._place, ())

    def _missing(self) -> list[str]:
        needed = (field for field in self._fields if not field.may_be_absent)
        return [name for field in needed for name in field.sources if name not in self._found]

    def _judge(self, columns: tuple[str, ...], key: tuple[str, ...]) -> None:
        """Raises SourceError for what is wrong with the columns of a table, and notes the names that go out."""
        self._admit(columns)
        passed = [name for name in columns if name not in self._named] if self._extra == "pass" else []
        self._names.update(dict.fromkeys((*(field.name for field in self._fields), *passed)))
        missing = [*self._missing(), *(name for name in key if name not in self._names)]
        if missing:
            raise missing_columns(missing, self.found, self._place, key)

    def goes_out_as(self, column: str) -> dict[str, FieldType | None]:
        """The properties that a property of the source becomes, or a part of; each with the type it is read as."""
        if column in self._named:
            return {field.name: field.type for field in self._fields if column in field.sources}
        return {column: None} if self._extra == "pass" else {}

    def _shaped(self, record: Record) -> Record:
        shaped: Record = {}
        for field in self._fields:
            change = field.conversion
            if any(name in record for name in field.sources):
                value = _joined(field, record)
                shaped[field.name] = value if change is None else change.value(value)
            elif change is not None and (change.default is not None or not field.sources):
                shaped[field.name] = change.default
        if self._extra == "pass":
            change = self._change_extra
            for name, value in record.items():
                if name not in self._named:
                    shaped[name] = value if change is None else change.value(value)
        return shaped

    def _admit(self, names: Iterable[str]) -> None:
        """Checks names that are new in the source."""
        new = [name for name in dict.fromkeys(names) if name not in self._found]
        self._found.update(dict.fromkeys(new))
        extra = [name for name in new if name not in self._named]
        if self._extra == "refuse" and extra:
            raise unnamed_columns(extra, self._place)
        if self._extra == "pass":
            refuse_reserved(extra, self._place)
            refuse_twice(sorted(self._outputs.intersection(extra)), self._place)
        if self._as_is:
            self._names.update(dict.fromkeys(new))


def origins(request: PayloadRequest) -> list[Origin]:
    """What each field is made of. Raises SourceError for a default of a wrong type."""
    found = []
    for field in request.fields or ():
        try:
            change = conversion(
                field, date_format=request.date_format, verbatim=request.verbatim, as_text=request.format == "csv"
            )
        except ValueError as error:
            hint = f"Set a default that is a {field.type}, or another type."
            raise SourceError(f"The default {field.default!r} of the field {field.name!r} {error}", hint) from None
        joining = Joining(field.separator, Cleaning(field.trim, frozenset(field.null_values))) if field.joined else None
        found.append(Origin(field.name, field.source_columns, joining, change, field.type))
    return found


def passed_on(name: str, request: PayloadRequest) -> Origin:
    """A column that no field names."""
    field = Field(name, name, trim=request.trim, null_values=request.null_values)
    change = conversion(field, date_format=request.date_format, verbatim=request.verbatim, as_text=False)
    return Origin(name, (name,), None, change)


def named_columns(fields: Iterable[Origin]) -> frozenset[str]:
    """The columns that fields speak for; a constant speaks for the column of its own name."""
    return frozenset(name for field in fields for name in field.sources or (field.name,))


def _joined(field: Origin, record: Record) -> Any:
    return field.joined([record.get(name) for name in field.sources])


def _problem(index: int, column: str, value: Any, change: Conversion) -> Iterator[Problem]:
    try:
        change.value(value)
    except ValueError as error:
        yield Problem(index, column, value, str(error))
