"""What has to survive a power cut: a file's content, and its name in its folder."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Returns once the content of the file, or the names in the folder, are on the disk. Blocks; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
