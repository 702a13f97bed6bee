"""Saved plans: which run may apply one, and that it is applied once."""

import os
from pathlib import Path

from bulkimport.clock import Clock, timestamp
from bulkimport.errors import StateError, UsageError
from bulkimport.guards import Allowance
from bulkimport.identity import differences, fingerprint, tenant_key
from bulkimport.journal import Journal
from bulkimport.model import Config
from bulkimport.planner import PlannedDataset
from bulkimport.report.document_file import write_document
from bulkimport.saved_plan import NEW_PLAN_HINT, Approval, SavedPlan, document_of, new_plan_id, read_plan


def check_savable(path: Path) -> None:
    """Raises UsageError where no file can be written, before the work of planning."""
    folder = path.parent
    problem = (
        "it is a folder"
        if path.is_dir()
        else f"there is no folder {folder}"
        if not folder.is_dir()
        else f"{folder} cannot be written"
        if not os.access(folder, os.W_OK | os.X_OK)
        else None
    )
    if problem is not None:
        raise UsageError(f"The plan cannot be saved as {path}: {problem}.", hint="Choose another --save file.")


def save_plan(
    path: Path,
    config: Config,
    config_key: str,
    planned: list[PlannedDataset],
    allowances: dict[str, Allowance],
    clock: Clock,
) -> None:
    """Writes the datasets that are ready to a plan file. Raises StateError where it cannot be written."""
    datasets = {dataset.name: dataset for dataset in config.datasets}
    approvals = {
        one.name: Approval(
            sha256=one.payload.sha256,
            deletions=one.changes.deleted if one.changes else None,
            baseline=one.baseline or "none",
            allow_delete=allowances[one.name].deletions if one.name in allowances else None,
            fingerprint=fingerprint(config, datasets[one.name]),
        )
        for one in planned
        if one.status == "ready" and one.payload is not None
    }
    left_out = {one.name: one.status for one in planned if one.status != "ready"}
    plan = SavedPlan(new_plan_id(), config_key, tenant_key(config), timestamp(clock.now()), approvals, left_out)
    try:
        write_document(path, document_of(plan))
    except OSError as error:
        raise StateError(
            f"The plan cannot be saved as {path}: {error.strerror or error}.", hint="Choose another --save file."
        ) from error


def load_plan(path: Path, config: Config, config_key: str) -> SavedPlan:
    """The plan in a file, if it is one of this config and tenant. Raises UsageError."""
    plan = read_plan(path)
    if plan.config_key != config_key or plan.tenant_key != tenant_key(config):
        raise UsageError(
            f"The plan {path} belongs to another config or tenant ({plan.config_key}).",
            hint="Name the config that it was made from, or make a new plan.",
        )
    for dataset in config.datasets:
        approval = plan.approvals.get(dataset.name)
        if approval is not None and approval.fingerprint:
            changed = differences(approval.fingerprint, fingerprint(config, dataset))
            if changed:
                raise UsageError(
                    f"The plan {path} was made for another config of {dataset.name}: {'; '.join(changed)}.",
                    hint=f"{NEW_PLAN_HINT} Nothing was sent.",
                )
    if not plan.approvals:
        raise UsageError(f"No dataset of the plan {path} was ready to be imported.", hint="Make a new plan.")
    return plan


async def use_once(journal: Journal, plan: SavedPlan, run_id: str) -> None:
    """Marks the plan as applied. Raises UsageError if it was before."""
    use = await journal.use_plan(plan.plan_id, run_id)
    if use is not None:
        raise UsageError(
            f"This plan was applied already, by run {use.run_id} at {timestamp(use.at)}.",
            hint="A plan is applied once: make a new one.",
        )
