"""Journal entries of a run, and the account of it that a report tells, for tests."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bulkimport.journal import Entry, RunRecord
from bulkimport.model import DatasetStatus, ItemCounts
from bulkimport.refresh import events as e
from bulkimport.report.account import Account
from bulkimport.report.comparison import compare_runs
from bulkimport.report.facts import RunFacts
from bulkimport.report.order import steps
from bulkimport.report.rejected import Rejected
from bulkimport.report.timeline import timeline
from tests.report.examples import FINISHED, STARTED, run_of
from tests.support.refreshing import a_record
from tests.support.vocabulary import a_payload

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WHOLE: tuple[tuple[float, e.Event], ...] = (
    (1, e.TurnCame()),
    (3, e.SourceRead(a_payload(10))),
    (7, e.PayloadChecked("live", 9)),
    (8, e.LocationGenerated("https://get", "https://put", "2026-11-23T02:15:00.000Z", "Root=1-a")),
    (12, e.PayloadUploaded()),
    (13, e.UploadVerified()),
    (14, e.ImportRequested()),
    (15, e.ImportAccepted("https://ticket", "Root=1-b")),
    (25, e.JobCompleted("https://result")),
    (27, e.ResultCollected(DatasetStatus.SUCCEEDED, ItemCounts(created=10))),
)
"""A whole refresh, by the seconds after the start of the run."""


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def entries(name: str, events: Iterable[tuple[float, e.Event]]) -> list[Entry]:
    return [Entry("run-1", name, number, moment(at), event) for number, (at, event) in enumerate(events, 1)]


def in_order(*every: Sequence[Entry]) -> list[Entry]:
    """The entries of several datasets as they were written."""
    return sorted((entry for some in every for entry in some), key=lambda entry: entry.at)


def an_account(
    facts: RunFacts | None = None,
    *,
    written: Sequence[Entry] = (),
    depends_on: Mapping[str, Sequence[str]] | None = None,
    earlier: Sequence[RunFacts] = (),
    rejected: Sequence[Rejected] = (),
    with_values: bool = False,
    **changes: Any,
) -> Account:
    """The account of a run whose other parts follow from its facts."""
    facts = facts or run_of()
    names = [dataset.name for dataset in facts.datasets]
    run: RunRecord = a_record(facts.run_id, STARTED, version="0.1.0", **changes)
    return Account(
        run=run,
        facts=facts,
        timeline=timeline(STARTED, FINISHED, names, written),
        order=steps({name: (depends_on or {}).get(name, ()) for name in names}),
        comparison=compare_runs(facts, earlier),
        rejected=tuple(rejected),
        told_at=FINISHED + timedelta(hours=1),
        with_values=with_values,
    )
