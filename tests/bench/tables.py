"""How measurements are shown, and how large they are."""

import os
from collections.abc import Mapping

from tests.bench.pauses import Pauses

MIB = 1 << 20
SCALE = float(os.environ.get("BULKIMPORT_BENCH_SCALE", "1"))
"""What all numbers of rows and bytes are multiplied with; less than 1 while a benchmark is being written."""


def table(*lines: tuple[object, ...]) -> None:
    """Prints one line per tuple: a wide name and its numbers; the first line is the header."""
    print()  # noqa: T201 (the measurements are the point)
    for line in lines:
        print("  " + "".join(f"{cell!s:<44}" if not at else f"{cell!s:>14}" for at, cell in enumerate(line)))  # noqa: T201


def scaled(count: int) -> int:
    return max(1, round(count * SCALE))


def pauses_table(loops: Mapping[str, Pauses]) -> None:
    """Prints how late timers were (`blocked`, and how often over 50 ms: not for want of a core), and where the first of
    the loops was if that was too long."""
    table(
        ("event loop of", "longest pause", "blocked", "over 50 ms"),
        *(
            (name, f"{one.longest * 1e3:.0f} ms", f"{one.blocked * 1e3:.0f} ms", one.blocked_over_50_ms)
            for name, one in loops.items()
        ),
    )
    worst = next(iter(loops.values()))
    if worst.blocked_over_50_ms:
        print("".join(worst.stack))  # noqa: T201
