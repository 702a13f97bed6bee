"""Which imports a restore undoes, and where their backups are."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from bulkimport.errors import UsageError
from bulkimport.folders import RunFolders
from bulkimport.identity import tenant_key
from bulkimport.journal import DatasetRecord, Journal, RunRecord
from bulkimport.model import Config, Dataset, DatasetStatus
from bulkimport.refresh.events import (
    Event,
    ImportRequested,
    ImportRuledOut,
    ImportTurnedAway,
    LocationExpired,
    PayloadChecked,
    RefreshEnded,
)
from bulkimport.snapshot.restoration import Undo


@dataclass(frozen=True, slots=True)
class PastImport:
    """An import that may have been carried out, and what was compared before it. `dataset` is its record in `run`."""

    run: RunRecord
    dataset: DatasetRecord
    checked: PayloadChecked


async def imports_since(journal: Journal, config: Config, dataset: Dataset, run_id: str | None) -> list[PastImport]:
    """The dataset's imports, the newest first, back to that of the run `run_id`, or for None the last run's.

    A restore is only meant where it is named: else one that is repeated, after a kill for instance, would undo itself.
    Raises UsageError where no such import is on record.
    """
    found: list[PastImport] = []
    for run in await journal.runs():
        if run.tenant_key == tenant_key(config):
            found += await _imports_of(journal, run, dataset)
        if run.run_id == run_id or (found and _is_meant(found[-1].run, run_id)):
            break
    if not found or not _is_meant(found[-1].run, run_id):
        raise UsageError(
            f"No import of {dataset.name}{f' by run {run_id}' if run_id else ''} is on record.",
            hint="`bulkimport history` lists the runs of the state directory; --state-dir looks elsewhere.",
        )
    return found


def _is_meant(run: RunRecord, run_id: str | None) -> bool:
    return run.command != "restore" if run_id is None else run.run_id == run_id


async def undo_of(imports: Iterable[PastImport], dataset: Dataset, state_dir: Path) -> tuple[Undo, ...]:
    """Their backups, the oldest first. Raises UsageError where one cannot serve."""
    oldest_first = _deciding(list(imports)[::-1])
    newest = oldest_first[-1]
    return tuple(
        await anyio.to_thread.run_sync(
            lambda: [_undo(one, dataset, state_dir, is_newest=one is newest) for one in oldest_first]
        )
    )


def _deciding(oldest_first: list[PastImport]) -> list[PastImport]:
    """Without the restores to before one of these imports: all that such a restore touched, an import that it undid had
    touched before, and the first one decides. So they need not have kept their backups."""
    run_ids = {past.run.run_id for past in oldest_first}
    return [past for past in oldest_first if past.run.command != "restore" or past.run.parent_run_id not in run_ids]


async def _imports_of(journal: Journal, run: RunRecord, dataset: Dataset) -> list[PastImport]:
    found = []
    for record in await journal.datasets(run.run_id):
        if record.dataset_id == dataset.dataset_id:
            entries = await journal.entries(run.run_id, record.name)
            checked = checked_before_import(entry.event for entry in entries)
            found += [PastImport(run, record, checked)] if checked is not None else []
    return found


def checked_before_import(events: Iterable[Event]) -> PayloadChecked | None:
    """What a refresh had found when it submitted its import; None if nothing can have been imported."""
    checked: PayloadChecked | None = None
    imported: PayloadChecked | None = None
    previous: Event | None = None
    for event in events:
        match event:
            case PayloadChecked():
                checked = event
            case ImportRequested():
                imported = checked
            case LocationExpired() | ImportRuledOut() | ImportTurnedAway():
                imported = None
            case RefreshEnded(status=DatasetStatus.FAILED) if isinstance(previous, ImportRequested):
                imported = None  # the service said no to the request
        previous = event
    return imported


def _undo(past: PastImport, dataset: Dataset, state_dir: Path, *, is_newest: bool) -> Undo:
    """The files of a backup, which must all be there."""
    run_id, checked, changes = past.run.run_id, past.checked, past.checked.changes
    later = "Restore to before a later run, with --run."
    if is_newest:
        later = "There is no other way back here: correct the source and import that, or restore in Orgvue itself."
    if checked.baseline != "live" or changes is None:
        raise UsageError(
            f"Run {run_id} kept no backup of {dataset.name}: what Orgvue held was not read then.", hint=later
        )
    key = past.dataset.spec.get("key", list(dataset.key))
    if key != list(dataset.key):
        raise UsageError(
            f"Run {run_id} imported {dataset.name} by the key {' + '.join(key)}, which is now "
            f"{' + '.join(dataset.key)}: its backup cannot be matched.",
            hint=f"Restore with a config that has the key of then, or: {later}",
        )
    files = RunFolders(state_dir, run_id).named(past.dataset.name)
    wanted = ((files.backup, changes.deleted + changes.updated), (files.created, changes.created))
    backup, created = (str(path) if count and path is not None else None for path, count in wanted)
    missing = [path for path in (backup, created) if path is not None and not Path(path).is_file()]
    if missing:
        raise UsageError(
            f"The backup of run {run_id} is gone: {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} no longer there.",
            hint=later,
        )
    return Undo(backup, created)
