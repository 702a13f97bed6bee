"""Many small datasets: whether the tenant's request rate is used, and never exceeded."""

from pathlib import Path

import pytest

from tests.bench.nights import run_night, workplace
from tests.bench.people import COLUMNS, KEY, write_people
from tests.bench.processes import idle_loop
from tests.bench.serving import sandbox_server
from tests.bench.tables import MIB, pauses_table, scaled, table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

DATASETS = scaled(300)
ROWS = 5


def test_300_tiny_datasets_at_the_limit_of_the_tenant(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    write_people(source, ROWS)
    names = [f"tiny{number}" for number in range(DATASETS)]
    with sandbox_server(tmp_path / "sandbox", names, COLUMNS, workers=1) as server:
        place = workplace(
            tmp_path / "night", server.address, names, source, KEY, run={"max_parallel_datasets": DATASETS // 2}
        )
        with idle_loop() as idle:
            night = run_night(place)
    seen = server.seen
    assert seen is not None
    table(
        (f"{DATASETS} datasets x {ROWS} rows", "measured"),
        ("seconds", f"{night.ran.seconds:.1f}"),
        ("CPU seconds", f"{night.ran.cpu:.1f}"),
        ("peak MiB", f"{night.ran.peak / MIB:.0f}"),
        ("requests to the API", seen.requests),
        ("the same, per second (after the first)", f"{seen.sustained:.1f}"),
        ("most in any sliding second (limit 100)", seen.peak_per_second),
        ("most at once (limit 50)", seen.peak_at_once),
        ("throttled", seen.throttled),
    )
    pauses_table({"bulkimport": night.pauses, "an idle process beside it": idle[0]})
    assert night.statuses == {"succeeded"}
    assert night.items("created") == DATASETS * ROWS
    assert (seen.throttled, night.summary["throttled"]) == (0, 0)
    assert seen.peak_per_second <= 100
    assert seen.peak_at_once <= 50
