"""`bulkimport restore`: puts a dataset back to what it was before a run."""

import sys
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread
import click

from bulkimport.cli.execution import Execution
from bulkimport.cli.options import Common, DurationType, common_options
from bulkimport.cli.selectors import parse_allowances, parse_names
from bulkimport.cli.settings import load_config
from bulkimport.cli.work import Work
from bulkimport.clock import SystemClock
from bulkimport.errors import UsageError
from bulkimport.folders import DatasetFiles, RunFolders
from bulkimport.identity import tenant_key
from bulkimport.journal import Journal, RunRecord
from bulkimport.model import Changes, Config, Dataset
from bulkimport.plan import selection_of
from bulkimport.refresh.events import ImportRequested, PayloadChecked
from bulkimport.refresh.restoring import Restoring
from bulkimport.snapshot.restoration import Undo


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.argument("name")
@click.option(
    "--run", "run_id", metavar="RUN_ID", help="Back to before this run. Default: the last one that imported it."
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

    Everything that the run, and later ones, deleted or changed comes back as it was, and what they created goes.
    Shows what that changes first; on a terminal it asks before it goes on.
    """
    loaded = load_config(config, common)
    parse_names(loaded, "restore", [name])
    dataset = next(dataset for dataset in loaded.datasets if dataset.name == name)
    work = Work(selection_of([_as_restored(dataset)]), command="restore", wait_lock=wait_lock)
    work = replace(work, allowances=parse_allowances(loaded, allow_delete))
    ask = not yes and sys.stdin.isatty() and sys.stderr.isatty()
    return anyio.run(_restore, loaded, dataset, run_id, work, ask, common)


async def _restore(config: Config, dataset: Dataset, run_id: str | None, work: Work, ask: bool, common: Common) -> int:
    state_dir, clock = common.state_directory(config), SystemClock()
    async with Journal.open(state_dir, clock) as journal:
        imports = await _imports_to_undo(journal, config, dataset, run_id)
        undo = tuple(_undo(RunFolders(state_dir, run.run_id).named(name), run) for run, name in reversed(imports))

        async def approve(changes: Changes, held: int) -> bool:
            return await anyio.to_thread.run_sync(_show_and_ask, dataset.name, imports[-1][0], changes, held, ask)

        work = replace(work, follows=imports[-1][0], steps=Restoring(undo, approve).steps)
        return await Execution(config, common, clock).carry_out(work, journal, state_dir)


def _as_restored(dataset: Dataset) -> Dataset:
    """A restore sends what is to change and nothing else, with dates and values as Orgvue gave them."""
    options = replace(
        dataset.import_options, implicit_delete=False, date_format="YYYY-MM-DD", noop_token=None, clear_token=None
    )
    return replace(dataset, payload="json", import_options=options, depends_on=())


async def _imports_to_undo(
    journal: Journal, config: Config, dataset: Dataset, run_id: str | None
) -> list[tuple[RunRecord, str]]:
    """The runs that imported the dataset and its name in each, the newest first, back to the one that was named."""
    found: list[tuple[RunRecord, str]] = []
    for run in await journal.runs():
        if run.tenant_key == tenant_key(config):
            found += [(run, name) for name in await _imported_as(journal, run, dataset)]
        if run.run_id == run_id or (run_id is None and found):
            break
    if not found or (run_id is not None and found[-1][0].run_id != run_id):
        raise UsageError(
            f"No import of {dataset.name} by run {run_id} is on record."
            if run_id
            else f"No import of {dataset.name} is on record.",
            hint="`bulkimport history` lists the runs of the state directory.",
        )
    return found


async def _imported_as(journal: Journal, run: RunRecord, dataset: Dataset) -> list[str]:
    names = []
    for record in await journal.datasets(run.run_id):
        if record.dataset_id.upper() != dataset.dataset_id.upper():
            continue
        events = [entry.event for entry in await journal.entries(run.run_id, record.name)]
        if not any(isinstance(event, ImportRequested) for event in events):
            continue
        if not any(isinstance(event, PayloadChecked) and event.baseline == "live" for event in events):
            raise UsageError(
                f"Run {run.run_id} kept no backup of {dataset.name}: what Orgvue held could not be read then.",
                hint="Restore to before a later run, with --run.",
            )
        names.append(record.name)
    return names


def _undo(files: DatasetFiles, run: RunRecord) -> Undo:
    backup, created = files.backup, files.created
    if backup is None or created is None or not backup.parent.is_dir():
        raise UsageError(
            f"The folder of run {run.run_id} is gone, and its backup with it.", hint="Restore to before a later run."
        )
    return Undo(str(backup) if backup.exists() else None, str(created) if created.exists() else None)


def _show_and_ask(name: str, run: RunRecord, changes: Changes, held: int, ask: bool) -> bool:
    click.echo(
        f"Restoring {name} to before run {run.run_id}: of {held:,} items {changes.updated:,} change back, "
        f"{changes.deleted:,} are deleted and {changes.unchanged:,} stay as they are; {changes.created:,} come again.",
        err=True,
    )
    return click.confirm("Go on?", err=True) if ask else True
