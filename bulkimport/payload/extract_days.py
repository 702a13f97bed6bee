"""The days that stand in a column of a source."""

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bulkimport.errors import SourceError
from bulkimport.model import ExtractDate, Source
from bulkimport.payload.columns import missing_columns
from bulkimport.payload.dates import DateReader
from bulkimport.payload.kinds import is_blank
from bulkimport.payload.spool import spool_error
from bulkimport.sources import CsvTable, open_source
from bulkimport.sources.landing import by_known_names, land

_MOST = 100
"""More days than these in one column are no dates of an extract."""


def days_in_column(source: Source, extract: ExtractDate, landing_path: str) -> frozenset[date]:
    """All days in the column of `extract`, by one reading of the source; blank cells count for nothing.

    Raises SourceError where there is no such column, or something else than a date in it, and StateError where what is
    not on this machine cannot be brought here.
    """
    try:
        return _days_of(source, extract, Path(landing_path))
    except OSError as error:
        raise spool_error(error, landing_path) from None
    finally:
        shutil.rmtree(landing_path, ignore_errors=True)


def _days_of(source: Source, extract: ExtractDate, landing: Path) -> frozenset[date]:
    assert extract.column is not None  # noqa: S101 - the config has one wherever the origin is a column
    landed = land(source, landing, lambda arrived, total: None)
    read = DateReader(extract.format, "YYYY-MM-DD")
    texts: set[Any] = set()
    with by_known_names(landed):
        rows = open_source(landed.source, wanted=frozenset({extract.column}))
        place = rows.files.paths[0]
        if isinstance(rows, CsvTable):
            if extract.column not in rows.columns:
                raise missing_columns([extract.column], rows.columns, place, ())
            index = rows.columns.index(extract.column)
            for cells in rows.batches():
                texts.update(row[index] for row in cells)
        else:
            for records in rows.batches():
                texts.update(record.get(extract.column) for record in records)
        return _days(texts, extract, read, place)


def _days(values: set[Any], extract: ExtractDate, read: DateReader, place: str) -> frozenset[date]:
    column = extract.column
    days = set()
    for value in values:
        if is_blank(value):
            continue
        try:
            text = str(value).strip()
            if extract.format is None:  # of a moment, the day counts
                text = text.replace(" ", "T").partition("T")[0]
            days.add(datetime.strptime(read(text), "%Y-%m-%d").date())  # noqa: DTZ007 (a calendar day)
        except ValueError as error:
            hint = "Correct `extract_date` in the config, or the column. Nothing was sent for this dataset."
            raise SourceError(f"{place}: {str(value)[:40]!r} in column {column!r} {error}", hint, place) from None
        if len(days) > _MOST:
            hint = "Name a column that has the day of the extract, the same in every row, under `extract_date`."
            raise SourceError(f"{place}: column {column!r} has more than {_MOST} different days", hint, place)
    return frozenset(days)
