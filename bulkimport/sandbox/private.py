"""Files that their owner alone can read, and the locks of a data folder."""

import fcntl
import os
from pathlib import Path
from typing import IO

from bulkimport.errors import StateError


def opener(path: str, flags: int) -> int:
    """For `open(..., opener=opener)`: what is created is readable by its owner alone."""
    return os.open(path, flags, 0o600)


def open_private(path: Path) -> IO[bytes]:
    """A new private file to write, in place of one that may be there."""
    return open(path, "wb", opener=opener)


def write_private(path: Path, content: bytes) -> None:
    """Replaces a file's content at once: no reader ever sees half of it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open_private(part) as stream:
        stream.write(content)
    part.replace(path)


def open_lock(path: Path) -> int:
    """A file descriptor to lock with; whoever closes it, or dies, gives the lock up."""
    return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, *, shared: bool) -> bool:
    """Takes a lock if that is possible at once."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unusable_folder(folder: Path, error: OSError) -> StateError:
    """Why there can be no sandbox with this data folder."""
    return StateError(
        f"The sandbox cannot keep its data in {folder}: {error.strerror}. Nothing was sent.",
        hint="Choose a state directory that can be written.",
    )
