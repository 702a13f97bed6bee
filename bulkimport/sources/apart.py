"""Rows that are made in a process of their own: those of a database's driver, and of code that is not ours.

Whatever such code does (hang, print, exit, crash), it does not do it to the run: its process has a deadline, and ends
with whoever asked for the rows. What it learns, secrets included, goes in through its standard input.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bulkimport.errors import SourceError
from bulkimport.model import NdjsonSource
from bulkimport.sources.files import no_folder
from bulkimport.sources.landing_file import LandingError
from bulkimport.sources.processes import Ended, run
from bulkimport.sources.progress import OnArrived
from bulkimport.wording import duration

_CHILD = "bulkimport.sources.apart_child"
_SLOW = "Is it waiting for something? Otherwise raise the source's `timeout`."
_START_UP = 10.0
"""Seconds that are granted on top of the time limit, so that what has one of its own can say what it was about."""


class Reports:
    """What the child tells: JSON lines, of which the last is its outcome."""

    def __init__(self, on_arrived: OnArrived) -> None:
        self._on_arrived = on_arrived
        self._rest = b""
        self.outcome: dict[str, Any] = {}

    def take(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in map(orjson.loads, lines):
            if "arrived" in line:
                self._on_arrived(line["arrived"], 0)
            else:
                self.outcome = line


def fetch_rows(
    kind: str,
    details: Mapping[str, object],
    *,
    place: str,
    path: Path,
    folder: str,
    timeout: float,
    on_arrived: OnArrived,
) -> NdjsonSource:
    """Has the rows of a source written to the file `path` as JSON lines. `kind` and `details` say what the child does.

    `place` is what people call the source. Raises SourceError, and LandingError where the file cannot be written.
    """
    reports = Reports(on_arrived)
    order = orjson.dumps({"kind": kind, "details": details, "place": place, "path": str(path)})
    if not Path(folder).is_dir():
        raise no_folder(folder)
    # -P: nothing in the folder may stand in for a library.
    argv = [sys.executable, "-P", "-m", _CHILD]
    ended = run(argv, folder=folder, timeout=timeout + _START_UP, output=reports.take, order=order)
    outcome = reports.outcome
    if "errno" in outcome:
        raise LandingError(outcome["errno"], outcome["message"])
    if "problem" in outcome:
        message, hint, line = outcome["problem"]
        raise SourceError(message, hint, place, line)
    if not ended.well or "columns" not in outcome:
        raise _lost(place, ended, timeout)
    columns = outcome["columns"]
    return NdjsonSource((str(path),), None if columns is None else tuple(columns), "row")


def _lost(place: str, ended: Ended, timeout: float) -> SourceError:
    words = f": {ended.words}" if ended.words else ""
    if ended.timed_out:
        return SourceError(f"{place}: not all rows had come after {duration(timeout)}{words}", _SLOW, place)
    hint = "Whatever reads this source has crashed; is its library whole?"
    return SourceError(f"{place}: the process that reads it {ended}{words}", hint, place)
