"""What `check` tells of the columns of a source: what they look like and where they go."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from bulkimport.payload import ColumnPreview
from bulkimport.planner import PlannedDataset
from bulkimport.report.layout import NOTHING, Column, paragraph, table
from bulkimport.wording import counted, listed, percent

_FITS = {
    "number": ("number", "blank"),
    "date": ("date", "blank"),
    "boolean": ("boolean", "blank"),
}
"""What the values of a property of some type in Orgvue may look like; anything goes into the others."""

_DROPPED = "dropped"


def column_document(column: ColumnPreview, types: Mapping[str, str] | None) -> dict[str, Any]:
    """A column in `bulkimport.check/1`."""
    return {
        "name": column.name,
        "looks_like": column.kind,
        "date_format": column.pattern,
        "blank": column.blank,
        "sampled_rows": column.rows,
        "properties": [{"key": key, "type": None if types is None else types.get(key)} for key in column.properties],
    }


def columns_text(one: PlannedDataset, width: int) -> Iterator[RenderableType]:
    """A table of one dataset's columns, then what is odd about them."""
    types = one.property_types or None
    columns = [Column("column", wraps=True), Column("looks like"), Column("blank", right=True)]
    columns.append(Column("goes out as", wraps=True))
    if types is not None:
        columns.append(Column("in Orgvue"))
    yield paragraph(f"{one.name}: the first {counted(one.source_columns[0].rows, 'row')} of its source", "bold")
    yield table(columns, [_cells(column, types) for column in one.source_columns], width)
    shown = {key for column in one.source_columns for key in column.properties}
    if others := [key for key in (one.payload.columns if one.payload else ()) if key not in shown]:
        yield paragraph(f"From no column of it, but by `fields`: {listed(others)}.")
    for column in one.source_columns:
        odd = listed(f"{key} ({types[key]})" for key in _misfits(column, types)) if types else ""
        if odd:
            yield paragraph(
                f"Warning: {one.name}: {column.name} looks like {column.kind}, but goes out as {odd}.", "yellow"
            )


def _cells(column: ColumnPreview, types: Mapping[str, str] | None) -> list[Text]:
    kind = f"{column.kind} {column.pattern}" if column.pattern else column.kind
    cells = [
        Text(column.name),
        Text(kind),
        Text(_share(column.blank, column.rows)),
        Text(", ".join(column.properties)) if column.properties else Text(_DROPPED, style="yellow"),
    ]
    if types is not None:
        cells.append(Text(", ".join(types.get(key, "no property") for key in column.properties) or NOTHING))
    return cells


def _share(part: int, whole: int) -> str:
    share = percent(part, whole)
    return NOTHING if not part else "<1%" if share == "0%" else share


def _misfits(column: ColumnPreview, types: Mapping[str, str]) -> list[str]:
    """The properties that may not take such values; one that a field gives a type was read as that, or had failed."""
    return [
        key
        for key in column.properties
        if key not in column.converted and column.kind not in _FITS.get(types.get(key, ""), (column.kind,))
    ]
