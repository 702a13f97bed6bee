"""The text that people get: short, what needs attention and the next command. Pure.

Neither keys nor values nor anybody's own words are in it: no error messages, only statuses, stages and codes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bulkimport.channels import Tone
from bulkimport.errors import BulkimportError
from bulkimport.model import ErrorReport, NotifyEvent, RunStatus
from bulkimport.report.alike import attention
from bulkimport.report.facts import DatasetFacts, RunFacts
from bulkimport.report.meaning import SANDBOX_NOTICE, next_commands
from bulkimport.wording import Typed, counted, duration, printable

MOST_DATASETS = 10
_TONES: dict[NotifyEvent, Tone] = {
    "failure": "failure",
    "refusal": "warning",
    "recovery": "success",
    "success": "success",
}
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@dataclass(frozen=True, slots=True)
class Message:
    title: str
    body: str
    tone: Tone


def message_about(run: RunFacts, events: Sequence[NotifyEvent], host: str) -> Message:
    """What to say of a finished run that amounts to `events`, the gravest first."""
    problems = sorted((one for one in run.datasets if one.is_problem), key=attention)
    count = counted(len(run.datasets), "dataset")
    if run.status is RunStatus.INTERRUPTED:
        what = "the run was stopped"
    elif problems:
        what = f"{len(problems)} of {count} need{'s' if len(problems) == 1 else ''} attention"
    else:
        what = "all datasets are in order again" if events[0] == "recovery" else f"{count} refreshed"
    took = f" after {duration((run.finished_at - run.started_at).total_seconds())}" if run.finished_at else ""
    lines = [f"Run {run.run_id} of {printable(run.config)} on {host}: {run.status}{took}."]
    lines += [_line(dataset) for dataset in problems[:MOST_DATASETS]]
    if len(problems) > MOST_DATASETS:
        lines.append(f"… and {len(problems) - MOST_DATASETS} more")
    if run.status is not RunStatus.SUCCEEDED:
        commands = [("What happened and what to do", run.typed.status(run.run_id)), *next_commands(run)]
        lines += [f"{purpose}: {command}" for purpose, command in commands]
    return _message(run.config, what, lines, _TONES[events[0]], sandbox=run.sandbox)


def message_about_breakdown(run_id: str, typed: Typed, host: str, error: Exception, *, sandbox: bool) -> Message:
    """What to say where the program could not carry the run to its end."""
    config = typed.config
    known = isinstance(error, BulkimportError)
    why = error.message if isinstance(error, BulkimportError) else f"bulkimport itself failed ({type(error).__name__})"
    lines = [f"Run {run_id} of {printable(config)} on {host} broke down: {printable(why)}"]
    if known:
        lines.append("What it had submitted goes on in Orgvue.")
    lines += [f"How far it came: {typed.status(run_id)}"]
    lines += [f"Continue it: {typed.command('run', '--resume', run_id)}"]
    return _message(config, "the run broke down", lines, "failure", sandbox=sandbox)


def _message(config: str, what: str, lines: list[str], tone: Tone, *, sandbox: bool) -> Message:
    title = f"{'SANDBOX ' if sandbox else ''}bulkimport: {what} ({printable(config)})"
    return Message(title, "\n".join([SANDBOX_NOTICE, *lines] if sandbox else lines), tone)


def _line(dataset: DatasetFacts) -> str:
    details = ", ".join(_details(dataset.problem)) if dataset.problem else ""
    return f"- {printable(dataset.name)}: {dataset.status}{f' ({details})' if details else ''}"


def _details(error: ErrorReport) -> list[str]:
    stage = [f"stage {error.stage}"] if error.stage else []
    blocked = [f"by {', '.join(map(printable, error.blocked_by))}"] if error.blocked_by else []
    return stage + blocked + [text for text in (error.code, error.name) if text and _CODE.fullmatch(text)]
