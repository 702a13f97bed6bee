"""What the first rows of a source look like, and where its columns go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bulkimport.model import FieldType, Payload, Source
from bulkimport.payload.kinds import ValueKind, is_blank, kind_of
from bulkimport.payload.prepare import prepare
from bulkimport.payload.request import PayloadRequest
from bulkimport.payload.spool import spool_error
from bulkimport.payload.stream import ItemStream
from bulkimport.sources import open_source
from bulkimport.sources.landing import by_known_names, land
from bulkimport.sources.sample import Sample, sample_of

ROWS = 1_000
"""How many rows are looked at, at most."""


@dataclass(frozen=True, slots=True)
class ColumnPreview:
    """A column of the source, in `rows` of which `blank` have no value.

    `kind` is what its values look like, `pattern` how dates are written (None: ISO 8601). `is_unique` says that each of
    the rows has a value of its own. `properties` is what the column goes out as, nothing if it is dropped; `converted`
    are those of them that its values are read as a type for.
    """

    name: str
    kind: ValueKind
    pattern: str | None
    rows: int
    blank: int
    is_unique: bool
    properties: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()


def prepare_with_preview(request: PayloadRequest) -> tuple[Payload, tuple[ColumnPreview, ...]]:
    """As `prepare`, with what the first rows of its source look like."""
    found: list[ColumnPreview] = []

    def look(stream: ItemStream) -> None:
        found.extend(_columns(sample_of(stream.source, ROWS), stream.goes_out_as))

    payload = prepare(request, look=look)
    return payload, tuple(found)


def survey(source: Source, landing_path: str) -> tuple[ColumnPreview, ...]:
    """The columns of a source of which nothing is known yet. Raises SourceError, and StateError if it cannot land."""
    try:
        landed = land(source, Path(landing_path), lambda arrived, total: None)
        with by_known_names(landed):
            return tuple(_columns(sample_of(open_source(landed.source), ROWS), lambda column: {}))
    except OSError as error:
        raise spool_error(error, landing_path) from None


def _columns(sample: Sample, goes_out_as: Callable[[str], Mapping[str, FieldType | None]]) -> list[ColumnPreview]:
    columns = []
    for name in sample.columns:
        values = [row.get(name) for row in sample.rows]
        kind, pattern = kind_of(values)
        blank = sum(map(is_blank, values))
        is_unique = bool(values) and not blank and len({str(value) for value in values}) == len(values)
        properties = goes_out_as(name)
        converted = tuple(key for key, type_ in properties.items() if type_ is not None)
        columns.append(ColumnPreview(name, kind, pattern, len(values), blank, is_unique, tuple(properties), converted))
    return columns
