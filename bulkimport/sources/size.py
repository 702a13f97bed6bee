"""How much there is to read, before it is read."""

from bulkimport.model import Source
from bulkimport.sources.files import SourceFiles


def source_size(source: Source) -> int:
    """About how many bytes the source's files hold unpacked. Raises SourceError where they cannot be found."""
    return SourceFiles(source.paths, source.member).content_size
