"""Files with one JSON object per line."""

from collections.abc import Iterator

import orjson

from bulkimport.errors import SourceError
from bulkimport.model import NdjsonSource
from bulkimport.sources.base import Place, Record
from bulkimport.sources.files import SourceFiles
from bulkimport.sources.records import RecordError, plain_records
from bulkimport.sources.text import utf8_chunks

_HINT = "Each line has to be one whole JSON object."
_NOT_UTF8 = "what stands there is not UTF-8; have the file written so"
_HINT_ARRAY = "If the file is one JSON array, set `type: json`."
_MAX_LINE = 64 << 20


class NdjsonRecords:
    """The objects of one or more files as one source; blank lines are skipped. Raises SourceError."""

    def __init__(self, source: NdjsonSource, *, exact_decimals: bool = False) -> None:
        self.files = SourceFiles(source.paths, source.member)
        self.warnings: list[str] = []
        self.columns = source.columns
        self._unit = source.unit
        self._exact_decimals = exact_decimals

    def batches(self) -> Iterator[list[Record]]:
        for path in self.files.paths:
            for first_line, lines in self._lines(path):
                filled = list(filter(bytes.strip, lines))
                if not filled:
                    continue
                try:
                    objects = list(map(orjson.loads, filled))
                    if not {dict}.issuperset(map(type, objects)):
                        raise self._broken_line(path, first_line, lines)
                except orjson.JSONDecodeError:
                    raise self._broken_line(path, first_line, lines) from None
                try:
                    text = b"[" + b",".join(filled) + b"]"
                    yield plain_records(text, objects, exact_decimals=self._exact_decimals)
                except RecordError as error:
                    numbers = [number for number, line in enumerate(lines, first_line) if line.strip()]
                    raise self._place(path, numbers[error.index]).error(error.message, error.hint) from None

    def places(self) -> Iterator[Place]:
        for path in self.files.paths:
            for first_line, lines in self._lines(path):
                for number, line in enumerate(lines, first_line):
                    if line.strip():
                        yield self._place(path, number)

    def _place(self, path: str, line: int) -> Place:
        return Place(path, line, self._unit)

    def _lines(self, path: str) -> Iterator[tuple[int, list[bytes]]]:
        """The lines of a file without their ends, in batches with the number of the first."""
        first_line = 1
        pending: list[bytes] = [b""]
        held = 0
        for chunk in utf8_chunks(self.files, path):
            head, newline, rest = chunk.rpartition(b"\n")
            if not newline:
                pending.append(chunk)
                held += len(chunk)
                if held > _MAX_LINE:
                    raise self._place(path, first_line).error(f"the line does not end within {_MAX_LINE} bytes", _HINT)
                continue
            lines = _without_mark(b"".join((*pending, head)), first_line).split(b"\n")
            pending, held = [rest], len(rest)
            yield first_line, lines
            first_line += len(lines)
        last = _without_mark(b"".join(pending), first_line)
        if last:
            yield first_line, [last]

    def _broken_line(self, path: str, first_line: int, lines: list[bytes]) -> SourceError:
        """The error for the first of `lines` that is not an object; there is one."""
        number, problem = next(
            (number, problem)
            for number, line in enumerate(lines, first_line)
            if line.strip() and (problem := _problem(line)) is not None
        )
        is_array = number == 1 and lines[0].lstrip().startswith(b"[")
        return self._place(path, number).error(problem, _HINT_ARRAY if is_array else _HINT)


def _without_mark(text: bytes, first_line: int) -> bytes:
    """`text` without the UTF-8 byte order mark, which may start a file."""
    return text.removeprefix(b"\xef\xbb\xbf") if first_line == 1 else text


def _problem(line: bytes) -> str | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        reason = _NOT_UTF8 if "valid UTF-8" in error.msg else error.msg
        return f"not a JSON object: {reason} (character {_characters_before(line, error.pos) + 1})"
    return None if isinstance(value, dict) else "expected a JSON object, found another value"


def _characters_before(line: bytes, position: int) -> int:
    """orjson does not place bytes that are not UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError as undecodable:
        return len(line[: undecodable.start].decode())
    return position
