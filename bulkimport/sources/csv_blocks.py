"""What a block of delimited text is made of, seen at once for all of it, without reading its cells.

A block is whole lines of UTF-8. Arrow's kernels look at it where they can: they let go of the interpreter, which the
thread that encodes needs meanwhile.
"""

import struct
from enum import Enum
from functools import cache
from typing import Any

from bulkimport.sources.arrow_types import arrow, kernels


class Quoting(Enum):
    """How the quotes of a block stand."""

    NONE = "there are none"
    WHOLE = "all are around whole cells"
    DOUBLED = "all are around whole cells, or doubled inside of them"


class Marks:
    """The bytes that part the cells of a table and that quote them: one of ASCII each."""

    def __init__(self, delimiter: str, quotechar: str) -> None:
        self.delimiter, self.quote = delimiter.encode(), quotechar.encode()
        self._before = frozenset((b"", b"\n", self.delimiter))  # what may stand where a quoted cell starts
        self._after = frozenset((b"", b"\n", b"\r", self.delimiter))  # and where it has ended

    def quoting(self, block: bytes) -> Quoting | None:
        """None unless every quote stands where RFC 4180 has it and all line ends are of one kind, outside of quotes."""
        if b"\r" in block and not block.count(b"\r") == block.count(b"\r\n") == block.count(b"\n"):
            return None
        if self.quote not in block:
            return Quoting.NONE
        parts = block.split(self.quote)
        inside, between = b"".join(parts[1::2]), parts[2:-1:2]  # between two cells, or nothing: a doubled quote
        regular = (
            len(parts) % 2 == 1
            and b"\n" not in inside
            and b"\r" not in inside
            and self._before.issuperset(part[-1:] for part in (parts[0], *between))
            and self._after.issuperset(part[:1] for part in (*between, parts[-1]))
        )
        if not regular:
            return None
        return Quoting.DOUBLED if b"" in between else Quoting.WHOLE

    def needs_no_escape(self, block: bytes, quoting: Quoting, rows: int) -> bool:
        """Whether it is certain that no cell of the block, which is regular and holds `rows`, has what JSON escapes."""
        if b"\\" in block or quoting is Quoting.DOUBLED or (b'"' in block and self.quote != b'"'):
            return False
        if self.delimiter == b"\t":
            if quoting is not Quoting.NONE:
                return False  # a tab in a cell looks like one between two
            block = block.replace(b"\t", b"")
        # Every row has its line end, but perhaps the last: with no more controls than that, there are no others.
        ended = rows if block.endswith(b"\n") else rows - 1
        return _control_count(block) <= ended * _line_end(block)


def is_utf8(block: bytes) -> bool:
    """Whether all of it is valid (RFC 3629)."""
    pa = arrow()
    ends = pa.py_buffer(struct.pack("=2i", 0, len(block)))
    try:
        pa.Array.from_buffers(pa.binary(), 1, [None, ends, pa.py_buffer(block)]).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _line_end(block: bytes) -> int:
    """How many bytes end a line of a regular block."""
    return 2 if b"\r" in block else 1


def _control_count(block: bytes) -> int:
    """How many bytes are below the space."""
    pa, pc = arrow(), kernels()
    octets = pa.Array.from_buffers(pa.uint8(), len(block), [None, pa.py_buffer(block)])
    return pc.sum(pc.less(octets, _space())).as_py() or 0


@cache
def _space() -> Any:
    pa = arrow()
    return pa.scalar(32, pa.uint8())
