"""Memory and time of one large dataset, and what the comparison with the items Orgvue holds costs."""

import tempfile
from itertools import chain
from pathlib import Path

import pytest

from tests.bench.nights import Night, run_night, workplace
from tests.bench.people import COLUMNS, KEY, shuffle_rows, write_people
from tests.bench.serving import Server, sandbox_server
from tests.bench.tables import MIB, pauses_table, scaled, table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3000)]

ROWS = max(scaled(1_000_000), 100_000)  # a tenth of it must still be worth a worker process

TIMES = 2
"""How often each of the runs that are compared is run, in turn; the quicker one counts, since all else is noise."""

LIVE, NO_ORDER, NONE = "against as many items", "the same, its rows in no order", "without looking at the items"


def first_night(rows: int, folder: Path, server: Server) -> Night:
    """A run of the dataset of this many rows, which creates them."""
    source = source_of(rows, folder)
    write_people(source, rows)
    return night_of(rows, source, folder / f"first-{rows}", server, "created")


def next_night(kind: str, folder: Path, server: Server) -> Night:
    """Another one with the very rows that an earlier one left."""
    source = source_of(ROWS, folder)
    if kind == NO_ORDER and not (shuffled := folder / "shuffled.csv").exists():
        shuffle_rows(source, shuffled)
    place = Path(tempfile.mkdtemp(dir=folder)) / "night"
    return night_of(
        ROWS, shuffled if kind == NO_ORDER else source, place, server, "skipped", "none" if kind == NONE else "live"
    )


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
        again: dict[str, list[Night]] = {LIVE: [], NO_ORDER: [], NONE: []}
        for kind, nights in chain.from_iterable([again.items()] * TIMES):
            nights.append(next_night(kind, tmp_path, server))
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
    best = {
        kind: (min(night.ran.seconds for night in nights), min(night.ran.cpu for night in nights))
        for kind, nights in again.items()
    }
    table(
        ("against a run without looking at the items", "x seconds", "x CPU seconds"),
        *(
            (kind, *(f"{ours / plain:.2f}" for ours, plain in zip(best[kind], best[NONE], strict=True)))
            for kind in (LIVE, NO_ORDER)
        ),
    )
    pauses_table({f"{ROWS:,} rows {LIVE}": again[LIVE][0].pauses})
    assert first[ROWS].ran.peak - bare < 150 * MIB
    assert first[ROWS].ran.peak - first[ROWS // 10].ran.peak < 40 * MIB
    assert max(night.ran.peak for night in (*again[LIVE], *again[NO_ORDER])) - bare < 200 * MIB
