"""Which columns of a table make which properties, if that is all there is to a payload.

Columns are encoded apart from rows (see `column_json`), by code that knows the features named here and no others: a
request that asks for anything else is one for the rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from bulkimport.model import Field
from bulkimport.payload.convert import Conversion
from bulkimport.payload.request import PayloadRequest
from bulkimport.payload.shape import origins

_OF_FIELD = frozenset({"name", "source_column", "type", "format", "default"})
_OF_REQUEST = frozenset(
    {
        *("source", "key", "spool_path", "keys_path", "landing_path", "progress_path", "format", "fields"),
        *("extra_columns", "duplicates", "required", "date_format", "verbatim"),
    }
)


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A property and the 0-based place of its column; None for one that the table lacks, whose default is sent.

    `field` is None for a column that goes out as it stands because no field names it.
    """

    name: str
    index: int | None
    field: Field | None = None
    conversion: Conversion | None = None


def is_known(request: PayloadRequest) -> bool:
    """Whether the request asks for nothing but what is encoded by columns."""
    known = (_is_known(field, _OF_FIELD) for field in request.fields or ())
    return request.format == "json" and _is_known(request, _OF_REQUEST) and all(known)


def needed_columns(request: PayloadRequest) -> frozenset[str] | None:
    """The only columns of the source that a payload takes anything from; None where all are."""
    if request.fields is None or request.extra_columns != "drop" or not is_known(request):
        return None
    return frozenset(field.source_column for field in request.fields)


def column_plan(request: PayloadRequest, columns: Sequence[str]) -> tuple[PlannedColumn, ...]:
    """The properties of the payload in their order, made of `columns`, which were found right for the request."""
    places = {name: index for index, name in enumerate(columns)}
    named = [
        PlannedColumn(field.name, places.get(field.source_column), field, origin.conversion)
        for field, origin in zip(request.fields or (), origins(request), strict=True)
    ]
    taken = {field.source_column for field in request.fields or ()}
    passed = columns if request.fields is None or request.extra_columns == "pass" else ()
    return (*named, *(PlannedColumn(name, places[name]) for name in passed if name not in taken))


def _is_known(value: Any, known: Iterable[str]) -> bool:
    """Whether whatever else `value` can say has been left unsaid."""
    return all(getattr(value, field.name) == field.default for field in fields(value) if field.name not in known)
