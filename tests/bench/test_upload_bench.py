"""How fast a payload goes out, beside curl, to the same server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkimport.sandbox.world import python_environment
from tests.bench.pauses import Pauses
from tests.bench.processes import run_module
from tests.bench.tables import MIB, pauses_table, scaled, table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

SIZE = scaled(256 * MIB)
TIMES, TURNS = 3, 2


@pytest.fixture
def sink() -> Iterator[str]:
    """The URL of a server in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(),
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        process.communicate()


def curl(url: str, path: Path) -> float:
    """Seconds of the transfer; fails unless the server has all of it."""
    command = ["curl", "-sS", "-T", str(path), "-H", "Expect:", "-w", "\n%{time_total}", "--noproxy", "*", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    received, seconds = done.stdout.split()
    assert int(received) == SIZE
    return float(seconds)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is what it is compared to")
def test_an_upload_against_curl(sink: str, tmp_path: Path) -> None:
    path = tmp_path / "payload"
    with path.open("wb") as file:
        for _ in range(0, SIZE, MIB):
            file.write(bytes(range(256)) * (MIB // 256))
        file.truncate(SIZE)
    ours, theirs = [], []
    for _ in range(TURNS):  # so that a busy moment of the machine does not meet only one of them
        theirs += [curl(sink, path) for _ in range(TIMES)]
        ours.append(json.loads(run_module("tests.bench.uploading", sink, path, TIMES).out))
    best, curls = min(min(one["seconds"]) for one in ours), min(theirs)
    table(
        (f"upload of {SIZE / MIB:.0f} MiB, best of {TURNS * TIMES}", "seconds", "MB/s", "x curl"),
        ("bulkimport", f"{best:.2f}", f"{SIZE / best / 1e6:,.0f}", f"{curls / best:.2f}"),
        ("curl -T", f"{curls:.2f}", f"{SIZE / curls / 1e6:,.0f}", "1.00"),
    )
    pauses_table({"bulkimport": max((Pauses(**one["pauses"]) for one in ours), key=lambda pauses: pauses.blocked)})
