"""Where a byte of a text is, as editors count: its line and column. For errors, since it takes another reading."""

from collections.abc import Iterable
from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
_WITHIN_CHARACTERS = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that begin no character."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Both from 1; the column in characters."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


def spot_of(offset: int, chunks: Iterable[bytes]) -> Spot | None:
    """Where in the UTF-8 text `chunks`, which is read up to there, the byte at `offset` (from 0) is, or the text's end.

    None if the text is shorter than that. A byte order mark is no character.
    """
    left, line, before, start = offset, 1, 0, b""
    for chunk in chunks:
        start += chunk[: len(_BOM) - len(start)]
        part = chunk[:left]
        left -= len(part)
        if newlines := part.count(b"\n"):
            line, before = line + newlines, 0
            part = part[part.rindex(b"\n") + 1 :]
        before += len(part.translate(None, _WITHIN_CHARACTERS))
        if not left and len(start) == len(_BOM):
            break
    if left:
        return None
    is_marked = line == 1 and before > 0 and start == _BOM
    return Spot(line, before + 1 - is_marked)
