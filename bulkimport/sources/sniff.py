"""How a delimited text is written: a guess from its start, for a config that is yet to be."""

import codecs
from dataclasses import dataclass

from bulkimport.sources.files import SourceFiles

_DELIMITERS = (",", ";", "\t", "|")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Dialect:
    encoding: str
    delimiter: str


def sniff(path: str) -> Dialect:
    """The encoding and delimiter that the first lines of the file (packed or not) speak for. Raises SourceError."""
    files = SourceFiles([path])
    start = next(files.chunks(files.paths[0]))
    encoding = _encoding(start)
    lines = start.decode(encoding, errors="replace").splitlines()[:20]
    return Dialect(encoding, _delimiter(lines))


def _encoding(start: bytes) -> str:
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # its end may cut a character
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(lines: list[str]) -> str:
    """The character that splits the header into most cells and is in every further line; a comma if none is."""
    header, *rest = lines or [""]
    shared = [mark for mark in _DELIMITERS if mark in header and all(mark in line for line in rest if line)]
    return max(shared or [","], key=header.count)
