"""`bulkimport plan` and `bulkimport check`: what a run would do, and what stands in its way."""

import random
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import anyio.to_thread
import click

from bulkimport.alongside import alongside, cancel_at_signal
from bulkimport.cli.observer import RunObserver
from bulkimport.cli.options import EXIT_FAILURE, EXIT_SUCCESS, Common, common_options
from bulkimport.cli.plan_file import check_savable, save_plan
from bulkimport.cli.selectors import parse_allowances, selection_options
from bulkimport.cli.services import open_service
from bulkimport.cli.settings import config_key, load_config
from bulkimport.clock import SystemClock
from bulkimport.folders import Spool
from bulkimport.guards import Allowance
from bulkimport.identity import fingerprint, tenant_key
from bulkimport.journal import Journal
from bulkimport.log import configure
from bulkimport.model import Config
from bulkimport.plan import select
from bulkimport.planner import Depth, PlannedDataset, Planner
from bulkimport.preflight import Check, CheckStatus, Preflight
from bulkimport.progress import SilentProgress
from bulkimport.refresh.context import RunContext
from bulkimport.refresh.extracts import extracts_of
from bulkimport.refresh.stop import Stop
from bulkimport.report.planned import check_document, check_text, plan_document, plan_text
from bulkimport.signals import Stopped
from bulkimport.workers import Workers


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@selection_options
@click.option("--allow-delete", multiple=True, metavar="NAME=COUNT", help="Plan with this allowance for deletions.")
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the plan to FILE, for `run --plan FILE`.",
)
@common_options
def plan(
    config: Path,
    only: Sequence[str],
    exclude: Sequence[str],
    allow_delete: Sequence[str],
    save: Path | None,
    common: Common,
) -> int:
    """Shows what a run of CONFIG would create, update and delete, and which guard would refuse. Changes nothing.

    Ends 1 if any dataset would not be imported.
    """
    loaded = load_config(config, common)
    if save is not None:
        check_savable(save)
    allowances = parse_allowances(loaded, allow_delete)
    planned, _ = _plan(loaded, common, (only, exclude), Depth.ITEMS, allowances)
    sandbox = loaded.tenant.is_sandbox
    common.show(
        lambda layout: plan_text(loaded.path, planned, layout, sandbox=sandbox),
        lambda: plan_document(loaded.path, planned, sandbox=sandbox),
    )
    if save is not None:
        save_plan(save, loaded, config_key(config), planned, allowances, SystemClock())
    return _exit_code(planned)


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@selection_options
@click.option("--online", is_flag=True, help="Also ask Orgvue: token, tenant, datasets, clock, storage.")
@common_options
def check(config: Path, only: Sequence[str], exclude: Sequence[str], online: bool, common: Common) -> int:
    """Validates CONFIG and reads its sources; imports nothing.

    Also looks at the token's life, the day's quota and the disk; online at tenant, clock, storage and datasets. Ends 1
    if any source would fail or be refused or something else stands in the way of a run, 2 if the config is wrong.
    """
    loaded = load_config(config, common)
    depth = Depth.PROPERTIES if online else Depth.SOURCE
    is_idle = not (only or exclude or any(dataset.enabled for dataset in loaded.datasets))  # of which it warns
    planned, checks = ([], []) if is_idle else _plan(loaded, common, (only, exclude), depth, {})
    common.show(
        lambda layout: check_text(loaded.path, planned, loaded.warnings, layout, checks),
        lambda: check_document(loaded.path, planned, loaded.warnings, checks),
    )
    in_order = all(check.status is not CheckStatus.FAILED for check in checks)
    return _exit_code(planned) if in_order else EXIT_FAILURE


def _exit_code(planned: Sequence[PlannedDataset]) -> int:
    return EXIT_SUCCESS if all(one.status == "ready" for one in planned) else EXIT_FAILURE


def _plan(
    config: Config,
    common: Common,
    selectors: tuple[Sequence[str], Sequence[str]],
    depth: Depth,
    allowances: dict[str, Allowance],
) -> tuple[list[PlannedDataset], list[Check]]:
    """What would become of the datasets; and, unless all of it is a plan, what else stands in the way."""
    selection = select(config, *selectors)
    key = config_key(Path(config.path))
    state_dir = common.state_directory(config)

    async def planned() -> tuple[list[PlannedDataset], list[Check]]:
        clock, rng = SystemClock(), random.Random()
        spool = Spool(state_dir, f"plan-{secrets.token_hex(4)}")
        await anyio.to_thread.run_sync(spool.open)
        try:
            async with (
                Journal.open(state_dir, clock) as journal,
                open_service(
                    config,
                    selection.datasets,
                    journal,
                    state_dir,
                    clock,
                    rng,
                    common.redactor,
                    online=depth > Depth.SOURCE,
                ) as service,
            ):
                run = RunContext(
                    run_id=spool.folder.name,
                    config=config,
                    tenant_key=tenant_key(config),
                    client=service.client,
                    journal=journal,
                    workers=Workers(),
                    clock=clock,
                    rng=rng,
                    stop=Stop(),
                    observer=RunObserver(SilentProgress()),
                    uploads=anyio.CapacityLimiter(1),
                    config_key=key,
                    allowances=allowances,
                    accepted_changes=frozenset(selection.names),
                    redact=common.redactor.text,
                    extracts=extracts_of(config, selection.datasets),
                )
                preflight = Preflight(run, state_dir, selection.datasets)
                checks = await preflight.offline() if depth < Depth.ITEMS else []
                checks += await preflight.online() if depth is Depth.PROPERTIES else []
                found = await Planner(run, spool, selection, depth, preflight.metadata).plan_all()
                if depth is Depth.ITEMS:
                    await _accept_configs(journal, config, key, found)
                redact = common.redactor.text
                return [one.redacted(redact) for one in found], [one.redacted(redact) for one in checks]
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(spool.close)

    received: list[int] = []

    async def unless_stopped() -> tuple[list[PlannedDataset], list[Check]] | None:
        with anyio.CancelScope() as scope:
            async with alongside(cancel_at_signal, scope, received):
                return await planned()
        return None

    with configure(common.log_format, common.log_level, common.redactor, stream=sys.stderr):
        found = anyio.run(unless_stopped)
    if found is None:
        raise Stopped(received[0], "before the end; nothing was changed")
    return found


async def _accept_configs(journal: Journal, config: Config, key: str, planned: Sequence[PlannedDataset]) -> None:
    """Whoever has seen what a changed config would do has accepted it."""
    ready = {one.name for one in planned if one.status == "ready"}
    for dataset in config.datasets:
        if dataset.name in ready and await journal.accepted_fingerprint(key, dataset.name) is not None:
            await journal.accept_fingerprint(key, dataset.name, fingerprint(config, dataset))
