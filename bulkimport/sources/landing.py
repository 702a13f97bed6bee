"""From where the rows are to files that stay as they are.

A payload may take two readings of its source, and both have to see the same rows. Files on this machine are read where
they are, and watched; whatever else rows come from is first written whole into a private folder, and read from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bulkimport.errors import SourceError
from bulkimport.model import DuckDbSource, FileSource, ParquetSource, Source
from bulkimport.sources.duckdb import fetch_query, query_name

Tell = Callable[[int, int], None]
"""Told how many bytes have arrived, of how many in all (0 where that is not known)."""


@dataclass(frozen=True, slots=True)
class Landed:
    """`source` is ready to be read. `names` says what people call the files that were written on the way here."""

    source: FileSource
    names: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def told(self, text: str) -> str:
        """A text about the files, by the names that people know."""
        for path, name in self.names.items():
            text = text.replace(path, name)
        return text

    def told_error(self, error: SourceError) -> SourceError:
        """An error about the files, by the names that people know."""
        path = self.names.get(error.path, error.path) if error.path is not None else None
        return SourceError(self.told(error.message), self.told(error.hint), path, error.line)


def land(source: Source, folder: Path, tell: Tell) -> Landed:
    """Brings the rows of `source` to this machine, whole, into `folder` (private, made if it is needed).

    Blocks; raises SourceError where they cannot be had whole, and OSError only where `folder` cannot be written.
    """
    match source:
        case DuckDbSource():
            path = str(fetch_query(source, folder))
            return Landed(ParquetSource((path,)), {path: query_name(source)})
        case _:
            return Landed(source)
