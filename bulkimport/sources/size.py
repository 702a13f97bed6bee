"""How much there is to read, before it is read."""

from bulkimport.model import FileSource, Source
from bulkimport.sources.files import SourceFiles


def source_size(source: Source) -> int | None:
    """About how many bytes the source's files hold unpacked; None for rows that are elsewhere.

    Raises SourceError where files cannot be found.
    """
    if not isinstance(source, FileSource):
        return None
    return SourceFiles(source.paths, source.member).content_size
