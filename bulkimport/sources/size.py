"""How much there is to read, before it is read."""

from bulkimport.model import ExcelSource, FileSource, Source
from bulkimport.sources.files import SourceFiles

WORKBOOK_RATIO = 8
"""What the packed XML of a workbook comes to as rows, about."""


def source_size(source: Source) -> int | None:
    """About how many bytes the source's files hold unpacked; None for rows that are elsewhere.

    Raises SourceError where files cannot be found.
    """
    if isinstance(source, ExcelSource):
        return SourceFiles(source.paths).size * WORKBOOK_RATIO
    if not isinstance(source, FileSource):
        return None
    return SourceFiles(source.paths, source.member).content_size
