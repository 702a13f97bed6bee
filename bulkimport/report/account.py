"""Everything that a report tells of a run, gathered from the journal and the run's folder."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import anyio.to_thread

from bulkimport.errors import StateError
from bulkimport.folders import RunFolders
from bulkimport.journal import Entry, Journal, RunRecord
from bulkimport.model import RunStatus
from bulkimport.report.comparison import Comparison, compare_runs
from bulkimport.report.discretion import discreet_run
from bulkimport.report.facts import RunFacts
from bulkimport.report.fold import fold_run, run_facts
from bulkimport.report.order import OrderedDataset, steps
from bulkimport.report.rejected import Rejected, read_rejected
from bulkimport.report.timeline import Timeline, timeline

EARLIER_RUNS = 10
_RESTORES = 20  # as many of them may lie between; they import a part of one dataset and compare with nothing


@dataclass(frozen=True, slots=True)
class Account:
    """A run as a report tells it at the moment `told_at`; the values of items are left out unless `with_values`."""

    run: RunRecord
    facts: RunFacts
    timeline: Timeline
    order: tuple[tuple[OrderedDataset, ...], ...]
    comparison: Comparison
    rejected: tuple[Rejected, ...]
    told_at: datetime
    with_values: bool = False


async def account_of(
    journal: Journal,
    run: RunRecord,
    state_dir: Path,
    now: datetime,
    *,
    with_values: bool = False,
    redact: Callable[[str], str] = str,
) -> Account:
    """Gathers it; `redact` is applied to all foreign text. Raises StateError if the run's events make no sense."""
    entries = await journal.entries(run.run_id)
    records = await journal.datasets(run.run_id)
    earlier, unreadable = await _earlier(journal, run, now)

    def gather() -> Account:
        facts = fold_run(run, entries, records, now).redacted(redact)
        facts = facts if with_values else discreet_run(facts)
        files = RunFolders(state_dir, run.run_id)
        return Account(
            run=run,
            facts=facts,
            timeline=timeline(run.started_at, _end(run, entries, now), [record.name for record in records], entries),
            order=steps({record.name: record.spec.get("depends_on", ()) for record in records}),
            comparison=compare_runs(facts, earlier, unreadable),
            rejected=tuple(
                read_rejected(one.name, files.named(one.name).failed, include_values=with_values, redact=redact)
                for one in facts.datasets
                if one.items.failed
            ),
            told_at=now,
            with_values=with_values,
        )

    return await anyio.to_thread.run_sync(gather)


async def _earlier(journal: Journal, run: RunRecord, now: datetime) -> tuple[list[RunFacts], int]:
    """The last runs of the config before this one, the oldest first, and how many of them cannot be read."""
    if run.command == "restore":
        return [], 0
    before = await journal.runs(EARLIER_RUNS + _RESTORES, run.config_key, before=run.run_id)
    found, unreadable = [], 0
    for one in [one for one in before if one.command != "restore"][:EARLIER_RUNS]:
        try:
            found.append(await run_facts(journal, one, now))
        except StateError:
            unreadable += 1
    return found[::-1], unreadable


def _end(run: RunRecord, entries: list[Entry], now: datetime) -> datetime:
    """A run that died ended with its last event, for all that is known."""
    if run.status is RunStatus.RUNNING:
        return now
    return run.finished_at or (entries[-1].at if entries else run.started_at)
