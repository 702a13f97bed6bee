"""How fast a source becomes a payload, and in how much memory, beside a plain script and DuckDB in the same run.

Asserts only what must hold on any machine: the payload is right, and memory is bounded.
"""

import filecmp
import hashlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from bulkimport.json_stream import iter_blocks
from bulkimport.model import CsvSource
from bulkimport.payload import PayloadRequest, prepare
from tests.bench.people import shuffle_rows, write_people
from tests.bench.tables import MIB, table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

ROWS = 1_000_000
ROUNDS = 4
PLAIN_SCRIPT = Path(__file__).with_name("plain_script.py")

# Each measured program runs as a process of its own; this tells its CPU seconds, which a busy machine disturbs less
# than the time that passes, and its peak memory. (getrusage's peak would include that of the process that started it.)
REPORT = """
import json, pathlib, re, time
peak = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
print(json.dumps([time.process_time() - began[0], time.perf_counter() - began[1], peak * 1024]))
"""
BEGIN = """
import sys, time
def begin(): return time.process_time(), time.perf_counter()
began = begin()
"""
OURS = """
from bulkimport.model import CsvSource
from bulkimport.payload import PayloadRequest, prepare
began = begin()
source, target = sys.argv[1:]
names = (target, target + ".keys", target + ".landing")
prepare(PayloadRequest(CsvSource((source,)), ("employeeID",), *names, required=("employeeID",)))
"""
BY_ROWS = "import bulkimport.payload.column_stream as stream\nstream.WORTHWHILE = 1 << 60\n" + OURS
BY_COLUMNS = "import pyarrow.compute, pyarrow.csv\n" + OURS  # loaded before the clock starts, as DuckDB is
PLAIN = "import runpy, sys; runpy.run_path({!r})\n"
DUCKDB = """
import duckdb
began = begin()
source, target = sys.argv[1:]
duckdb.sql("SET threads = 1")
duckdb.sql(f"COPY (SELECT 'createOrUpdate' AS _action, * FROM read_csv('{source}', all_varchar = true)) "
           f"TO '{target}' (FORMAT json, ARRAY true)")
"""


class Measured(NamedTuple):
    """CPU seconds, seconds, and peak resident bytes."""

    cpu: float
    seconds: float
    peak: int


def measure(code: str, *arguments: Path) -> Measured:
    program = BEGIN + code + REPORT
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True
    )
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def best_of(rounds: int, programs: dict[str, tuple[str, Path, Path]]) -> dict[str, Measured]:
    """The least of each program's times, which the rest of the machine disturbed least, and the highest of its peaks;
    one round after another, so that all programs have had the same chances. A target is named after its round."""
    found: dict[str, list[Measured]] = {name: [] for name in programs}
    for number in range(1, rounds + 1):
        for name, (code, source, target) in programs.items():
            found[name].append(measure(code, source, target.with_name(f"{target.name}{number}")))
            if number > 1:
                target.with_name(f"{target.name}{number}").unlink()
    return {
        name: Measured(min(run.cpu for run in runs), min(run.seconds for run in runs), max(run.peak for run in runs))
        for name, runs in found.items()
    }


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "people.csv"
    write_people(path, ROWS)
    return path


