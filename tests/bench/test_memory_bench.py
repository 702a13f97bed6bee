"""Memory and time of one large dataset, and what the comparison with the items Orgvue holds costs."""

import tempfile
from pathlib import Path
from statistics import median

import pytest

from tests.bench.nights import Night, run_night, workplace
from tests.bench.people import COLUMNS, KEY, shuffle_rows, write_people
from tests.bench.serving import Server, sandbox_server
from tests.bench.tables import MIB, pauses_table, scaled, table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3000)]

ROWS = max(scaled(1_000_000), 100_000)  # a tenth of it must still be worth a worker process

TIMES = 3
"""How often each of the runs that are compared is run, in turn; the median counts. Rows in no order are read once: they
take long."""

LIVE, NONE = "against as many items", "without looking at the items"
SHUFFLED = {kind: f"{kind}, rows in no order" for kind in (LIVE, NONE)}


def first_night(rows: int, folder: Path, server: Server) -> Night:
    """A run of the dataset of this many rows, which creates them."""
    source = source_of(rows, folder)
    write_people(source, rows)
    return night_of(rows, source, folder / f"first-{rows}", server, "created")


def next_night(kind: str, folder: Path, server: Server) -> Night:
    """Another one with the very rows that an earlier one left."""
    source = source_of(ROWS, folder)
    if kind in SHUFFLED.values():
        ordered, source = source, folder / "shuffled.csv"
        if not source.exists():
            shuffle_rows(ordered, source)
    place = Path(tempfile.mkdtemp(dir=folder)) / "night"
    baseline = "none" if kind in (NONE, SHUFFLED[NONE]) else "live"
    return night_of(ROWS, source, place, server, "skipped", baseline)


def source_of(rows: int, folder: Path) -> Path:
    return folder / f"{rows}.csv"


def night_of(rows: int, source: Path, folder: Path, server: Server, done: str, baseline: str = "live") -> Night:
    """One run, in whose result all items are `done`."""
    place = workplace(folder, server.address, [f"rows{rows}"], source, KEY)
    place.datasets[0]["guards"] = {"baseline": baseline}
    night = run_night(place)
    assert night.statuses == {"succeeded"}
    assert night.items(done) == rows
    return night


def test_peak_memory_and_the_cost_of_a_live_baseline(tmp_path: Path) -> None:
    sizes = (10, ROWS // 10, ROWS)
    with sandbox_server(tmp_path / "sandbox", [f"rows{rows}" for rows in sizes], COLUMNS, workers=1) as server:
        first = {rows: first_night(rows, tmp_path, server) for rows in sizes}
        again: dict[str, list[Night]] = {kind: [] for kind in (LIVE, NONE, *SHUFFLED.values())}
        for kind in (*(LIVE, NONE) * TIMES, *SHUFFLED.values()):
            again[kind].append(next_night(kind, tmp_path, server))
    bare = first[10].ran.peak
    table(
        (f"peak above a run of 10 rows ({bare / MIB:.0f} MiB)", "MiB", "seconds", "CPU seconds"),
        *(
            (name, f"{(night.ran.peak - bare) / MIB:.0f}", f"{night.ran.seconds:.1f}", f"{night.ran.cpu:.1f}")
            for name, night in (
                (f"{ROWS // 10:,} rows", first[ROWS // 10]),
                (f"{ROWS:,} rows", first[ROWS]),
                *((f"{ROWS:,} rows {kind}", one) for kind, nights in again.items() for one in nights),
            )
        ),
    )
    usual = {
        kind: (median(night.ran.seconds for night in nights), median(night.ran.cpu for night in nights))
        for kind, nights in again.items()
    }
    table(
        ("against a run without looking at the items", "x seconds", "x CPU seconds"),
        *(
            (kind, *(f"{ours / plain:.2f}" for ours, plain in zip(usual[kind], usual[without], strict=True)))
            for kind, without in ((LIVE, NONE), (SHUFFLED[LIVE], SHUFFLED[NONE]))
        ),
    )
    pauses_table({f"{ROWS:,} rows {LIVE}": again[LIVE][0].pauses})
    assert first[ROWS].ran.peak - bare < 150 * MIB
    assert first[ROWS].ran.peak - first[ROWS // 10].ran.peak < 40 * MIB
    assert max(night.ran.peak for night in (*again[LIVE], *again[SHUFFLED[LIVE]])) - bare < 200 * MIB
