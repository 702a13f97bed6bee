"""What it takes to undo an import, kept before it runs: gzip NDJSON, mode 0600, there whole or not at all.

One file holds the items that the import would delete or change, as Orgvue gave them; another the keys of those that it
would create.
"""

import gzip
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from bulkimport.durability import sync

_BUFFER = 1 << 18


class Backup:
    """`count` items so far; without a file nothing is kept."""

    def __init__(self, file: gzip.GzipFile | None) -> None:
        self.count = 0
        self._file = file
        self._buffer = bytearray()

    def keep(self, item: Mapping[str, Any]) -> None:
        """Adds one item."""
        self.keep_all((item,))

    def keep_all(self, items: Iterable[Mapping[str, Any]]) -> None:
        if self._file is None:
            return
        for item in items:
            self.count += 1
            self._buffer += orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE)
            if len(self._buffer) > _BUFFER:
                self.flush()

    def flush(self) -> None:
        """Hands what is buffered on to the file."""
        if self._file is not None:
            self._file.write(self._buffer)
            self._buffer.clear()


@contextmanager
def backup_to(path: str | None, scratch: Path) -> Iterator[Backup]:
    """A backup that takes its place at `path` when the block ends well and something was kept; an earlier file there
    goes either way. It is on the disk by then, since an import may follow. `scratch` is on the same file system.
    """
    if path is None:
        yield Backup(None)
        return
    part = scratch / f"{Path(path).name}.part"
    part.unlink(missing_ok=True)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=1, mtime=0) as packed:
                backup = Backup(packed)
                yield backup
                backup.flush()
            raw.flush()
            os.fsync(raw.fileno())
        if backup.count:
            part.replace(path)
            sync(Path(path).parent)
        else:
            Path(path).unlink(missing_ok=True)
    finally:
        part.unlink(missing_ok=True)


def read_backup(path: str) -> Iterator[dict[str, Any]]:
    """The objects in a backup, in the order in which they were kept. Raises OSError and EOFError if it is damaged."""
    with gzip.open(path, "rb") as file:
        yield from map(orjson.loads, file)
