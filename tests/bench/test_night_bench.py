"""A whole night, source to result, beside a plain script that does one dataset after the other."""

import json
from pathlib import Path

import pytest

from tests.bench.nights import run_night, workplace
from tests.bench.people import COLUMNS, KEY, write_people
from tests.bench.processes import idle_loop, run_module
from tests.bench.serving import sandbox_server
from tests.bench.tables import MIB, pauses_table, scaled, table
from tests.support.program import TENANT, TOKEN, id_of

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

DATASETS, PLAIN_DATASETS = 8, 2
ROWS = scaled(200_000)


def test_eight_datasets_of_200_000_rows(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    write_people(source, ROWS)
    ours = [f"ours{number}" for number in range(DATASETS)]
    plain = [f"plain{number}" for number in range(PLAIN_DATASETS)]  # one after the other, so fewer tell the speed
    with sandbox_server(tmp_path / "sandbox", [*ours, *plain], COLUMNS) as server:
        place = workplace(tmp_path / "night", server.address, ours, source, KEY)
        with idle_loop() as idle:
            night = run_night(place)
        script = run_module(
            "tests.bench.plain_import", server.address.base_url, TENANT, TOKEN, source, *map(id_of, plain)
        )
    table(
        (f"datasets x {ROWS:,} rows", "seconds", "rows/s", "x plain", "CPU us/row", "peak MiB"),
        *(
            (
                f"{count} {name}",
                f"{ran.seconds:.1f}",
                f"{count * ROWS / ran.seconds:,.0f}",
                f"{count * script.seconds / PLAIN_DATASETS / ran.seconds:.2f}",
                f"{ran.cpu / count / ROWS * 1e6:.1f}",
                f"{ran.peak / MIB:.0f}",
            )
            for name, count, ran in (
                ("at once, all checks: bulkimport", DATASETS, night.ran),
                ("in turn, no checks: a plain script", PLAIN_DATASETS, script),
            )
        ),
    )
    pauses_table({"bulkimport": night.pauses, "an idle process beside it": idle[0]})
    assert night.statuses == {"succeeded"}
    assert night.items("created") == DATASETS * ROWS
    assert json.loads(script.out) == [ROWS] * PLAIN_DATASETS
    assert server.seen is not None
    assert server.seen.throttled == 0
    assert night.ran.peak < 400 * MIB
