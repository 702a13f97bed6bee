"""Reading a stored result document: what became of every item, and the rejected ones as NDJSON beside it."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from bulkimport.durability import sync
from bulkimport.errors import StateError
from bulkimport.json_stream import JsonObject, blocks_in
from bulkimport.model import ItemCounts
from bulkimport.results import Tally, reason
from bulkimport.wording import counted

_REASONS = 5


@dataclass(frozen=True, slots=True)
class Collected:
    """`implicit` is how many of the deletions answer no row of the payload; `reasons` the commonest first."""

    items: ItemCounts
    implicit: int
    reasons: tuple[str, ...]


def collect(result_path: str, failed_path: str, key: tuple[str, ...]) -> Collected:
    """Counts the entries of a result and writes the rejected ones to `failed_path` (mode 0600), if there are any.

    Each line is `{"key": …, "reason": …, "entry": {…}}`: the source row's key, the service's words, its whole entry.
    Raises JsonStreamError where the document is not a whole array of objects, and StateError where a file cannot be
    read or written; nothing is left at `failed_path` then. Both files are on the disk by the end, since the journal and
    the summary are to name them.
    """
    failed = Path(failed_path)
    try:
        failed.unlink(missing_ok=True)
        try:
            collected = _collect(result_path, failed, key)
            _keep(Path(result_path), failed)
            return collected
        except BaseException:
            failed.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StateError(
            f"The job's result could not be counted: {error.strerror or error}"
            f"{f' ({error.filename})' if error.filename else ''}. The import itself is over.",
            hint="See that the state directory is writable and its disk has room, then continue with --resume.",
        ) from error


def _collect(result_path: str, failed: Path, key: tuple[str, ...]) -> Collected:
    tally = Tally()
    file: IO[bytes] | None = None
    try:
        for entries in (block.objects for block in blocks_in(result_path)):
            rejected = [entry for entry in entries if tally.add(entry)]
            if rejected:
                file = file or open(failed, "xb", opener=_private)  # noqa: SIM115 - closed below
                file.writelines(_lines(rejected, key))
    finally:
        if file is not None:
            file.close()
    reasons = tuple(f"{text} ({counted(count, 'time')})" for text, count in tally.reasons.most_common(_REASONS))
    return Collected(tally.counts, tally.implicit, reasons)


def _keep(result: Path, failed: Path) -> None:
    sync(result)
    if failed.exists():
        sync(failed)
    for folder in {result.parent, failed.parent}:
        sync(folder)


def _lines(entries: Iterable[JsonObject], key: tuple[str, ...]) -> Iterator[bytes]:
    for entry in entries:
        line = {"key": _key_of(entry, key), "reason": reason(entry), "entry": entry}
        yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _key_of(entry: Mapping[str, Any], key: tuple[str, ...]) -> Any:
    values = [entry.get(name) for name in key]
    return values[0] if len(values) == 1 else values


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
