"""The lowest lines of a terminal, drawn over again and again; what is printed above them stays.

rich's own live display counts the rows of its last frame by the width that the window had then: once the window has
become narrower, terminals fold those lines, and what it left behind stays on the screen. Here they are counted by the
width of now. A frame is one write, between the marks by which terminals that know them show it at once.
"""

from collections.abc import Sequence
from typing import TextIO

from rich.cells import cell_len

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_ERASE_LINE, _ERASE_BELOW = "\x1b[2K", "\x1b[J"


class Region:
    """Not thread-safe. Lines must not be wider than the window; each is a pair of what to write and what is seen."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._cells: list[int] = []
        self._closed = False

    def draw(self, lines: Sequence[tuple[str, str]], width: int, above: str = "") -> None:
        """Puts these lines in place of the last ones, below `above`, which stays (with its line end, if any).

        Once it is closed, there is only what stays: a line of the log may come as late as that.
        """
        if self._closed:
            self._write(above)
            return
        body = "".join(f"{_ERASE_LINE}{written}\r\n" for written, _ in lines)
        above = f"{_ERASE_BELOW}{above}" if above else ""
        self._write(f"{BEGIN}{HIDE_CURSOR}{self._back(width)}{above}{body}{_ERASE_BELOW}{END}")
        self._cells = [cell_len(seen) for _, seen in lines]

    def close(self, width: int) -> None:
        """Takes the lines away and gives the cursor back."""
        self._write(f"{BEGIN}{self._back(width)}{_ERASE_BELOW}{SHOW_CURSOR}{END}")
        self._cells, self._closed = [], True

    def _back(self, width: int) -> str:
        """To the first of the rows that the last frame takes up by now."""
        rows = sum(max(1, -(-cells // max(1, width))) for cells in self._cells)
        return f"\r\x1b[{rows}A" if rows else "\r"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
