"""From where the rows are to files that stay as they are.

A payload may take two readings of its source, and both have to see the same rows. Files on this machine are read where
they are, and watched; whatever else rows come from is first written whole into a private folder, and read from there.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import anyio

from bulkimport.errors import SourceError
from bulkimport.model import (
    CommandSource,
    DuckDbSource,
    ExcelSource,
    FileSource,
    HttpSource,
    ParquetSource,
    PythonSource,
    RemoteSource,
    Source,
    SqlSource,
)
from bulkimport.sources.addresses import database_name
from bulkimport.sources.apart import fetch_rows
from bulkimport.sources.command import fetch_output
from bulkimport.sources.duckdb import fetch_query, query_name
from bulkimport.sources.progress import OnArrived
from bulkimport.sources.workbook import rewrite_workbooks


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


@contextmanager
def by_known_names(landed: Landed) -> Iterator[None]:
    """Has the SourceErrors of a `with` block name files as people know them."""
    try:
        yield
    except SourceError as error:
        raise landed.told_error(error) from None


def land(source: Source, folder: Path, on_arrived: OnArrived) -> Landed:
    """Brings the rows of `source` to this machine, whole, into `folder` (private, made if it is needed).

    Blocks; raises SourceError where they cannot be had whole, and OSError only where `folder` cannot be written.
    """
    match source:
        case HttpSource():
            from bulkimport.sources.report import fetch_report

            landed = Landed(*anyio.run(fetch_report, source, folder, on_arrived))
        case RemoteSource():
            from bulkimport.sources.remote import fetch_files

            landed = Landed(*anyio.run(fetch_files, source, folder, on_arrived))
        case CommandSource():
            content, name = fetch_output(source, folder, on_arrived)
            landed = Landed(content, {content.paths[0]: name})
        case DuckDbSource():
            path = str(fetch_query(source, folder))
            landed = Landed(ParquetSource((path,)), {path: query_name(source)})
        case PythonSource():
            details = {"function": source.function, "folder": source.folder, "arguments": dict(source.arguments)}
            landed = _rows("python", details, source.function, source, folder, on_arrived)
        case SqlSource():
            details = {**asdict(source), "url": source.url.reveal(), "parameters": dict(source.parameters)}
            landed = _rows("sql", details, f"the query on {database_name(source.url)}", source, folder, on_arrived)
        case _:
            landed = Landed(source)
    return _unpacked(landed.source, landed, folder) if isinstance(landed.source, ExcelSource) else landed


def _rows(
    kind: str,
    details: Mapping[str, object],
    place: str,
    source: PythonSource | SqlSource,
    folder: Path,
    on_arrived: OnArrived,
) -> Landed:
    """Rows that are made in a process of their own."""
    path = folder / "rows.ndjson"
    rows = fetch_rows(
        kind, details, place=place, path=path, folder=source.folder, timeout=source.timeout, on_arrived=on_arrived
    )
    return Landed(rows, {str(path): place})


def _unpacked(workbooks: ExcelSource, landed: Landed, folder: Path) -> Landed:
    """The rows of workbooks, which are packed XML and best read once."""
    try:
        rows, sheets, warnings = rewrite_workbooks(workbooks, folder)
    except SourceError as error:
        raise landed.told_error(error) from None
    names = {path: landed.told(name) for path, name in sheets.items()}
    return Landed(rows, names, (*landed.warnings, *map(landed.told, warnings)))
