"""What has to survive a power cut: a file's content, and its name in its folder."""

import errno
import os
from pathlib import Path

_UNKNOWN_THERE = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})
"""How file systems say that they know of no such thing, some of those on a network for folders."""


def sync(path: Path) -> None:
    """Returns once the content of the file, or the names in the folder, are on the disk, as far as its file system
    knows how. Blocks; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN_THERE:
            raise
    finally:
        os.close(descriptor)