def digest(path: Path) -> str:
    """Of the objects, whatever the white space of their file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter_blocks(iter(lambda: file.read(MIB), b"")):
            for each in block.objects:
                found.update(orjson.dumps(each))
    return found.hexdigest()


def test_a_million_rows_against_a_plain_script_and_duckdb(people: Path, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    shuffled = tmp_path / "shuffled.csv"
    shuffle_rows(people, shuffled)
    megabytes = people.stat().st_size / 1e6
    programs = {
        "csv.DictReader + json.dumps": (PLAIN.format(str(PLAIN_SCRIPT)), people, tmp_path / "plain"),
        "DuckDB, one thread": (DUCKDB, people, tmp_path / "duckdb"),
        "bulkimport by rows (all checks)": (BY_ROWS, people, tmp_path / "rows"),
        "bulkimport by columns (all checks)": (BY_COLUMNS, people, tmp_path / "columns"),
        "  the same, its keys in no order": (BY_COLUMNS, shuffled, tmp_path / "shuffled"),
    }
    measured = best_of(ROUNDS, programs)
    plain, duckdb, *_ = measured.values()

    table(
        (
            f"{ROWS:,} rows x 9 columns, {megabytes:.0f} MB",
            "CPU s",
            "seconds",
            "x plain",
            "x DuckDB",
            "by clock",
            "MiB",
        ),
        *(
            (
                name,
                f"{one.cpu:.2f}",
                f"{one.seconds:.2f}",
                f"{plain.cpu / one.cpu:.2f}",
                f"{duckdb.cpu / one.cpu:.2f}",
                f"{duckdb.seconds / one.seconds:.2f}",
                f"{one.peak / MIB:.0f}",
            )
            for name, one in measured.items()
        ),
    )
    assert digest(tmp_path / "columns1") == digest(tmp_path / "plain1") == digest(tmp_path / "duckdb1")
    assert filecmp.cmp(tmp_path / "columns1", tmp_path / "rows1", shallow=False), "byte for byte"
    assert max(one.peak for name, one in measured.items() if "columns" in name or "order" in name) < 150 * MIB


def test_peak_memory_at_a_hundred_thousand_and_a_million_rows(people: Path, tmp_path: Path) -> None:
    write_people(tmp_path / "small.csv", ROWS // 10)
    bare = measure("").peak
    peaks = {
        way: [measure(code, source, tmp_path / f"{way}-{at}").peak - bare for at, source in enumerate(sources)]
        for way, code, sources in (
            ("rows", BY_ROWS, (tmp_path / "small.csv", people)),
            ("columns", BY_COLUMNS, (tmp_path / "small.csv", people)),
        )
    }

    table(
        (f"MiB above a bare interpreter ({bare / MIB:.0f} MiB)", f"{ROWS // 10:,} rows", f"{ROWS:,} rows"),
        *((f"by {way}", f"{small / MIB:.1f}", f"{large / MIB:.1f}") for way, (small, large) in peaks.items()),
    )
    assert peaks["rows"][1] < 60 * MIB
    assert peaks["columns"][1] + bare < 150 * MIB
    assert all(large - small < 25 * MIB for small, large in peaks.values())


def _prepare(people: str, folder: str) -> tuple[int, str]:
    target = f"{folder}/{os.urandom(4).hex()}"
    payload = prepare(
        PayloadRequest(CsvSource((people,)), ("employeeID",), target, target + ".keys", target + ".landing")
    )
    return payload.rows, payload.sha256


def test_two_datasets_in_two_processes_against_one(people: Path, tmp_path: Path) -> None:
    seconds: dict[int, float] = {}
    results: set[tuple[int, str]] = set()
    for workers in (1, 2):
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            list(pool.map(_warm_up, range(workers * 4)))
            began = time.perf_counter()
            results.update(pool.map(_prepare, [str(people)] * 2, [str(tmp_path)] * 2))
            seconds[workers] = time.perf_counter() - began

    table(
        ("two datasets of a million rows", "seconds", "x one process"),
        *((f"{workers} process(es)", f"{took:.2f}", f"{seconds[1] / took:.2f}") for workers, took in seconds.items()),
    )
    assert len(results) == 1, "both ways give the same payload"
    assert next(iter(results))[0] == ROWS


def _warm_up(number: int) -> int:
    time.sleep(0.05)  # long enough for every worker of the pool to have started and taken one
    return number


def test_reading_a_large_array_against_orjson_on_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    entry = {
        "_status": "success",
        "_action": "update",
        "_id": "83EDA1EC-0000-4000-8000-0123456789AB",
        "name": "Zoë {1}, Y",
    }
    path.write_bytes(orjson.dumps([{**entry, "employeeID": number} for number in range(800_000)]))
    code = "import orjson\nobjects = len(orjson.loads(open(sys.argv[1], 'rb').read()))\n"
    streamed = (
        "from bulkimport.json_stream import iter_blocks\n"
        "file = open(sys.argv[1], 'rb')\n"
        "objects = sum(len(block.objects) for block in iter_blocks(iter(lambda: file.read(1 << 18), b'')))\n"
    )
    whole, stream = measure(code, path), measure(streamed + "assert objects == 800_000\n", path)

    table(
        (f"an array of {path.stat().st_size / 1e6:.0f} MB", "CPU seconds", "x whole", "peak MiB"),
        *(
            (name, f"{found.cpu:.2f}", f"{found.cpu / whole.cpu:.2f}", f"{found.peak / MIB:.0f}")
            for name, found in (("orjson.loads of the whole", whole), ("json_stream", stream))
        ),
    )
    assert stream.peak < 100 * MIB
