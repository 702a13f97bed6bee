"""Paths of the configuration: relative to the file that holds them, `~` for the home directory."""

import glob
import os
from pathlib import Path


def absolute(directory: str, path: str) -> str:
    """The absolute path, `..` resolved as it is written."""
    return os.path.normpath(Path(directory, expanded(path)))


def absolute_pattern(directory: str, pattern: str) -> str:
    """The absolute path or glob pattern; what looks like a wildcard in the directory's own name is none."""
    return absolute(glob.escape(directory) if glob.has_magic(pattern) else directory, pattern)


def expanded(path: str) -> Path:
    """The path with a leading `~` or `~user` replaced by that home directory."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # nobody of that name: then it is a name like any other
        return Path(path)
