"""How much there is to read, before it is read."""

from bulkimport.model import DuckDbSource, ExcelSource, FileSource, ParquetSource, Source
from bulkimport.sources.files import SourceFiles

DENSE_RATIO = 8
"""What the packed content of a workbook or a Parquet file comes to as rows, about."""


def source_size(source: Source) -> int | None:
    """About how many bytes the source's files hold unpacked; None for rows that are elsewhere.

    Raises SourceError where files cannot be found.
    """
    if isinstance(source, ExcelSource | ParquetSource):
        return SourceFiles(source.paths).size * DENSE_RATIO
    if isinstance(source, FileSource):
        return SourceFiles(source.paths, source.member).content_size
    return None


def is_heavy(source: Source) -> bool:
    """Whether its libraries take so much time and memory that they belong into a process of their own."""
    return isinstance(source, DuckDbSource | ParquetSource)
