"""`bulkimport run`: refreshes datasets."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import click

from bulkimport.cli.earlier import LAST
from bulkimport.cli.execution import Execution, RunRequest
from bulkimport.cli.options import Common, DurationType, common_options
from bulkimport.cli.selectors import parse_allowances, selection_options
from bulkimport.cli.settings import load_config
from bulkimport.errors import UsageError


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@selection_options
@click.option(
    "--failed",
    is_flag=False,
    flag_value=LAST,
    metavar="[RUN_ID]",
    help="Only what did not succeed in the last run (or RUN_ID).",
)
@click.option("--resume", is_flag=False, flag_value=LAST, metavar="[RUN_ID]", help="Continue an interrupted run.")
@click.option(
    "--allow-delete", multiple=True, metavar="NAME=COUNT", help="Let a dataset delete up to COUNT items this once."
)
@click.option(
    "--wait-lock",
    type=DurationType(),
    default=0.0,
    metavar="DURATION",
    help="Wait so long for another run's dataset. Default 0.",
)
@common_options
def run(
    config: Path,
    only: Sequence[str],
    exclude: Sequence[str],
    failed: str | None,
    resume: str | None,
    allow_delete: Sequence[str],
    wait_lock: float,
    common: Common,
) -> int:
    """Refreshes every enabled dataset of CONFIG, in parallel, dependencies first.

    Ends 0 if every selected dataset succeeded, 1 if one did not, 2 if the command line or the config is wrong, 130 or
    143 if it was stopped by a signal.
    """
    if failed and resume:
        raise UsageError("--failed and --resume exclude one another.", hint="Choose one.")
    if resume and (only or exclude):
        raise UsageError(
            "--resume continues the whole run; --only and --exclude do not go with it.", hint="Leave them out."
        )
    loaded = load_config(config, common)
    request = RunRequest(
        config=loaded,
        only=tuple(only),
        exclude=tuple(exclude),
        failed_of=failed,
        resume_of=resume,
        allowances=parse_allowances(loaded, allow_delete),
        wait_lock=wait_lock,
    )
    return anyio.run(Execution(request, common).execute)
