"""How much there is to read, before it is read."""

from bulkimport.model import CommandSource, ExcelSource, PythonSource, Source, SqlSource
from bulkimport.sources.files import SourceFiles

GZIP_RATIO = 8
"""What a packed CSV of people unpacks to, about."""


def source_size(source: Source) -> int | None:
    """About how many bytes the source's files hold unpacked, None where that is not known before they have come.

    Raises SourceError where they cannot be found.
    """
    if isinstance(source, CommandSource | PythonSource | SqlSource):
        return None
    files = SourceFiles(source.paths)
    packed = isinstance(source, ExcelSource) or any(path.endswith(".gz") for path in files.paths)
    return files.size * GZIP_RATIO if packed else files.size
