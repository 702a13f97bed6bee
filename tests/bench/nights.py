"""A night: a config of many datasets against a sandbox in its own process, run by the program's own composition."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from bulkimport.sandbox.world import Address
from tests.bench.pauses import Pauses
from tests.bench.processes import Ran, run_module
from tests.support.program import Workplace

SETTINGS: dict[str, Any] = {"defaults": {"poll": {"initial": "100ms", "max": "1s"}}}


class Night(NamedTuple):
    """One run of the program as it was measured from outside, and its loop's pauses from within."""

    ran: Ran
    pauses: Pauses
    summary: dict[str, Any]

    @property
    def statuses(self) -> set[str]:
        return {one["status"] for one in self.summary["datasets"]}

    def items(self, outcome: str) -> int:
        return sum(one["items"][outcome] for one in self.summary["datasets"])


def workplace(
    folder: Path, address: Address, names: Iterable[str], source: Path, key: str, **settings: Any
) -> Workplace:
    """A config in a folder of its own in which every dataset is read from the same file."""
    folder.mkdir()
    place = Workplace(folder, address, settings=SETTINGS | settings)
    for name in names:
        place.add(name, source=str(source), key=key)
    place.write_config()
    return place


def run_night(place: Workplace) -> Night:
    """Runs the config as its users do."""
    measured = place.folder / "measured.json"
    place.write_config()
    ran = run_module("tests.bench.importing", measured, *place.arguments("run"))
    return Night(ran, Pauses(**json.loads(measured.read_text())), json.loads(ran.out))
