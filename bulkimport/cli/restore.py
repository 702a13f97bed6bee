"""`bulkimport restore`: puts a dataset back to what it was before a run."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import click

from bulkimport.cli.completing import complete_selectors
from bulkimport.cli.execution import Execution
from bulkimport.cli.options import Common, DurationType, common_options
from bulkimport.cli.selectors import parse_allowances, parse_names
from bulkimport.cli.settings import load_config
from bulkimport.cli.undoing import imports_since, undo_of
from bulkimport.cli.work import Work
from bulkimport.clock import SystemClock
from bulkimport.errors import UsageError
from bulkimport.journal import Journal, RunRecord
from bulkimport.model import Changes, Config, Dataset
from bulkimport.plan import selection_of
from bulkimport.refresh.restoring import Restoring
from bulkimport.snapshot.restoration import Undo
from bulkimport.wording import Typed, counted


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.argument("name", shell_complete=complete_selectors)
@click.option(
    "--run",
    "run_id",
    metavar="RUN_ID",
    help="Back to before this run (or restore). Default: the last run that imported it, restores left out.",
)
@click.option("--yes", is_flag=True, help="Do not ask for approval on a terminal.")
@click.option("--allow-delete", multiple=True, metavar="NAME=COUNT", help="Let the restore delete up to COUNT items.")
@click.option(
    "--wait-lock", type=DurationType(), default=0.0, metavar="DURATION", help="Wait so long for another run's dataset."
)
@common_options
def restore(
    config: Path,
    name: str,
    run_id: str | None,
    yes: bool,
    allow_delete: tuple[str, ...],
    wait_lock: float,
    common: Common,
) -> int:
    """Puts the dataset NAME of CONFIG back to the items that it had before a run, by an import of its own.

    Everything that the run, and later ones, deleted or changed comes back as it was, and what they created goes. Made
    twice, it finds nothing left to change; a restore is undone by naming it with --run.
    Shows what that changes first; on a terminal it asks before it goes on.
    """
    loaded = load_config(config, common)
    dataset = _named(loaded, name)
    work = Work(selection_of([_as_restored(dataset)]), command="restore", wait_lock=wait_lock)
    work = replace(work, allowances=parse_allowances(loaded, allow_delete))
    ask = not yes and sys.stdin.isatty() and sys.stderr.isatty()
    if ask:
        common.progress = False  # live lines would write over the question
    return anyio.run(_restore, common.state_directory(loaded), loaded, dataset, run_id, work, ask, common)


async def _restore(
    state_dir: Path, config: Config, dataset: Dataset, run_id: str | None, work: Work, ask: bool, common: Common
) -> int:
    clock = SystemClock()
    async with Journal.open(state_dir, clock) as journal:
        imports = await imports_since(journal, config, dataset, run_id)
        await undo_of(imports, dataset, state_dir)  # what cannot be undone is better known before anything begins
        run = imports[-1].run

        async def find_undo() -> tuple[Undo, ...]:
            return await undo_of(await imports_since(journal, config, dataset, run.run_id), dataset, state_dir)

        async def approve(changes: Changes, held: int) -> bool:
            _show(dataset.name, run, changes, held)
            return await _is_confirmed() if ask else True

        typed = Typed.about(config)
        again = partial(typed.restore, dataset.name, run.run_id)
        work = replace(work, follows=run, steps=Restoring(find_undo, approve, again).steps)
        return await Execution(config, common, clock).carry_out(work, journal, state_dir)


def _named(config: Config, name: str) -> Dataset:
    for dataset in config.datasets:
        if dataset.name == name:
            return dataset
    parse_names(config, "restore", [name])
    raise UsageError("restore takes the name of one dataset.", hint="Restore several one after the other.")


def _as_restored(dataset: Dataset) -> Dataset:
    """A restore sends what is to change and nothing else, with dates and values as Orgvue gave them."""
    options = replace(
        dataset.import_options, implicit_delete=False, date_format="YYYY-MM-DD", noop_token=None, clear_token=None
    )
    poll = replace(dataset.poll, learns=False)  # from whole imports it would learn to wait too long
    return replace(dataset, payload="json", import_options=options, depends_on=(), poll=poll)


def _show(name: str, run: RunRecord, changes: Changes, held: int) -> None:
    click.echo(
        f"Restoring {name} to before run {run.run_id}: of {counted(held, 'item')} {changes.updated:,} change back, "
        f"{changes.deleted:,} are deleted and {changes.unchanged:,} stay as they are; {changes.created:,} come again.",
        err=True,
    )


async def _is_confirmed() -> bool:
    """The answer of a person at a terminal. Waits without a thread, so that Ctrl-C still ends the run."""
    click.echo("Go on? [y/N]: ", err=True, nl=False)
    await anyio.wait_readable(sys.stdin)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
