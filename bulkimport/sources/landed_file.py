"""The files that rows land in: private, room for them made sure of, and a look at what they begin with."""

import gzip
import os
from pathlib import Path
from typing import BinaryIO, cast

ROOM = 4
"""How much room on the disk what lands takes in all, for each byte of it: itself and the payload made of it, about."""

_GZIP = b"\x1f\x8b"
_PACKED = {_GZIP: ".gz", b"\x28\xb5\x2f\xfd": ".zst", b"PK\x03\x04": ".zip"}
_PACKED_ITSELF = frozenset({"excel", "parquet"})
_GLANCE = 512


def private(path: str, flags: int) -> int:
    """Opens as `open` does, for nobody else to read."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def sniffed_packing(path: Path) -> str:
    """The ending that a file's name should have for how its content is packed: `.gz`, `.zst`, `.zip` or nothing."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((ending for magic, ending in _PACKED.items() if start.startswith(magic)), "")


def named_as_packed(path: Path, kind: str) -> str:
    """The path of a file of this kind of source, its name made to say how it is packed: readers go by that."""
    ending = "" if kind in _PACKED_ITSELF else sniffed_packing(path)
    return str(path if not ending else path.rename(path.with_name(f"{path.name}{ending}")))


def open_unpacked(path: Path) -> BinaryIO:
    """Opens a file, unpacking it if it is gzip."""
    return cast("BinaryIO", gzip.open(path)) if sniffed_packing(path) == ".gz" else path.open("rb")


def beginning(path: Path, *, is_gzip: bool = False) -> bytes:
    """The first bytes of a file, unpacked if they are gzip. `is_gzip` says that they should be, however few there are.

    Raises EOFError where gzip data ends too early, and zlib.error or BadGzipFile where it is damaged.
    """
    with path.open("rb") as file:
        start = file.read(len(_GZIP))
    if is_gzip and len(start) < len(_GZIP) and _GZIP.startswith(start):
        raise EOFError
    with open_unpacked(path) as file:
        return file.read(_GLANCE)
