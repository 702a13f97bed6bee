"""The checked `source` block → the source that the rest of the program knows."""

from bulkimport import model
from bulkimport.config.paths import absolute, absolute_pattern
from bulkimport.config.source_block import SourceBlock
from bulkimport.config.source_types import TYPE_OF_EXTENSION, default_delimiter, extension


def source(block: SourceBlock, directory: str) -> model.Source:
    """`directory` is the absolute one of the file that holds the block."""
    if not block.path:
        query_file = None if block.query_file is None else absolute(directory, block.query_file)
        return model.DuckDbSource(directory, block.query, query_file)
    kind = block.type or TYPE_OF_EXTENSION[extension(block.path[0])]
    return _content(block, kind, tuple(absolute_pattern(directory, path) for path in block.path))


def _content(block: SourceBlock, kind: str, paths: tuple[str, ...]) -> model.FileSource:
    """Files as the block says they are to be read."""
    match kind:
        case "csv":
            delimiter = block.delimiter or default_delimiter(paths[0])
            return model.CsvSource(paths, delimiter, block.encoding, block.quotechar)
        case "json":
            return model.JsonSource(paths)
        case "parquet":
            return model.ParquetSource(paths)
        case _:
            return model.NdjsonSource(paths)
