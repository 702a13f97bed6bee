"""`bulkimport status` and `bulkimport history`: what the journal knows."""

from pathlib import Path

import anyio
import click

from bulkimport.cli.options import EXIT_FAILURE, EXIT_SUCCESS, Common, common_options
from bulkimport.cli.settings import load_config
from bulkimport.clock import SystemClock
from bulkimport.errors import UsageError
from bulkimport.journal import Journal
from bulkimport.model import RunStatus
from bulkimport.report import fold
from bulkimport.report.facts import HistoryEntry, RunFacts
from bulkimport.report.fold import run_facts
from bulkimport.report.summary import history_document, summary_document
from bulkimport.report.text import history_text, status_text

_CONFIG_OPTION = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="CONFIG",
    help="Look in this config's run.state_dir.",
)
_GOOD = (RunStatus.RUNNING, RunStatus.SUCCEEDED)


@click.command()
@click.argument("run_id", required=False)
@_CONFIG_OPTION
@common_options
def status(run_id: str | None, config_path: Path | None, common: Common) -> int:
    """Shows the last run, or RUN_ID, as it stands.

    Ends 0 for a running or succeeded run, 1 for any other, 2 if there is none.
    """
    state_dir = _state_dir(config_path, common)
    facts = anyio.run(_facts, state_dir, run_id)
    now = SystemClock().now()
    common.show(lambda layout: status_text(facts, now, layout), lambda: summary_document(facts))
    return EXIT_SUCCESS if facts.status in _GOOD else EXIT_FAILURE


@click.command()
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many runs, the last first."
)
@_CONFIG_OPTION
@common_options
def history(limit: int, config_path: Path | None, common: Common) -> int:
    """Lists the runs of the state directory, the last first."""
    runs = anyio.run(_history, _state_dir(config_path, common), limit)
    common.show(lambda layout: history_text(runs, layout), lambda: history_document(runs))
    return EXIT_SUCCESS


def _state_dir(config_path: Path | None, common: Common) -> Path:
    return common.state_directory(load_config(config_path, common) if config_path is not None else None)


async def _facts(state_dir: Path, run_id: str | None) -> RunFacts:
    clock = SystemClock()
    async with Journal.open_existing(state_dir, clock) as journal:
        run = None
        if journal is not None:
            run = await (journal.run(run_id) if run_id else journal.latest_run())
        if journal is None or run is None:
            raise UsageError(
                f"There is no run {run_id or 'yet'} in {state_dir}.",
                hint="`bulkimport history` lists the runs; --state-dir and --config look elsewhere.",
            )
        return await run_facts(journal, run, clock.now())


async def _history(state_dir: Path, limit: int) -> list[HistoryEntry]:
    clock = SystemClock()
    async with Journal.open_existing(state_dir, clock) as journal:
        return await fold.history(journal, clock.now(), limit) if journal is not None else []
