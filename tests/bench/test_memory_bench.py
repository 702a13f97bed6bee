"""Memory and time of one large dataset, and what the comparison with the items Orgvue holds costs."""

from pathlib import Path

import pytest

from tests.bench.nights import Night, run_night, workplace
from tests.bench.people import COLUMNS, KEY, write_people
from tests.bench.serving import Server, sandbox_server
from tests.bench.tables import MIB, pauses_table, scaled, table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3000)]

ROWS = max(scaled(1_000_000), 100_000)  # a tenth of it must still be worth a worker process


TIMES = 2
"""How often each of the runs that are compared is run, in turn; the quicker one counts, since all else is noise."""


def night_of(rows: int, folder: Path, server: Server, baseline: str = "live", *, again: int = 0) -> Night:
    """One run of the dataset of this many rows; for the time `again` with the very rows that an earlier one left."""
    source = folder / f"{rows}.csv"
    if not again:
        write_people(source, rows)
    place = workplace(folder / f"night-{rows}-{baseline}-{again}", server.address, [f"rows{rows}"], source, KEY)
    place.datasets[0]["guards"] = {"baseline": baseline}
    night = run_night(place)
    assert night.statuses == {"succeeded"}
    assert night.items("skipped" if again else "created") == rows
    return night


def test_peak_memory_and_the_cost_of_a_live_baseline(tmp_path: Path) -> None:
    sizes = (10, ROWS // 10, ROWS)
    with sandbox_server(tmp_path / "sandbox", [f"rows{rows}" for rows in sizes], COLUMNS, workers=1) as server:
        first = {rows: night_of(rows, tmp_path, server) for rows in sizes}
        again: dict[str, list[Night]] = {"live": [], "none": []}
        for time in range(TIMES):
            for baseline, nights in again.items():
                nights.append(night_of(ROWS, tmp_path, server, baseline, again=time + 1))
    bare = first[10].ran.peak
    table(
        (f"peak above a run of 10 rows ({bare / MIB:.0f} MiB)", "MiB", "seconds", "CPU seconds"),
        *(
            (name, f"{(night.ran.peak - bare) / MIB:.0f}", f"{night.ran.seconds:.1f}", f"{night.ran.cpu:.1f}")
            for name, night in (
                (f"{ROWS // 10:,} rows", first[ROWS // 10]),
                (f"{ROWS:,} rows", first[ROWS]),
                *((f"{ROWS:,} rows against as many items", one) for one in again["live"]),
                *(("the same without looking at the items", one) for one in again["none"]),
            )
        ),
    )
    live, none = again["live"], again["none"]
    table(
        ("guards.baseline: live against none", "ratio"),
        *(
            (name, f"{min(map(measured, live)) / min(map(measured, none)):.2f}")
            for name, measured in (
                ("seconds", lambda night: night.ran.seconds),
                ("CPU seconds", lambda night: night.ran.cpu),
            )
        ),
    )
    pauses_table({f"{ROWS:,} rows, live": live[0].pauses})
    assert first[ROWS].ran.peak - bare < 150 * MIB
    assert first[ROWS].ran.peak - first[ROWS // 10].ran.peak < 40 * MIB
    assert max(night.ran.peak for night in live) - bare < 200 * MIB
