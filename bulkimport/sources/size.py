"""How much there is to read, before it is read."""

from bulkimport.model import FileSource, Source
from bulkimport.sources.files import SourceFiles

GZIP_RATIO = 8
"""What a packed CSV of people unpacks to, about."""


def source_size(source: Source) -> int | None:
    """About how many bytes the source's files hold unpacked; None for rows that are elsewhere.

    Raises SourceError where files cannot be found.
    """
    if not isinstance(source, FileSource):
        return None
    files = SourceFiles(source.paths)
    packed = any(path.endswith(".gz") for path in files.paths)
    return files.size * GZIP_RATIO if packed else files.size
