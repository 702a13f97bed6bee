"""What a second worker process brings."""

import json
from pathlib import Path

import pytest

from tests.bench.pauses import Pauses
from tests.bench.people import write_people
from tests.bench.processes import run_module
from tests.bench.tables import MIB, pauses_table, scaled, table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

DATASETS = 6
ROWS = scaled(300_000)


def test_six_datasets_in_two_worker_processes_against_one(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    write_people(source, ROWS)
    ran = {count: run_module("tests.bench.preparing", count, DATASETS, source, tmp_path) for count in (1, 2)}
    found = {count: json.loads(one.out) for count, one in ran.items()}
    table(
        (f"{DATASETS} datasets x {ROWS:,} rows", "seconds", "rows/s", "x one", "CPU seconds", "peak MiB"),
        *(
            (
                f"{count} worker process(es)",
                f"{found[count]['seconds']:.2f}",
                f"{DATASETS * ROWS / found[count]['seconds']:,.0f}",
                f"{found[1]['seconds'] / found[count]['seconds']:.2f}",
                f"{one.cpu:.1f}",
                f"{one.peak / MIB:.0f}",
            )
            for count, one in ran.items()
        ),
    )
    pauses_table({f"{count} worker process(es)": Pauses(**found[count]["pauses"]) for count in (2, 1)})
    digests = [digest for one in found.values() for digest in one["sha256"]]
    assert len(digests) == 2 * DATASETS
    assert len(set(digests)) == 1, "one or two processes give the same payload"
