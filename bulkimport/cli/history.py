"""`bulkimport history`: the runs of a state directory, or one dataset over time."""

from pathlib import Path

import anyio
import click

from bulkimport.cli.choosing import config_option, state_directory
from bulkimport.cli.options import EXIT_SUCCESS, Common, common_options
from bulkimport.clock import Clock, SystemClock
from bulkimport.errors import UsageError
from bulkimport.journal import Journal
from bulkimport.model import RunStatus
from bulkimport.near_misses import near_misses
from bulkimport.report import fold
from bulkimport.report.facts import DatasetFacts, HistoryEntry
from bulkimport.report.fold import dataset_facts
from bulkimport.report.past import past_document, past_text
from bulkimport.report.summary import history_document
from bulkimport.report.text import history_text

_KNOWN_RUNS = 50


@click.command()
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many runs, the last first."
)
@click.option("--dataset", metavar="NAME", help="One dataset over time, in the runs that it was a part of.")
@config_option
@common_options
def history(limit: int, dataset: str | None, config_path: Path | None, common: Common) -> int:
    """Lists the runs of the state directory, the last first."""
    state_dir = state_directory(config_path, common)
    if dataset is None:
        runs = anyio.run(_history, state_dir, limit)
        common.show(lambda layout: history_text(runs, layout), lambda: history_document(runs))
        return EXIT_SUCCESS
    past = anyio.run(_past, state_dir, dataset, limit, common, SystemClock())
    common.show(lambda layout: past_text(dataset, past, layout), lambda: past_document(dataset, past))
    return EXIT_SUCCESS


async def _history(state_dir: Path, limit: int) -> list[HistoryEntry]:
    clock = SystemClock()
    async with Journal.open_existing(state_dir, clock) as journal:
        return await fold.history(journal, clock.now(), limit) if journal is not None else []


async def _past(
    state_dir: Path, name: str, limit: int, common: Common, clock: Clock
) -> list[tuple[HistoryEntry, DatasetFacts]]:
    """The dataset in each of its last runs. Raises UsageError where it was a part of none."""
    async with Journal.open_existing(state_dir, clock) as journal:
        entries = await fold.history(journal, clock.now(), limit, name) if journal is not None else []
        if journal is None or not entries:
            raise await _unheard_of(journal, name, state_dir)
        found = []
        for entry in entries:
            record = next(one for one in await journal.datasets(entry.run_id) if one.name == name)
            events = await journal.entries(entry.run_id, name)
            facts = dataset_facts(record, events, alive=entry.status is RunStatus.RUNNING, now=clock.now())
            found.append((entry, facts.redacted(common.redactor.text)))
        return found


async def _unheard_of(journal: Journal | None, name: str, state_dir: Path) -> UsageError:
    runs = await journal.runs(_KNOWN_RUNS) if journal is not None else []
    statuses = await journal.statuses([run.run_id for run in runs]) if journal is not None else {}
    near = near_misses(name, dict.fromkeys(known for names in statuses.values() for known in names))
    hint = f"Did you mean {' or '.join(near)}?" if near else "`bulkimport status` shows the datasets of the last run."
    return UsageError(f"No run in {state_dir} has a dataset {name}.", hint=hint)
