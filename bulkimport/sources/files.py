"""Files of a source: found, opened, unpacked, and watched for changes."""

import errno
import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bulkimport.errors import SourceError
from bulkimport.sources.choice import FoundFile
from bulkimport.sources.packing import BROKEN_HINT, content_size, packing, unpacked

CHUNK_SIZE = 64 << 10

_PACKED = {
    b"\x1f\x8b": ("gzip-compressed", "Give its name the ending `.gz`, so that it is unpacked (once)."),
    b"\x28\xb5\x2f\xfd": ("zstd-compressed", "Give its name the ending `.zst`, so that it is unpacked (once)."),
    b"PK\x03\x04": (
        "an Excel workbook or a zip archive, not text",
        "Export the sheet as CSV; or give the archive's name the ending `.zip`, so that it is unpacked (once).",
    ),
}
"""How packed content starts, what it is, and what to do about it."""

_ESCAPED = re.compile(r"\[([*?[])\]")
MISSING_HINT = "Check the path and whether the job that writes the file has run."
TWICE_HINT = "Name each file once, by path or by pattern; its rows would be sent twice."
CHANGED_HINT = "Let the job that writes it finish first, or have it write to another name and rename."


class SourceFiles:
    """The files that `patterns` (paths or globs) name, in order; a glob's matches are sorted by name.

    `member` says which one is read of a zip archive. `size` is their length on disk in bytes, `bytes_read` how much of
    that the last pass has read. Raises SourceError for whatever is missing, empty, unreadable or no regular file, and
    for a file named twice.
    """

    def __init__(self, patterns: Sequence[str], member: str | None = None) -> None:
        self.paths = tuple(path for pattern in patterns for path in _expand(pattern))
        for index, path in enumerate(self.paths):
            if path in self.paths[:index]:
                raise SourceError(f"{path} is named twice by this source", TWICE_HINT, path)
        self._stats = {path: _stat(path) for path in self.paths}
        self.size = sum(found.st_size for found in self._stats.values())
        self.bytes_read = 0
        self._member = member

    @property
    def content_size(self) -> int:
        """About how many bytes the files hold unpacked. Raises SourceError."""
        total = 0
        for path, found in self._stats.items():
            with _translated(path):
                total += content_size(path, found.st_size, self._member)
        return total

    def chunks(self, path: str, size: int = CHUNK_SIZE) -> Iterator[bytes]:
        """The content of one file, unpacked if its name says that it is packed; never an empty chunk, never none."""
        before = sum(self._stats[earlier].st_size for earlier in self.paths[: self.paths.index(path)])
        with (
            _translated(path),
            Path(path).open("rb", buffering=0) as raw,
            unpacked(raw, path, self._member) as file,
        ):
            chunk = file.read(size)
            _refuse_other_kinds(chunk, path)
            while chunk:
                self.bytes_read = before + raw.tell()
                yield chunk
                chunk = file.read(size)

    def verify_unchanged(self) -> None:
        """Raises SourceError if a file is not what it was when this object was made."""
        for path, before in self._stats.items():
            with _translated(path):
                now = Path(path).stat()
            if _identity(now) != _identity(before):
                raise _changed(path)


def find_files(patterns: Sequence[str]) -> list[list[FoundFile]]:
    """The files of each pattern as they are now, sorted by name; empty ones too. Raises SourceError as above."""
    return [[_found(path) for path in _expand(pattern)] for pattern in patterns]


def verify_found(files: Sequence[FoundFile]) -> None:
    """Raises SourceError if one of them is not what it was when it was found."""
    for file in files:
        if _found(file.path) != file:
            raise _changed(file.path)


def _found(path: str) -> FoundFile:
    found = _regular(path)
    return FoundFile(path, datetime.fromtimestamp(found.st_mtime, UTC), found.st_size)


def _expand(pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        return [pattern]
    for name in (pattern, _ESCAPED.sub(r"\1", pattern)):  # the folder of a relative pattern is escaped
        if Path(name).exists():
            return [name]
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207 (Path.glob wants the pattern split at its first wildcard)
    matches = sorted(path for path in found if not Path(path).is_dir())
    if not matches:
        raise no_match(pattern)
    return matches


def _stat(path: str) -> os.stat_result:
    found = _regular(path)
    if found.st_size == 0:
        raise _empty(path)
    return found


def _regular(path: str) -> os.stat_result:
    with _translated(path):
        found = Path(path).stat()
    if stat.S_ISDIR(found.st_mode):
        raise SourceError(f"{path} is a directory", "Name a file in it, or a pattern such as `*.csv`.", path)
    if not stat.S_ISREG(found.st_mode):
        raise SourceError(f"{path} is not a regular file", "Write the data to a file first; it is read twice.", path)
    return found


def _identity(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _changed(path: str) -> SourceError:
    return SourceError(
        f"{path} was written to while it was read, so what was read may be half old and half new",
        CHANGED_HINT,
        path,
    )


def _empty(path: str) -> SourceError:
    return SourceError(f"{path} is empty: it has no content at all, not even a header", BROKEN_HINT, path)


def _refuse_other_kinds(start: bytes, path: str) -> None:
    """Recognises content that is certainly not what any of our readers expects."""
    if not start:
        raise _empty(path)
    words, hint = next((_PACKED[magic] for magic in _PACKED if start.startswith(magic)), ("", ""))
    if not words:
        return
    if packing(path):
        raise SourceError(f"What is packed in {path} is itself {words}", "Have it packed once, not twice.", path)
    raise SourceError(f"{path} is {words}", hint, path)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turns what the operating system raises into SourceError."""
    try:
        yield
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: str, error: OSError) -> SourceError:
    """What an error of the operating system means for a file that is to be read."""
    match error:
        case FileNotFoundError():
            return SourceError(f"{path} does not exist", MISSING_HINT, path)
        case PermissionError():
            hint = "Give the account that runs bulkimport permission to read it."
            return SourceError(f"{path} cannot be read: permission denied", hint, path)
        case _:
            reason = error.strerror or errno.errorcode.get(error.errno or 0, str(error))
            return SourceError(f"{path} cannot be read: {reason}", "Check the file and its disk.", path)


def no_match(pattern: str) -> SourceError:
    return SourceError(f"No file matches {pattern}", MISSING_HINT, pattern)


def no_folder(folder: str) -> SourceError:
    """The folder of the configuration, in which a source is run."""
    return SourceError(f"The folder {folder} of the configuration does not exist any more", "Put it back.")
