"""Nights of one config, the last of which ends in every way that a night can end: what a report has to tell.

python -m tests.scenarios.mixed FOLDER    leaves them in FOLDER/state, to be looked at
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bulkimport.sandbox.world import JobTiming, PropertySeed
from tests.support.program import Invocation, Workplace, at_work, fault, people, seed

STATUSES = {
    "locations": "succeeded",
    "cost-centres": "succeeded",
    "people": "refused",
    "positions": "partial",
    "people-to-positions": "blocked",
    "contracts": "failed",
    "absences": "failed",
    "training": "unknown",
}
SALARY = "sixty-five thousand"
"""A value of an item, which no report may show unless it is asked to."""
_SIZES = {"locations": 12, "cost-centres": 36, "people": 300, "positions": 250, "contracts": 80, "absences": 40}


@contextmanager
def mixed_nights(folder: Path, quiet_nights: int = 2) -> Iterator[tuple[Workplace, Invocation]]:
    """So many nights in which all went well, then the mixed one, as it ended."""
    properties = (PropertySeed("id"), PropertySeed("name"), PropertySeed("salary", "number"))
    seeds = [seed(name, properties=properties if name == "positions" else None) for name in STATUSES]
    timing = JobTiming(created=0.02, running=0.05, per_item=0.0005)
    with at_work(folder, *seeds, timing=timing) as (work, sandbox):
        for name in STATUSES:
            work.add(name, _rows(name, 0), **_settings(name))
        for night in range(quiet_nights):
            for name in STATUSES:
                work.source(name, _rows(name, night))
            assert work.run().code == 0
        for name in ("locations", "cost-centres", "training"):
            work.source(name, _rows(name, quiet_nights))
        work.source("people", people(120))
        work.source("positions", [*_rows("positions", 0)[:-6], *_wrong_rows()])
        (folder / "contracts.csv").unlink()
        (training,) = (dataset for dataset in work.datasets if dataset["name"] == "training")
        training["poll"] = {"timeout": "300ms"}
        sandbox.set_faults(
            fault("import", {"reset_before": True}, "training"),
            fault("job", {"job_fail": ["the dataset is locked by 'someone'"]}, "absences"),
        )
        yield work, work.run()


def _rows(name: str, night: int) -> list[dict[str, Any]]:
    size = _SIZES.get(name, 24)
    rows = [dict(row) for row in people(size + 7 * night % 11, start=1 + night * 3 % 5)]
    return [row | {"salary": "50000"} for row in rows] if name == "positions" else rows


def _wrong_rows() -> list[dict[str, Any]]:
    return [{"id": f"P-{number}", "name": f"Position {number}", "salary": SALARY} for number in range(6)]


def _settings(name: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"guards": {"max_delete_percent": 20}}
    if name == "positions":
        settings["import"] = {"on_action_validation_failure": "skip"}
    if name == "people-to-positions":
        settings["depends_on"] = ["people", "positions"]
    if name in ("people", "positions"):
        settings["depends_on"] = ["locations", "cost-centres"]
    return settings


def main() -> None:
    """Makes them and prints how the last one ended."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with mixed_nights(folder, quiet_nights=12) as (_, run):
        print(run.code, run.statuses)  # noqa: T201 # for whoever looks at it


if __name__ == "__main__":
    main()
