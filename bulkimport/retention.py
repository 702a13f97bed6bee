"""Which runs' folders may go: results and backups are needed for a while, and hold personal data."""

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

import anyio.to_thread

from bulkimport.journal import Journal, RunRecord
from bulkimport.model import RunStatus


def to_retire(runs: Sequence[RunRecord], keep: int, protected: Collection[str]) -> list[str]:
    """The runs whose folders may go: all but the newest `keep`, none that is alive, interrupted or protected.

    `runs` is newest first; `protected` are runs that something still leans on, such as the last success of a dataset.
    """
    settled = (RunStatus.SUCCEEDED, RunStatus.FAILED)
    return [run.run_id for run in runs[keep:] if run.status in settled and run.run_id not in protected]


async def retire_runs(journal: Journal, state_dir: Path, config_key: str, keep: int) -> list[str]:
    """Removes the folders of a config's runs beyond the newest `keep`; returns their ids. The journal keeps its events.

    The last success of a dataset stays, since a restore may need its backup, and so does what may still be running.
    """
    runs = await journal.runs(config_key=config_key)
    with_folders = await anyio.to_thread.run_sync(_with_folders, state_dir, [run.run_id for run in runs[keep:]])
    datasets = {
        (run.tenant_key, dataset.dataset_id)
        for run in runs[keep:]
        if run.run_id in with_folders
        for dataset in await journal.datasets(run.run_id)
    }
    protected = set()
    for tenant_key, dataset_id in datasets:
        last = await journal.last_success(tenant_key, dataset_id)
        unsettled = await journal.unsettled_imports(tenant_key, dataset_id)
        protected |= {last.run_id} if last else set()
        protected |= {one.run_id for one in unsettled}
    retired = [run_id for run_id in to_retire(runs, keep, protected) if run_id in with_folders]
    await anyio.to_thread.run_sync(_remove_folders, state_dir, retired)
    return retired


def _with_folders(state_dir: Path, run_ids: Collection[str]) -> set[str]:
    return {run_id for run_id in run_ids if (state_dir / "runs" / run_id).is_dir()}


def _remove_folders(state_dir: Path, run_ids: Collection[str]) -> None:
    """What cannot be removed stays."""
    for run_id in run_ids:
        shutil.rmtree(state_dir / "runs" / run_id, ignore_errors=True)
