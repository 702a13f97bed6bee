"""Packed files, told by the ending of their name: gzip, zstd and zip, unpacked in a stream, whole or not at all."""

import gzip
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import IO, Protocol

from bulkimport.errors import SourceError

USUAL_RATIO = 8
"""What a packed CSV of people unpacks to, about."""

BROKEN_HINT = "Have the file written again, whole."
_NAMES = {".gz": "gzip", ".zst": "zstd", ".zip": "zip"}
_ENCRYPTED = 0x1
_NOT_DATA = "__MACOSX/"  # what the Finder adds about each member
_SHOWN = 5


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def packing(path: str) -> str:
    """`.gz`, `.zst` or `.zip`; empty for a file that is not packed."""
    ending = PurePosixPath(path).suffix.lower()
    return ending if ending in _NAMES else ""


@contextmanager
def unpacked(raw: IO[bytes], path: str, member: str | None) -> Iterator[Readable]:
    """The content of the file `path`, opened as `raw`; of a zip archive, that of its one member (called `member`).

    Raises SourceError for an archive that is cut short, damaged, encrypted or does not have just that one member.
    Memory does not depend on how much is in it.
    """
    kind = packing(path)
    try:
        match kind:
            case ".gz":
                yield gzip.GzipFile(fileobj=raw)
            case ".zst":
                with _zstd(path) as zstd, zstd.ZstdFile(raw) as file:
                    yield file
            case ".zip":
                with zipfile.ZipFile(raw) as archive, archive.open(_member(archive, path, member)) as content:
                    yield content
            case _:
                yield raw
    except EOFError:
        raise SourceError(f"{path} is cut short: the {_NAMES[kind]} data ends too early", BROKEN_HINT, path) from None
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise _not_whole(path, error) from None
    except NotImplementedError as error:
        hint = "Have it packed in the usual way (deflate), or as .gz."
        raise SourceError(f"{path} is packed in a way that cannot be unpacked here: {error}", hint, path) from None


def content_size(path: str, size: int, member: str | None) -> int:
    """About how many bytes the file `path`, itself of `size` bytes, holds unpacked. Raises SourceError and OSError."""
    match packing(path):
        case ".gz":
            return USUAL_RATIO * size
        case ".zst":
            with Path(path).open("rb") as raw, _zstd(path) as zstd:
                declared = zstd.get_frame_info(raw.read(18)).decompressed_size  # no frame's header is longer
            return max(declared or 0, USUAL_RATIO * size)
        case ".zip":
            try:
                with zipfile.ZipFile(path) as archive:
                    return _member(archive, path, member).file_size
            except zipfile.BadZipFile as error:
                raise _not_whole(path, error) from None
        case _:
            return size


def _member(archive: zipfile.ZipFile, path: str, wanted: str | None) -> zipfile.ZipInfo:
    """The one member that is meant. Raises SourceError."""
    members = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith(_NOT_DATA)]
    found = members if wanted is None else [info for info in members if info.filename == wanted]
    if wanted is not None and not found:
        found = [info for info in members if _is_called(info.filename, wanted)]
    if len(found) != 1:
        names = ", ".join(repr(info.filename) for info in (found or members)[:_SHOWN])
        more = len(found or members) - _SHOWN
        names += f" and {more} more" if more > 0 else ""
        if not members:
            raise SourceError(f"{path} is an archive with no file in it", BROKEN_HINT, path)
        hint = "Say with the source's `member` which one is meant: its name, or a pattern such as `people*.csv`."
        if found:
            which = "" if wanted is None else f" called {wanted!r}"
            raise SourceError(f"{path} holds more than one file{which}: {names}", hint, path)
        raise SourceError(f"{path} holds no file called {wanted!r}, but {names}", hint, path)
    if found[0].flag_bits & _ENCRYPTED:
        hint = "Have it written without a password."
        raise SourceError(f"{path} is locked with a password", hint, path)
    return found[0]


def _is_called(name: str, wanted: str) -> bool:
    """With or without the folders in the archive; `wanted` is a name or a pattern for one."""
    return any(form == wanted or fnmatchcase(form, wanted) for form in (name, name.rpartition("/")[2]))


def _not_whole(path: str, error: Exception) -> SourceError:
    return SourceError(f"{path} is not a whole {_NAMES[packing(path)]} file: {error}", BROKEN_HINT, path)


@contextmanager
def _zstd(path: str) -> Iterator[ModuleType]:
    """The library, and its errors translated."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        hint = "Install it: pip install 'bulkimport[zstd]'."
        raise SourceError(f"{path} is packed with zstd, which needs a library that is not there", hint, path) from None
    try:
        yield zstd
    except zstd.ZstdError as error:
        raise _not_whole(path, error) from None
