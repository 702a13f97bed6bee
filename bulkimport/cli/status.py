"""`bulkimport status`: a run as it stands, as it goes on, or as a monitor wants to know of it."""

import sys
from pathlib import Path

import anyio
import click

from bulkimport.cli.choosing import chosen_run, config_option, state_directory
from bulkimport.cli.following import Following
from bulkimport.cli.options import EXIT_FAILURE, EXIT_SUCCESS, Common, DurationType, common_options
from bulkimport.cli.settings import config_key
from bulkimport.clock import Clock, SystemClock
from bulkimport.errors import UsageError
from bulkimport.journal import Journal
from bulkimport.model import RunStatus
from bulkimport.report.facts import RunFacts
from bulkimport.report.fold import run_facts
from bulkimport.report.freshness import Freshness, PastRun, freshness, freshness_document
from bulkimport.report.summary import summary_document
from bulkimport.report.text import status_text

_GOOD = (RunStatus.RUNNING, RunStatus.SUCCEEDED)
_MOST_RUNS = 500


@click.command()
@click.argument("run_id", required=False)
@click.option("--follow", is_flag=True, help="Show the run's progress until it ends. Ctrl-C leaves the run alone.")
@click.option(
    "--max-age",
    type=DurationType(),
    metavar="DURATION",
    help="For monitoring: end 0 only if the last run succeeded and is younger than that, such as 26h.",
)
@config_option
@common_options
def status(run_id: str | None, follow: bool, max_age: float | None, config_path: Path | None, common: Common) -> int:
    """Shows the last run, or RUN_ID, as it stands.

    Ends 0 for a running or succeeded run, 1 for any other, 2 if there is none. With --max-age: one line, and 0 or 1,
    also where there is no run at all.
    """
    if max_age is not None and (run_id or follow):
        other = "--follow" if follow else "RUN_ID"
        raise UsageError(f"--max-age looks at the last runs; {other} does not go with it.", hint="Leave one out.")
    state_dir, clock = state_directory(config_path, common), SystemClock()
    if max_age is not None:
        key = config_key(config_path) if config_path else None
        return _show_freshness(anyio.run(_freshness, state_dir, key, max_age, clock), common)
    facts, received = anyio.run(_facts, state_dir, run_id, follow, common, clock)
    now = clock.now()
    common.show(lambda layout: status_text(facts, now, layout), lambda: summary_document(facts))
    if received is not None:
        return 128 + received
    return EXIT_SUCCESS if facts.status in _GOOD else EXIT_FAILURE


async def _facts(
    state_dir: Path, run_id: str | None, follow: bool, common: Common, clock: Clock
) -> tuple[RunFacts, int | None]:
    """The run, and the signal that ended the following of it, if one did."""
    async with Journal.open_existing(state_dir, clock) as found:
        journal, run = await chosen_run(found, run_id, state_dir)
        received = None
        if follow and run.status is RunStatus.RUNNING:
            redact = common.redactor.text
            following = Following(journal, run, clock, sys.stderr, live=common.progress, redact=redact)
            received = await following.until_it_ends()
            run = (await chosen_run(journal, run.run_id, state_dir))[1]
        return (await run_facts(journal, run, clock.now())).redacted(common.redactor.text), received


async def _freshness(state_dir: Path, key: str | None, max_age: float, clock: Clock) -> Freshness:
    async with Journal.open_existing(state_dir, clock) as journal:
        runs = await journal.runs(_MOST_RUNS, key) if journal is not None else []
        statuses = await journal.statuses([run.run_id for run in runs]) if journal is not None else {}
    past = [
        PastRun(run.run_id, run.config_path, run.status, run.started_at, run.finished_at, statuses[run.run_id])
        for run in runs
        if run.command != "restore"
    ]
    return freshness(past, clock.now(), max_age)


def _show_freshness(found: Freshness, common: Common) -> int:
    common.show(lambda _: f"{found.line}\n", lambda: freshness_document(found))
    return EXIT_SUCCESS if found.ok else EXIT_FAILURE
