"""What a journal is worth: the same night without a past and with one."""

from pathlib import Path

import pytest

from bulkimport.sandbox.world import JobTiming
from tests.bench.nights import Night, run_night, workplace
from tests.bench.people import COLUMNS, KEY, write_people
from tests.bench.serving import sandbox_server
from tests.bench.tables import table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

SMALL, LARGE, CHAINED = 18, 3, 2
ROWS = (30, 330, 630)
TIMING = JobTiming(created=0.1, running=2.3, per_item=0.003)
POLL = {"defaults": {"poll": {"max": "30s"}}, "run": {"max_parallel_datasets": 6}}


def test_a_night_with_a_past(tmp_path: Path) -> None:
    """Jobs take 2.5 s and more the more rows they have; the longest ones, and a chain, come last in the config."""
    large, smalls = tmp_path / "large.csv", [tmp_path / f"{rows}.csv" for rows in ROWS]
    write_people(large, 2_000)
    for path, rows in zip(smalls, ROWS, strict=True):
        write_people(path, rows)
    names = [*(f"small{number}" for number in range(SMALL)), *(f"large{number}" for number in range(LARGE))]
    chain = [f"chained{number}" for number in range(CHAINED)]
    with sandbox_server(tmp_path / "sandbox", [*names, *chain], COLUMNS, timing=TIMING) as server:

        def night(folder: str, *, fixed: bool = False) -> Night:
            settings = POLL | ({"defaults": {"poll": {"initial": "1s", "max": "30s"}}} if fixed else {})
            place = workplace(tmp_path / folder, server.address, [], large, KEY, **settings)
            for number, name in enumerate(names):
                source = smalls[number % len(smalls)] if number < SMALL else large
                place.add(name, source=str(source), key=KEY)
            for before, name in zip([names[0], *chain], chain, strict=False):
                place.add(name, source=str(large), key=KEY, depends_on=[before])
            place.folder.joinpath("state").symlink_to(tmp_path / ("no past" if folder == "without" else "past"))
            place.state.resolve().mkdir(exist_ok=True)
            return run_night(place)

        nights = {
            "the first one, which only leaves a past": night("first"),
            "without a past": night("without"),
            "with it, first look as poll.initial says": night("fixed", fixed=True),
            "with it": night("with"),
        }
    table(
        (f"{len(names) + len(chain)} datasets, 6 at once", "makespan, s", "requests"),
        *((name, f"{one.ran.seconds:.1f}", one.summary["requests"]) for name, one in nights.items()),
    )
    assert all(one.statuses == {"succeeded"} for one in nights.values())
    without, past = nights["without a past"], nights["with it"]
    assert past.ran.seconds < without.ran.seconds
    assert past.summary["requests"] < without.summary["requests"]
