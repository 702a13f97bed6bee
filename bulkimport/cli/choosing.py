"""Which run a command that only looks is about, and where it is."""

from pathlib import Path

import click

from bulkimport.cli.options import Common
from bulkimport.cli.settings import load_config
from bulkimport.errors import UsageError
from bulkimport.journal import Journal, RunRecord

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="CONFIG",
    help="Look in this config's run.state_dir.",
)


def state_directory(config_path: Path | None, common: Common) -> Path:
    """Where the state is, by the config if one is named."""
    return common.state_directory(load_config(config_path, common) if config_path is not None else None)


async def chosen_run(journal: Journal | None, run_id: str | None, state_dir: Path) -> tuple[Journal, RunRecord]:
    """The run of that id, or the last one, with the journal that has it. Raises UsageError where there is none."""
    run = None
    if journal is not None:
        run = await (journal.run(run_id) if run_id else journal.latest_run())
    if journal is None or run is None:
        config = f"To look where a config says: --config {run_id}. " if run_id and Path(run_id).suffix else ""
        raise UsageError(
            f"There is no run {run_id or 'yet'} in {state_dir}.",
            hint=f"{config}`bulkimport history` lists the runs; --state-dir and --config look elsewhere.",
        )
    return journal, run
