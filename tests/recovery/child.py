"""The program, whose process ends at a given write of its journal without a goodbye: `child MOMENT WRITE WORDS…`."""

import os
import sys
from collections.abc import Callable
from sqlite3 import Connection
from typing import TypeVar

from bulkimport.cli import run_command_line
from bulkimport.journal import Journal

T = TypeVar("T")
EXIT_DEAD = 77


def end_at(moment: str, number: int) -> None:
    """From here on the process ends before or after the write of this number."""
    write, writes = Journal._write, 0

    async def fatal(journal: Journal, perform: Callable[[Connection], T]) -> T:
        nonlocal writes
        writes += 1
        here = writes == number
        if here and moment == "before":
            os._exit(EXIT_DEAD)
        result = await write(journal, perform)
        if here:
            os._exit(EXIT_DEAD)
        return result

    setattr(Journal, "_write", fatal)  # noqa: B010 - a plain assignment would want the checker's blessing twice


if __name__ == "__main__":
    end_at(sys.argv[1], int(sys.argv[2]))
    sys.exit(run_command_line(sys.argv[3:]))
