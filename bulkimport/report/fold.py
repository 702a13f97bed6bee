"""From the journal's entries to facts: the summary, `status` and `history` all come from here."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import anyio.to_thread

from bulkimport.errors import StateError
from bulkimport.journal import DatasetRecord, Entry, Journal, RunRecord, StatusCount
from bulkimport.model import DatasetStatus, ErrorReport, RunStatus, Stage
from bulkimport.refresh.events import RefreshResumed
from bulkimport.refresh.machine import IllegalEventError, Refresh, State, replay
from bulkimport.report.facts import RUNNING, DatasetFacts, HistoryEntry, RunFacts
from bulkimport.wording import Typed, restore_again


async def run_facts(journal: Journal, run: RunRecord, now: datetime, warnings: Sequence[str] = ()) -> RunFacts:
    """Everything about one run as it stands at `now`, its own warnings after `warnings`.

    Raises StateError if its events make no sense.
    """
    entries = await journal.entries(run.run_id)
    records = await journal.datasets(run.run_id)
    # Of hundreds of datasets this takes long enough to hold up a loop.
    return await anyio.to_thread.run_sync(fold_run, run, entries, records, now, warnings)


def fold_run(
    run: RunRecord,
    entries: Iterable[Entry],
    records: Iterable[DatasetRecord],
    now: datetime,
    warnings: Sequence[str] = (),
) -> RunFacts:
    """Like `run_facts`, from what was read already."""
    of: dict[str, list[Entry]] = {}
    for entry in entries:
        of.setdefault(entry.dataset, []).append(entry)
    alive = run.status is RunStatus.RUNNING

    def dataset(record: DatasetRecord) -> DatasetFacts:
        again = typed.restore(record.name, run.parent_run_id) if run.command == "restore" else None
        return dataset_facts(record, of.get(record.name, []), alive=alive, now=now, again=again)

    typed = Typed(run.options.get("typed") or run.config_path, run.options.get("state_dir"))
    return RunFacts(
        run_id=run.run_id,
        config=run.config_path,
        status=run.status,
        sandbox=run.sandbox,
        started_at=run.started_at,
        finished_at=run.finished_at,
        datasets=tuple(map(dataset, records)),
        requests=run.requests,
        throttled=run.throttled,
        version=run.version,
        command=run.command,
        follows=run.parent_run_id,
        warnings=(*warnings, *run.options.get("warnings", ())),
        as_typed=typed,
    )


def dataset_facts(
    record: DatasetRecord, entries: Sequence[Entry], *, alive: bool, now: datetime, again: str | None = None
) -> DatasetFacts:
    """One dataset; where its run is no longer alive, what it was doing decides how it counts. `again` is the command
    to type then, if the run is not one that can be resumed."""
    try:
        refresh = replay(entry.event for entry in entries)
    except IllegalEventError as error:
        raise StateError(
            f"The journal's events of dataset {record.name} make no sense: {error}.",
            hint="The journal is damaged, or was written by another version of bulkimport.",
        ) from error
    if refresh.status is None and not alive:
        refresh = _left_behind(refresh, again)
    payload = refresh.payload
    return DatasetFacts(
        name=record.name,
        dataset_id=record.dataset_id,
        status=refresh.status,
        state=refresh.state.value,
        rows=payload.rows if payload else None,
        bytes=payload.bytes if payload else None,
        sha256=payload.sha256 if payload else None,
        items=refresh.items,
        attempts=refresh.attempts,
        duration_s=_seconds_at_work(entries, now if alive and refresh.status is None else None),
        trace_ids=refresh.trace_ids,
        error=refresh.error,
        baseline=refresh.baseline,
        changes=refresh.changes,
        warnings=refresh.warnings,
    )


def overall(datasets: Iterable[DatasetFacts], *, interrupted: bool) -> RunStatus:
    """How a run ended."""
    if interrupted:
        return RunStatus.INTERRUPTED
    good = all(dataset.status is not None and dataset.status.is_success for dataset in datasets)
    return RunStatus.SUCCEEDED if good else RunStatus.FAILED


async def history(
    journal: Journal, now: datetime, limit: int | None = None, dataset: str | None = None
) -> list[HistoryEntry]:
    """The runs (of those with `dataset`, if one is named), the last first. Only of runs that died the events are read:
    they tell what was left behind."""
    runs = await journal.runs(limit, dataset=dataset)
    counts = await journal.status_counts([run.run_id for run in runs])
    return [
        history_entry(run, counts[run.run_id])
        if run.status is RunStatus.RUNNING or all(count.status is not None for count in counts[run.run_id])
        else (await run_facts(journal, run, now)).as_history()
        for run in runs
    ]


def history_entry(run: RunRecord, counts: Iterable[StatusCount]) -> HistoryEntry:
    """One line of the history; what has not ended is running."""
    datasets = {count.status.value if count.status else RUNNING: count.count for count in counts}
    return HistoryEntry(
        run.run_id,
        run.config_path,
        run.status,
        run.started_at,
        run.finished_at,
        datasets,
        run.command,
        run.sandbox,
        run.parent_run_id,
    )


_REPLY_UNSEEN = (
    Stage.IMPORT,
    "The run was stopped before the answer to its import request was seen, so whether the import was taken up is not "
    "known.",
    "Resume the run: the import is looked for, and submitted again only once it is certain that none can be running.",
)
_END_UNSEEN = "The run was stopped after its import was submitted, so its end was not seen."
_JOB_LOOKED_AT = "Resume the run: the job is looked at again, not submitted again."
_UNSEEN: dict[State, tuple[Stage, str, str]] = {
    State.AWAITING: _REPLY_UNSEEN,
    State.SEARCHING: _REPLY_UNSEEN,
    State.POLLING: (Stage.POLL, _END_UNSEEN, _JOB_LOOKED_AT),
    State.COLLECTING: (Stage.RESULT, _END_UNSEEN, _JOB_LOOKED_AT),
}
"""What a stopped run has not seen: stage, message and hint."""


def _left_behind(refresh: Refresh, again: str | None) -> Refresh:
    if refresh.state.may_have_imported:
        stage, message, hint = _UNSEEN[refresh.state]
        error = ErrorReport(
            stage=stage,
            message=message,
            hint=hint if again is None else restore_again(again),
            trace_id=refresh.trace_ids[-1] if refresh.trace_ids else None,
            retryable=True,
        )
        return replace(refresh, status=DatasetStatus.UNKNOWN, error=error)
    doing = "waiting for its turn" if refresh.state is State.PENDING else str(refresh.state)
    error = ErrorReport(
        stage=None,
        message=f"The run was stopped while it was {doing}; no import was submitted.",
        hint="Resume the run, or run this dataset again." if again is None else f"Restore again: {again}",
        retryable=True,
    )
    return replace(refresh, status=DatasetStatus.CANCELLED, error=error)


def _seconds_at_work(entries: Sequence[Entry], until: datetime | None) -> float:
    """From its first event to its last, the time between two processes left out."""
    total = 0.0
    for before, after in pairwise(entries):
        if not isinstance(after.event, RefreshResumed):
            total += (after.at - before.at).total_seconds()
    if until is not None and entries:
        total += (until - entries[-1].at).total_seconds()
    return max(0.0, total)
