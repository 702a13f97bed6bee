"""Programs as a benchmark runs them: how long they took, and how much memory they and all their children held."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    """Runs `python -m module` in a session of its own to its end; fails unless it ends 0 or 1."""
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
    """Watches the processes of one session."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._cpu: dict[str, float] = {}
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
            self.peak = max(self.peak, sum(map(self._look, Path("/proc").glob("[0-9]*/stat"))))

    def _look(self, stat: Path) -> int:
        """Resident bytes of a process, 0 if it is of another session (proc(5), the fields of `stat` after the name)."""
        try:
            fields = stat.read_bytes().rpartition(b")")[2].split()
        except OSError:
            return 0
        if int(fields[3]) != self._session:
            return 0
        self._cpu[stat.parent.name] = (int(fields[11]) + int(fields[12])) / _TICKS
        return int(fields[21]) * _PAGE


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
