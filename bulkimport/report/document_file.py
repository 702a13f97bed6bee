"""Documents as files: whole or not at all, and private."""

import os
from pathlib import Path
from typing import Any

import orjson


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Writes JSON to `path` (mode 0600) through a file beside it, so that no reader ever sees half of it."""
    _write(path, orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def write_text(path: Path, text: str) -> None:
    """The same for a text, in UTF-8."""
    _write(path, text.encode("utf-8"))


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
