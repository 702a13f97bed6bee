"""`bulkimport run`: refreshes datasets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import anyio.to_thread
import click

from bulkimport.cli.completing import complete_allowances, complete_selectors
from bulkimport.cli.earlier import LAST, NothingToDoError, to_make_up_for, to_resume
from bulkimport.cli.execution import Execution
from bulkimport.cli.options import EXIT_SUCCESS, Common, DurationType, common_options
from bulkimport.cli.plan_file import load_plan
from bulkimport.cli.selectors import parse_allowances, parse_names, selection_options
from bulkimport.cli.settings import config_key, load_config
from bulkimport.cli.work import Work
from bulkimport.clock import SystemClock
from bulkimport.errors import UsageError
from bulkimport.guards import Allowance
from bulkimport.journal import Journal
from bulkimport.model import Config
from bulkimport.plan import select, selection_of
from bulkimport.report.fold import run_facts
from bulkimport.report.summary import summary_document
from bulkimport.report.text import summary_text
from bulkimport.saved_plan import SavedPlan


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the command line asks for. `failed_of` and `resume_of` are run ids, `last`, or None."""

    config: Config
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    failed_of: str | None = None
    resume_of: str | None = None
    plan: Path | None = None
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    accepted_changes: frozenset[str] = frozenset()
    wait_lock: float = 0.0


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
    "--plan",
    "plan_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Apply exactly a plan that `plan --save` wrote, once.",
)
@click.option(
    "--allow-delete",
    multiple=True,
    metavar="NAME=COUNT",
    shell_complete=complete_allowances,
    help="Let a dataset delete up to COUNT items this once.",
)
@click.option(
    "--accept-config-change",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_selectors,
    help="Import a dataset although its id, key, tenant or import options changed since its last success.",
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
    plan_path: Path | None,
    allow_delete: Sequence[str],
    accept_config_change: Sequence[str],
    wait_lock: float,
    common: Common,
) -> int:
    """Refreshes every enabled dataset of CONFIG, in parallel, dependencies first.

    Ends 0 if every selected dataset succeeded, 1 if one did not, 2 if the command line or the config is wrong, 128
    and the number of the signal if one stopped it: 130, 143 or 129.
    """
    _check_combination(failed=failed, resume=resume, plan=plan_path, selectors=[*only, *exclude])
    loaded = load_config(config, common)
    return anyio.run(
        _run,
        common.state_directory(loaded),
        RunRequest(
            config=loaded,
            only=tuple(only),
            exclude=tuple(exclude),
            failed_of=failed,
            resume_of=resume,
            plan=plan_path,
            allowances=parse_allowances(loaded, allow_delete),
            accepted_changes=parse_names(loaded, "--accept-config-change", accept_config_change),
            wait_lock=wait_lock,
        ),
        common,
    )


def _check_combination(*, failed: str | None, resume: str | None, plan: Path | None, selectors: Sequence[str]) -> None:
    given = [name for name, value in (("--failed", failed), ("--resume", resume), ("--plan", plan)) if value]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude one another.", hint="Choose one.")
    if selectors and (resume or plan):
        raise UsageError(
            f"{given[0]} says itself which datasets are meant; --only and --exclude do not go with it.",
            hint="Leave them out.",
        )


async def _run(state_dir: Path, request: RunRequest, common: Common) -> int:
    clock = SystemClock()
    async with Journal.open(state_dir, clock) as journal:
        try:
            work = await _work(request, journal)
        except NothingToDoError as nothing:
            return await _show_nothing_to_do(journal, nothing, common, clock)
        return await Execution(request.config, common, clock).carry_out(work, journal, state_dir)


async def _work(request: RunRequest, journal: Journal) -> Work:
    config = request.config
    key = await anyio.to_thread.run_sync(config_key, Path(config.path))
    if request.resume_of is not None:
        work = await to_resume(journal, config, key, request.resume_of)
    elif request.plan is not None:
        work = _planned(await anyio.to_thread.run_sync(load_plan, request.plan, config, key), config)
    else:
        selection = select(config, request.only, request.exclude)
        work = Work(selection)
        if request.failed_of is not None:
            work = await to_make_up_for(journal, config, key, request.failed_of, selection)
    return replace(
        work,
        selectors={"only": list(request.only), "exclude": list(request.exclude)},
        allowances=dict(work.allowances) | dict(request.allowances),
        accepted_changes=work.accepted_changes | request.accepted_changes,
        wait_lock=request.wait_lock,
    )


def _planned(plan: SavedPlan, config: Config) -> Work:
    chosen = [dataset for dataset in config.datasets if dataset.enabled and dataset.name in plan.approvals]
    gone = sorted(plan.approvals.keys() - {dataset.name for dataset in chosen})
    if gone:
        raise UsageError(
            f"The plan names what is no longer in the config, or disabled there: {', '.join(gone)}.",
            hint="Make a new plan.",
        )
    allowances = {
        name: Allowance(approval.allow_delete)
        for name, approval in plan.approvals.items()
        if approval.allow_delete is not None
    }
    return Work(
        selection_of(chosen), plan=plan, approvals=plan.approvals, allowances=allowances, warnings=plan.warnings
    )


async def _show_nothing_to_do(journal: Journal, nothing: NothingToDoError, common: Common, clock: SystemClock) -> int:
    common.tell(f"Nothing to do: {nothing.reason}", "run.idle", reason=nothing.reason)
    facts = await run_facts(journal, nothing.run, clock.now())
    common.show(lambda layout: summary_text(facts, layout), lambda: summary_document(facts))
    return EXIT_SUCCESS
