"""Reading uploaded payloads piece by piece: a JSON array of objects, or CSV with a header.

Memory is bounded by one block and one batch, whatever the number of rows.
"""

import codecs
import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

Row = dict[str, Any]
_BLOCK = 256 * 1024
_LONGEST_OBJECT = 32 * 1024 * 1024
_BLANK = " \t\r\n"


class PayloadError(ValueError):
    """A payload that is not what its type says; nothing of it can be applied."""


def batches(path: Path, target_type: str, size: int) -> Iterator[list[Row]]:
    """The payload's rows in order, at most `size` at a time. Raises PayloadError where it stops making sense."""
    rows = _json_rows(path) if target_type == "json" else _csv_rows(path)
    while batch := list(islice(rows, size)):
        yield batch


class _Text:
    """A window on a UTF-8 file that moves forward: `buffer` from `position` is what was read and not yet used."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.buffer = ""
        self.position = 0
        self.ended = False

    def more(self) -> None:
        """Reads at least one block, and as much again as is waiting, so that long objects are not scanned often."""
        waiting = len(self.buffer) - self.position
        block = self._stream.read(max(_BLOCK, waiting))
        self.ended = not block
        try:
            text = self._decoder.decode(block, final=self.ended)
        except UnicodeDecodeError as error:
            raise PayloadError(f"the payload is not UTF-8: {error.reason}") from None
        self.buffer = self.buffer[self.position :] + text
        self.position = 0

    def peek(self) -> str:
        """The next character that is not blank, or "" at the end."""
        while True:
            while self.position < len(self.buffer):
                if self.buffer[self.position] not in _BLANK:
                    return self.buffer[self.position]
                self.position += 1
            if self.ended:
                return ""
            self.more()

    def expect(self, choices: str) -> str:
        found = self.peek()
        if not found or found not in choices:
            raise PayloadError(
                f"the payload is not a JSON array of objects: expected {' or '.join(choices)}, got {found!r}"
            )
        self.position += 1
        return found


def _json_rows(path: Path) -> Iterator[Row]:
    decode = json.JSONDecoder(parse_constant=_no_constant).raw_decode
    with path.open("rb") as stream:
        text = _Text(stream)
        text.expect("[")
        if text.peek() == "]":
            text.expect("]")
        else:
            while True:
                if text.peek() != "{":
                    raise PayloadError("the payload is not a JSON array of objects: an element is not an object")
                yield _next_object(text, decode)
                if text.expect(",]") == "]":
                    break
        if text.peek():
            raise PayloadError("the payload goes on after its JSON array")


def _next_object(text: _Text, decode: Any) -> Row:
    while True:
        try:
            row, text.position = decode(text.buffer, text.position)
        except (json.JSONDecodeError, RecursionError) as error:
            waiting = len(text.buffer) - text.position
            if text.ended or waiting > _LONGEST_OBJECT or isinstance(error, RecursionError):
                raise PayloadError(f"the payload is not JSON, or stops in the middle of an item: {error}") from None
            text.more()
        else:
            return row  # type: ignore[no-any-return]  # the decoder answers a dict where the text starts with {


def _no_constant(name: str) -> Any:
    raise PayloadError(f"the payload is not JSON: {name}")


def _csv_rows(path: Path) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_OBJECT)
    with path.open(encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream, strict=True)
        try:
            header = next(lines, None)
            if header is None or header[:1] != ["_action"]:
                raise PayloadError("the first column of a CSV payload is _action")
            if len(set(header)) != len(header):
                raise PayloadError("a CSV payload names a column twice")
            for line in lines:
                if len(line) != len(header):
                    raise PayloadError(f"line {lines.line_num} has {len(line)} cells, the header {len(header)}")
                yield dict(zip(header, line, strict=True))
        except csv.Error as error:
            raise PayloadError(f"line {lines.line_num}: {error}") from None
        except UnicodeDecodeError as error:
            raise PayloadError(f"the payload is not UTF-8: {error.reason}") from None
