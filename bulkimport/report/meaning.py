"""What an ending means: for the data in Orgvue, for the caller, and which command comes next. Sentences, pure."""

from collections.abc import Sequence
from typing import assert_never

from bulkimport.model import Changes, DatasetStatus, ErrorReport, RunStatus, Stage
from bulkimport.report.facts import DatasetFacts, RunFacts
from bulkimport.saved_plan import wants_new_plan
from bulkimport.wording import counted, listed

UNTOUCHED = "Nothing was imported: Orgvue holds what it held before."
SANDBOX_NOTICE = "SANDBOX: this ran against the embedded sandbox; no Orgvue tenant was touched."


def for_the_data(dataset: DatasetFacts) -> str:
    """What the dataset in Orgvue holds after it ended so. Says no more than is known."""
    match dataset.status:
        case None:
            return "It has not ended."
        case DatasetStatus.SUCCEEDED | DatasetStatus.UNCHANGED:
            return "Orgvue holds what the source holds."
        case DatasetStatus.PARTIAL:
            rejected = counted(dataset.items.failed, "item")
            return f"The import was carried out, but Orgvue rejected {rejected}; those were not brought up to date."
        case DatasetStatus.FAILED if dataset.error is not None and dataset.error.stage in (Stage.POLL, Stage.RESULT):
            return (
                "Orgvue took up the import and ended it as failed; whether some items were changed it does not say."
                + _expected(dataset.changes)
            )
        case DatasetStatus.FAILED | DatasetStatus.REFUSED | DatasetStatus.BLOCKED | DatasetStatus.CANCELLED:
            return UNTOUCHED
        case DatasetStatus.UNKNOWN:
            return "The import was submitted and may have been carried out, deletions included." + _expected(
                dataset.changes
            )
        case _:
            assert_never(dataset.status)


def of_the_exit(run: RunFacts) -> str:
    """The exit code in words."""
    match run.status:
        case RunStatus.RUNNING:
            return "The run has not ended."
        case RunStatus.SUCCEEDED if run.command == "restore":
            return "Exit code 0: the dataset is as it was before."
        case RunStatus.SUCCEEDED:
            return "Exit code 0: every selected dataset is as its source."
        case RunStatus.FAILED:
            bad = sum(dataset.is_problem for dataset in run.datasets)
            return f"Exit code 1: {counted(bad, 'dataset')} did not succeed."
        case RunStatus.INTERRUPTED:
            return (
                "The run was stopped before its end (exit code 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP)."
            )
        case _:
            assert_never(run.status)


def next_commands(run: RunFacts) -> list[tuple[str, str]]:
    """What to type next as pairs of purpose and command; empty where nothing is left to do."""
    statuses = {dataset.status for dataset in run.datasets}
    commands: list[tuple[str, str]] = []
    if run.command == "restore":
        problem = any(dataset.is_problem for dataset in run.datasets)
        return [("Restore again", command_to_go_on(run))] if problem else []
    if run.status is RunStatus.INTERRUPTED:
        commands.append(("Continue it", command_to_go_on(run)))
    elif DatasetStatus.UNKNOWN in statuses:
        commands.append(("Look again at what is unknown", command_to_go_on(run)))
    if any(map(_is_correctable, run.datasets)) and run.status is RunStatus.FAILED:
        commands.append(
            ("Once corrected, only what did not succeed", run.typed.command("run", "--failed", run.run_id)),
        )
    return commands


def _is_correctable(dataset: DatasetFacts) -> bool:
    """Whether running it once more can do anything, without another plan."""
    status, error = dataset.status, dataset.error
    if status is None or status.is_success or status is DatasetStatus.UNKNOWN:
        return False
    return error is None or not wants_new_plan(error.hint)


def to_type(run: RunFacts, names: Sequence[str], status: DatasetStatus, error: ErrorReport) -> tuple[str, str]:
    """For datasets that ended so: what to do first, and the command to type then.

    A hint that ends in a command is both. With a blocked dataset goes what it depends on, as far as that failed too.
    """
    advice, colon, command = error.hint.rpartition(": bulkimport ")
    if colon and ": bulkimport " not in advice:
        return f"{advice}:", f"bulkimport {command}"
    if run.command == "restore" or run.status is RunStatus.INTERRUPTED or status is DatasetStatus.UNKNOWN:
        return error.hint, command_to_go_on(run)
    with_others = "+" if status is DatasetStatus.BLOCKED else ""
    every = set(names) >= {dataset.name for dataset in run.datasets if dataset.is_problem}
    only = () if every else ("--only", ",".join(f"{with_others}{name}" for name in names))
    return error.hint, run.typed.command("run", "--failed", run.run_id, *only)


def command_to_go_on(run: RunFacts) -> str:
    """What takes up a run that was stopped or whose end was not seen. A restore is made again, which finds what is left
    to do."""
    if run.command == "restore":
        return run.typed.restore(run.datasets[0].name, run.follows)
    return run.typed.command("run", "--resume", run.run_id)


def _expected(changes: Changes | None) -> str:
    if changes is None:
        return ""
    parts = [f"{changes.created:,} created", f"{changes.updated:,} updated", f"{changes.deleted:,} deleted"]
    return f" Expected were {listed(parts)}."
