"""How much there is to read, before it is read."""

from bulkimport.model import DuckDbSource, ParquetSource, Source
from bulkimport.sources.files import SourceFiles

GZIP_RATIO = 8
"""What a packed CSV of people unpacks to, about."""


def source_size(source: Source) -> int | None:
    """About how many bytes the source's files hold unpacked; None where only its landing tells.

    Raises SourceError where they cannot be found.
    """
    return None if isinstance(source, DuckDbSource) else packed_size(SourceFiles(source.paths))


def is_heavy(source: Source) -> bool:
    """Whether its libraries take so much time and memory that they belong into a process of their own."""
    return isinstance(source, DuckDbSource | ParquetSource)


def packed_size(files: SourceFiles) -> int:
    """About how many bytes the files hold unpacked."""
    packed = any(path.endswith(".gz") for path in files.paths)
    return files.size * GZIP_RATIO if packed else files.size
