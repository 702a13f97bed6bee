"""What a former run left to do: for `--failed` and `--resume`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from bulkimport.cli.work import Work
from bulkimport.errors import StateError, UsageError
from bulkimport.identity import differences, fingerprint
from bulkimport.importer import to_take_up
from bulkimport.journal import DatasetRecord, Journal, RunCommand, RunRecord
from bulkimport.model import Config, DatasetStatus, RunStatus
from bulkimport.plan import Selection, selection_of
from bulkimport.refresh.events import Event
from bulkimport.refresh.machine import IllegalEventError, Refresh, replay
from bulkimport.wording import Typed, listed

LAST = "last"
"""Stands for "the last run" where an option may name one."""

_LOOKED_AT = 100
"""Runs among which an interrupted one is looked for."""

_FROM_SOURCES: tuple[RunCommand, ...] = ("run", "resume", "failed")

_Recent = list[tuple[RunRecord, Mapping[str, DatasetStatus | None]]]
"""The runs of a config, the last first, each with how its datasets ended."""


class NothingToDoError(Exception):
    """The former run left nothing to do; `reason` says why, `run` is the one that was looked at."""

    def __init__(self, run: RunRecord, reason: str) -> None:
        super().__init__(reason)
        self.run = run
        self.reason = reason


async def to_resume(journal: Journal, config: Config, key: str, wanted: str) -> Work:
    """A run's continuation. One that was interrupted goes on everywhere; of a finished one only what ended `unknown` is
    looked at again, and what that blocked is then begun if it may.

    Raises UsageError where there is no such run or no longer such a config, NothingToDoError where nothing is left.
    """
    recent = await _recent(journal, key) if wanted == LAST else []
    # Rather one that was interrupted and is still to be continued than the last one.
    run = await _find(journal, config, key, wanted, "--resume", rather=_left_open(config, recent))
    since = _since(run, recent)
    records = {record.name: record for record in await journal.datasets(run.run_id)}
    refreshes = await _refreshes(journal, run, records)
    open_names = to_take_up(config.datasets, refreshes)
    if not open_names and run.status is not RunStatus.INTERRUPTED:  # else its own end is still to be written down
        raise NothingToDoError(run, f"run {run.run_id} ended, and nothing of it is unknown.")
    by_name = {dataset.name: dataset for dataset in config.datasets}
    changed = [
        name
        for name in sorted(open_names)
        if name not in by_name or differences(records[name].fingerprint, fingerprint(config, by_name[name]))
    ]
    if changed:
        raise UsageError(
            f"Run {run.run_id} cannot be resumed: the config of {', '.join(changed)} has changed since, or is gone.",
            hint="Restore the config and resume, or start a new run.",
        )
    chosen = [dataset for dataset in config.datasets if dataset.name in refreshes]
    return Work(
        selection_of(chosen),
        command="resume",
        resumes=run,
        refreshes={name: refreshes[name] for name in refreshes if name in by_name},
        warnings=_of_later_runs(run, since, open_names),
    ).as_permitted(run)


async def to_make_up_for(journal: Journal, config: Config, key: str, wanted: str, selection: Selection) -> Work:
    """What did not succeed in a run, as far as it is selected, under what that run was permitted.

    Raises UsageError where there is no such run, NothingToDoError where everything succeeded.
    """
    run = await _find(journal, config, key, wanted, "--failed")
    records = {record.name: record for record in await journal.datasets(run.run_id)}
    refreshes = await _refreshes(journal, run, records)
    names = {name for name, refresh in refreshes.items() if refresh.status is None or not refresh.status.is_success}
    chosen = [dataset for dataset in selection.datasets if dataset.name in names]
    gone = sorted(names - {dataset.name for dataset in config.datasets})
    if gone and not chosen:
        raise UsageError(
            f"What did not succeed in run {run.run_id} is no longer in the config: {', '.join(gone)}.",
            hint="Nothing was sent. Run what is there instead.",
        )
    if not chosen and names:
        left = ", ".join(sorted(names))
        raise NothingToDoError(run, f"what did not succeed in run {run.run_id} is not selected, or disabled: {left}.")
    if not chosen:
        reason = f"every dataset of run {run.run_id} succeeded."
        before = _left_open(config, await _recent(journal, key)) if wanted == LAST else None
        if before is not None:
            again = _typed(config).command("run", "--resume", before.run_id)
            reason += f" But run {before.run_id} was interrupted before; to continue it: {again}"
        raise NothingToDoError(run, reason)
    disabled = sorted(dataset.name for dataset in config.datasets if not dataset.enabled and dataset.name in names)
    warnings = (*_passed_over(run, gone, "no longer in the config"), *_passed_over(run, disabled, "disabled by now"))
    work = Work(selection_of(chosen), command="failed", follows=run, warnings=warnings).as_permitted(run)
    unused = {
        name: one for name, one in work.allowances.items() if name in refreshes and _sent_nothing(refreshes[name])
    }
    return replace(work, allowances=unused)


def _passed_over(run: RunRecord, names: Sequence[str], why: str) -> tuple[str, ...]:
    """What did not succeed in the run and cannot be made up for, so that the end of this one does not hide it."""
    if not names:
        return ()
    verb = "is" if len(names) == 1 else "are"
    return (f"{listed(names)} did not succeed in run {run.run_id} and {verb} {why}; nothing is done about that here.",)


def _sent_nothing(refresh: Refresh) -> bool:
    """Whether no deletion can have come of the refresh, so that what it was allowed is still unused."""
    applied = (DatasetStatus.PARTIAL, DatasetStatus.UNKNOWN, DatasetStatus.SUCCEEDED)
    return refresh.status not in applied and not refresh.state.may_have_imported


async def _find(
    journal: Journal, config: Config, key: str, wanted: str, option: str, *, rather: RunRecord | None = None
) -> RunRecord:
    """The run that is `wanted`; for the last one `rather` comes before the last from sources. Raises UsageError."""
    if wanted == LAST:
        run = rather or await journal.latest_run(key, commands=_FROM_SOURCES)
    else:
        run = await journal.run(wanted)
    if run is None:
        what = "of this config" if wanted == LAST else wanted
        raise UsageError(
            f"{option}: there is no run {what} in this state directory.",
            hint="`bulkimport history` lists the runs; --state-dir looks elsewhere.",
        )
    if run.config_key != key:
        raise UsageError(
            f"{option}: run {run.run_id} belongs to another config ({run.config_path}).",
            hint="Name the config of that run.",
        )
    if run.command == "restore":
        (name,) = [record.name for record in await journal.datasets(run.run_id)]
        raise UsageError(
            f"{option}: run {run.run_id} was a restore, which is neither resumed nor made up for.",
            hint=f"Restore again: {_typed(config).restore(name, run.parent_run_id)}",
        )
    if run.status is RunStatus.RUNNING:
        raise UsageError(
            f"{option}: run {run.run_id} is still running (process {run.pid} on {run.host}).",
            hint=f"Wait for its end: `{_typed(config).status(run.run_id)}` shows it live.",
        )
    return run


def _typed(config: Config) -> Typed:
    return Typed.about(config)


async def _recent(journal: Journal, key: str) -> _Recent:
    runs = await journal.runs(_LOOKED_AT, key)
    statuses = await journal.statuses([run.run_id for run in runs])
    return [(run, statuses[run.run_id]) for run in runs]


def _left_open(config: Config, recent: _Recent) -> RunRecord | None:
    """The last run that was interrupted, unless later ones have refreshed everything that it left open.

    A restore that has ended does not count; whoever resumes right after one that was interrupted means that one. None
    while a later run goes on: what that leaves open cannot be told yet.
    """
    present = {dataset.name for dataset in config.datasets}
    refreshed: set[str] = set()
    for run, statuses in recent:
        left = {name for name, status in statuses.items() if status in (None, DatasetStatus.UNKNOWN)}
        is_meant = run.command in _FROM_SOURCES or not refreshed
        if run.status is RunStatus.INTERRUPTED and is_meant and left & present - refreshed:
            return run
        if run.command in _FROM_SOURCES:
            if run.status is RunStatus.RUNNING:
                return None
            refreshed |= _successes(statuses)
    return None


def _since(run: RunRecord, recent: _Recent) -> tuple[tuple[str, set[str]], ...]:
    """The later runs of the same config from sources, the last first, each with what it has refreshed."""
    later = takewhile(lambda one: one[0].run_id != run.run_id, recent)
    return tuple((one.run_id, _successes(statuses)) for one, statuses in later if one.command in _FROM_SOURCES)


def _of_later_runs(run: RunRecord, since: Sequence[tuple[str, set[str]]], open_names: set[str]) -> tuple[str, ...]:
    """Which run is continued, where it is not the last one."""
    if not since:
        return ()
    again = sorted(open_names & {name for _, names in since for name in names})
    text = f"Run {run.run_id} is continued, which was interrupted; run {since[0][0]} came after it."
    if again:
        text += f" {listed(again)} succeeded since; what had not been submitted is read from its source again."
    return (text,)


def _successes(statuses: Mapping[str, DatasetStatus | None]) -> set[str]:
    return {name for name, status in statuses.items() if status is not None and status.is_success}


async def _refreshes(journal: Journal, run: RunRecord, records: Mapping[str, DatasetRecord]) -> dict[str, Refresh]:
    """What became of each dataset of the run. Raises StateError where the journal does not make sense."""
    events: dict[str, list[Event]] = {name: [] for name in records}
    for entry in await journal.entries(run.run_id):
        events[entry.dataset].append(entry.event)
    try:
        return {name: replay(happened) for name, happened in events.items()}
    except IllegalEventError as error:
        raise StateError(
            f"The journal's events of run {run.run_id} make no sense: {error}.",
            hint="The journal is damaged, or was written by another version of bulkimport. Nothing was sent.",
        ) from error
