"""The days that stand in a column of a source."""

import shutil
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from bulkimport.dates import DateReader
from bulkimport.errors import SourceError
from bulkimport.model import ExtractDate, Source
from bulkimport.payload.columns import missing_columns
from bulkimport.payload.kinds import is_blank
from bulkimport.payload.spool import spool_error
from bulkimport.sources import CsvTable, Rows, open_source
from bulkimport.sources.base import locate
from bulkimport.sources.landing import by_known_names, land

_MOST = 100
"""More days than these in one column are no dates of an extract."""

_REMEMBERED = 1_000
"""Of so many texts the day is kept, so that it is not worked out anew for every row."""


def days_in_column(source: Source, extract: ExtractDate, landing_path: str) -> frozenset[date]:
    """All days in the column of `extract`, by one reading of the source; at least one.

    Raises SourceError where there is no such column, a row whose cell in it is blank or something else than a date, or
    no row at all, and StateError where what is not on this machine cannot be brought here.
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
    with by_known_names(landed):
        rows = open_source(landed.source, wanted=frozenset({extract.column}))
        place = rows.files.paths[0]
        found = _Column(rows, extract, extract.column, place)
        if isinstance(rows, CsvTable):
            if extract.column not in rows.columns:
                raise missing_columns([extract.column], rows.columns, place, ())
            index = rows.columns.index(extract.column)
            for cells in rows.batches():
                found.take([row[index] for row in cells])
        else:
            for records in rows.batches():
                found.take([record.get(extract.column) for record in records])
        if not found.days:
            hint = "Have the extract made again, with its rows."
            raise SourceError(f"{place} has no rows, so column {extract.column!r} tells no day", hint, place)
    return frozenset(found.days)


class _Column:
    """The cells of the column, row by row, and the days in them."""

    def __init__(self, rows: Rows, extract: ExtractDate, column: str, place: str) -> None:
        self.days: set[date] = set()
        self._rows = rows
        self._column = column
        self._place = place
        self._takes_moments = extract.format is None
        self._read = DateReader(extract.format, "YYYY-MM-DD")
        self._day_in = lru_cache(_REMEMBERED)(self._converted)
        self._taken = 0

    def take(self, values: Sequence[Any]) -> None:
        """The cells of further rows. Raises SourceError."""
        for value in dict.fromkeys(values):
            try:
                self.days.add(self._day(value))
            except ValueError as error:
                raise self._error(self._taken + values.index(value) + 1, str(error)) from None
            if len(self.days) > _MOST:
                hint = "Name a column that has the day of the extract, the same in every row, under `extract_date`."
                message = f"{self._place}: column {self._column!r} has more than {_MOST} different days"
                raise SourceError(message, hint, self._place)
        self._taken += len(values)

    def _day(self, value: Any) -> date:
        if is_blank(value):
            raise ValueError(f"column {self._column!r} is blank; it tells the day of the extract, in every row")
        text = str(value).strip()
        if self._takes_moments:  # of a moment, the day counts
            text = text.replace(" ", "T").partition("T")[0]
        try:
            return self._day_in(text)
        except ValueError as error:
            raise ValueError(f"{str(value)[:40]!r} in column {self._column!r} {error}") from None

    def _converted(self, text: str) -> date:
        return date.fromisoformat(self._read(text))

    def _error(self, number: int, message: str) -> SourceError:
        hint = "Correct `extract_date` in the config, or the column."
        return locate(self._rows, {number})[number].error(message, hint)
