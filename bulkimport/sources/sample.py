"""The first rows of a source, by its own columns."""

from dataclasses import dataclass

from bulkimport.sources.base import Record, Records
from bulkimport.sources.csv import CsvTable


@dataclass(frozen=True, slots=True)
class Sample:
    """`columns` are those of the table; of records that were none, those that `rows` have."""

    columns: tuple[str, ...]
    rows: list[Record]


def sample_of(source: CsvTable | Records, count: int) -> Sample:
    """Up to `count` rows from the start of the source. Raises SourceError."""
    if isinstance(source, CsvTable):
        cells = next(source.batches(), [])[:count]
        return Sample(source.columns, [dict(zip(source.columns, row, strict=True)) for row in cells])
    rows = next(source.batches(), [])[:count]
    return Sample(source.columns or tuple(dict.fromkeys(name for row in rows for name in row)), rows)
