"""Files that each hold one JSON array of objects."""

from collections.abc import Iterator, Sequence

from bulkimport.errors import SourceError
from bulkimport.json_stream import Block, JsonStreamError, iter_blocks
from bulkimport.sources.base import Place, Record
from bulkimport.sources.files import CHUNK_SIZE, SourceFiles
from bulkimport.sources.records import RecordError, plain_records

_HINT = "The file has to be one JSON array of objects, whole. Nothing was sent for this dataset."


class JsonRecords:
    """The objects of one or more files as one source. Raises SourceError."""

    def __init__(self, paths: Sequence[str], *, exact_decimals: bool = False) -> None:
        self.files = SourceFiles(paths)
        self.warnings: list[str] = []
        self.columns: tuple[str, ...] | None = None
        self._exact_decimals = exact_decimals

    def batches(self) -> Iterator[list[Record]]:
        for path in self.files.paths:
            for block in self._blocks(path):
                try:
                    yield plain_records(block.data, block.objects, exact_decimals=self._exact_decimals)
                except RecordError as error:
                    place = Place(path, block.first_record + error.index, "record")
                    raise place.error(error.message, error.hint) from None

    def places(self) -> Iterator[Place]:
        for path in self.files.paths:
            for block in self._blocks(path):
                for number in range(block.first_record, block.first_record + len(block.objects)):
                    yield Place(path, number, "record")

    def _blocks(self, path: str) -> Iterator[Block]:
        try:
            yield from iter_blocks(self.files.chunks(path), CHUNK_SIZE)
        except JsonStreamError as error:
            message = f"{path}, record {error.record_number}, byte {error.byte_offset}: {error.message}"
            raise SourceError(message, _HINT, path, error.record_number) from None
