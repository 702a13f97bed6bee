"""Sources: files as rows of cells or as records, read in a stream, whole and well-formed or not at all."""

from bulkimport.model import CsvSource, ExcelSource, FileSource, JsonSource, NdjsonSource, ParquetSource
from bulkimport.sources.base import ExactNumber, Place, Records, Rows
from bulkimport.sources.csv import CsvTable
from bulkimport.sources.json import JsonRecords
from bulkimport.sources.ndjson import NdjsonRecords
from bulkimport.sources.parquet import ParquetRecords

__all__ = ["CsvTable", "ExactNumber", "Place", "Records", "Rows", "open_source"]


def open_source(
    source: FileSource,
    *,
    wanted: frozenset[str] = frozenset(),
    exact_decimals: bool = False,
    needed: frozenset[str] | None = None,
) -> CsvTable | Records:
    """The rows behind `source`; its files exist, can be opened, and a table's headers have been read.

    `wanted` are column names that are meant exactly as written, white space included. `exact_decimals` asks JSON for
    decimals as the text they were written as; integers and decimals that a float cannot hold are exact anyway.
    Of Parquet's columns, only the `needed` ones are read (None: all). Raises SourceError, here and while reading.
    """
    match source:
        case CsvSource():
            return CsvTable(source, wanted)
        case JsonSource():
            return JsonRecords(source.paths, source.records, member=source.member, exact_decimals=exact_decimals)
        case NdjsonSource():
            return NdjsonRecords(source, exact_decimals=exact_decimals)
        case ParquetSource():
            return ParquetRecords(source, needed)
        case ExcelSource():
            raise AssertionError("a workbook is read when it lands; what is opened then are its rows")
