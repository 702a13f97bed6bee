"""From a source to the payload's bytes: one reading, in which everything that the guards ask about is counted."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from bulkimport.errors import SourceError
from bulkimport.model import Payload
from bulkimport.near_misses import near_misses
from bulkimport.payload.column_stream import by_columns
from bulkimport.payload.duplicates import RowMarks, find_duplicates
from bulkimport.payload.encode import Encoder
from bulkimport.payload.hashes import HashFile
from bulkimport.payload.keys import KeyLedger, blank_count
from bulkimport.payload.progress import ProgressFile, Reading
from bulkimport.payload.request import PayloadRequest
from bulkimport.payload.spool import PrivateFile, SpoolFile, spool_error
from bulkimport.payload.stream import ItemStream, open_stream
from bulkimport.sources.csv_columns import RowsNeededError
from bulkimport.sources.landing import by_known_names, land
from bulkimport.sources.progress import OnArrived
from bulkimport.wording import counted


def prepare(
    request: PayloadRequest, progress: ProgressFile | None = None, look: Callable[[ItemStream], None] | None = None
) -> Payload:
    """Reads the whole source and writes the payload to `request.spool_path`, its keys to `request.keys_path`.

    Memory does not grow with the number of rows. `progress` is updated once per batch (without it, the file at
    `request.progress_path`, if any); `look` is given the stream before it is read. Raises SourceError for everything
    that is wrong with the source, StateError where the spool cannot be written; the files are removed then. Keys and
    counts are for the guards to judge.
    """
    try:
        with ExitStack() as stack:
            if progress is None and request.progress_path is not None:
                progress = stack.enter_context(ProgressFile(request.progress_path))
            landing = Path(request.landing_path)
            stack.callback(shutil.rmtree, landing, ignore_errors=True)
            landed = land(request.source, landing, _landing_shown_in(progress))
            stack.enter_context(by_known_names(landed))
            stream = open_stream(request, landed.source)
            if look is not None:
                look(stream)
            spool = stack.enter_context(SpoolFile(request.spool_path))
            sidecar = stack.enter_context(PrivateFile(request.keys_path))
            try:
                payload = _prepared(request, by_columns(stream, request, landed.source), spool, sidecar, progress)
            except RowsNeededError:
                stream = open_stream(request, landed.source)
                payload = _prepared(request, stream, spool, sidecar, progress)
            return replace(payload, warnings=(*landed.warnings, *map(landed.told, payload.warnings)))
    except OSError as error:
        raise spool_error(error, str(Path(request.spool_path).parent)) from None


def _prepared(
    request: PayloadRequest, stream: ItemStream, spool: SpoolFile, sidecar: PrivateFile, progress: ProgressFile | None
) -> Payload:
    folder = str(Path(request.spool_path).parent)
    with HashFile(folder) as hashes, RowMarks(folder) as marks:
        return _Preparation(request, stream, spool, sidecar, marks, progress).payload(hashes)


class _Preparation:
    """What one preparation holds together: a stream, the files it is written to, and the counts."""

    def __init__(
        self,
        request: PayloadRequest,
        stream: ItemStream,
        spool: SpoolFile,
        sidecar: PrivateFile,
        marks: RowMarks,
        progress: ProgressFile | None,
    ) -> None:
        self._request = request
        self._stream = stream
        self._spool = spool
        self._sidecar = sidecar
        self._marks = marks
        self._progress = progress
        self._rows = 0
        self._missing: dict[str, int] = {}

    def payload(self, hashes: HashFile) -> Payload:
        """Writes the payload, and writes it once more where rows have to be left out of it."""
        request, stream, marks = self._request, self._stream, self._marks
        encoder = stream.encoder()
        ledger = KeyLedger(self._sidecar, hashes)
        self._write(encoder, ledger)
        duplicates = find_duplicates(hashes, self._sidecar.path, request.duplicates, marks)
        warnings = [*stream.warnings, *self._key_warnings(ledger)]
        if marks.count:
            self._write(encoder, KeyLedger(self._sidecar, None))
            warnings.append(
                f"{counted(marks.count, 'row was', 'rows were')} left out because another row has the same key "
                f"({counted(duplicates.count, 'key')}; the {request.duplicates} row of each was kept)."
            )
        stream.source.files.verify_unchanged()
        refused = request.duplicates == "refuse"
        return Payload(
            path=self._spool.path,
            format=request.format,
            rows=self._rows,
            bytes=self._spool.size,
            sha256=self._spool.sha256,
            columns=stream.names,
            keys_path=self._sidecar.path,
            blank_keys=ledger.blank,
            blank_examples=tuple(ledger.blank_examples),
            duplicate_keys=duplicates.count if refused else 0,
            duplicate_examples=duplicates.examples if refused else (),
            missing=tuple(self._missing.items()),
            warnings=tuple(warnings),
            source_bytes=stream.source.files.size,
        )

    def _write(self, encoder: Encoder, ledger: KeyLedger) -> None:
        """One reading of the source, less the marked rows."""
        spool, marks, keys = self._spool, self._marks, self._stream.column(self._request.key)
        required = {name: self._stream.column((name,)) for name in self._request.required}
        spool.start_over()
        self._sidecar.start_over()
        self._rows = read = 0
        missing = dict.fromkeys(required, 0)
        lead = encoder.start
        for batch in self._stream.batches():
            items = batch if not marks.count else self._stream.kept(batch, marks.kept(read, len(batch)))
            if items:
                encoded = self._encoded(encoder, items, read)
                spool.write(lead)
                spool.write(encoded)
                lead = encoder.between
                ledger.add(keys(items))
                for name, column in required.items():
                    missing[name] += blank_count(column(items))
            read += len(batch)
            self._rows += len(items)
            self._show(read)
        spool.write(encoder.end if self._rows else encoder.start + encoder.end)
        self._show(read)
        self._missing = {name: count for name, count in missing.items() if count}

    def _encoded(self, encoder: Encoder, items: Sequence[Any], read: int) -> bytes | memoryview:
        try:
            return encoder.encode(items)
        except (TypeError, UnicodeEncodeError):
            path = self._stream.source.files.paths[0]
            message = f"{path}: a text in the {len(items)} rows after row {read} is not Unicode (a lone surrogate)"
            raise SourceError(message, "Have the file written in another encoding, such as utf-8.", path) from None

    def _show(self, rows: int) -> None:
        if self._progress is not None:
            files = self._stream.source.files
            self._progress.update(Reading(rows, files.bytes_read, files.size))

    def _key_warnings(self, ledger: KeyLedger) -> list[str]:
        """What the person should know where no row has a key at all."""
        names = self._stream.names
        absent = [name for name in self._request.key if name not in names]
        if not self._rows or not absent or ledger.blank < self._rows:
            return []
        near = [guess for name in absent for guess in near_misses(name, names)]
        guess = f" Did you mean {', '.join(map(repr, near))}?" if near else ""
        return [f"No record has the key property {', '.join(map(repr, absent))}.{guess}"]


def _landing_shown_in(progress: ProgressFile | None) -> OnArrived:
    """What shows the landing in `progress`, before there are rows."""

    def on_arrived(arrived: int, total: int) -> None:
        if progress is not None:
            progress.update(Reading(0, arrived, total))

    return on_arrived
