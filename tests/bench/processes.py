"""Programs as a benchmark runs them: how long they took, and how much memory they and all their children held."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from bulkimport.sandbox.world import python_environment
from tests.bench.pauses import Pauses

_SAMPLE = 0.03
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


class Ran(NamedTuple):
    """`seconds` from start to end, interpreter start included; `cpu` seconds and `peak` resident bytes at once of the
    whole family."""

    seconds: float
    cpu: float
    peak: int
    out: str


def run_module(module: str, *arguments: object) -> Ran:
    """Runs `python -m module` to its end; fails unless it ends 0 or 1."""
    began = perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(),
        start_new_session=True,
    ) as process:
        family = _Family(process.pid)
        out, _ = process.communicate(timeout=1200)
        seconds = perf_counter() - began
        family.end()
    assert process.returncode in (0, 1), f"{module} ended {process.returncode}"
    return Ran(seconds, family.cpu, family.peak, out)


class _Family:
    """Watches a process, whatever it starts, and whatever those start."""

    def __init__(self, first: int) -> None:
        self._members = {first}
        self._cpu: dict[int, float] = {}
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def cpu(self) -> float:
        return sum(self._cpu.values())

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_SAMPLE):
            self.peak = max(self.peak, self._resident())

    def _resident(self) -> int:
        """Bytes of all of them now (proc(5), the fields of `stat` after the name)."""
        seen: dict[int, list[bytes]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                seen[int(stat.parent.name)] = stat.read_bytes().rpartition(b")")[2].split()
        while children := {one for one, fields in seen.items() if int(fields[1]) in self._members} - self._members:
            self._members |= children
        family = {one: fields for one, fields in seen.items() if one in self._members}
        for one, fields in family.items():
            self._cpu[one] = (int(fields[11]) + int(fields[12])) / _TICKS
        return sum(int(fields[21]) for fields in family.values()) * _PAGE


@contextmanager
def idle_loop() -> Iterator[list[Pauses]]:
    """Measures, for the length of the block, a loop in a process of its own that does nothing; filled in at the end."""
    found: list[Pauses] = []
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.pauses"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(),
    ) as process:
        yield found
        out, _ = process.communicate()
        found.append(Pauses(**json.loads(out)))
