"""The texts about runs that people read: on a terminal, in a pipe, in a mail."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from bulkimport.model import ItemCounts, RunStatus
from bulkimport.report.alike import Alike, alike, attention, in_full
from bulkimport.report.facts import DatasetFacts, HistoryEntry, RunFacts
from bulkimport.report.layout import (
    ALARM,
    NOTHING,
    Column,
    Layout,
    command_line,
    labelled,
    paragraph,
    style_of,
    table,
)
from bulkimport.report.meaning import SANDBOX_NOTICE, next_commands, of_the_exit, to_type
from bulkimport.wording import counted, duration, number, printable

_COLUMNS = (
    Column("dataset", wraps=True),
    Column("status", plain=True),
    Column("rows", right=True),
    Column("created", right=True),
    Column("updated", right=True),
    Column("deleted", right=True),
    Column("skipped", right=True),
    Column("failed", right=True),
    Column("time", right=True, plain=True),
)
_NAMED = 20
"""So many datasets of one trouble are named beside it; the table has them all."""
_RUN_STYLES = {RunStatus.SUCCEEDED: "green", RunStatus.FAILED: ALARM, RunStatus.INTERRUPTED: "yellow"}


def summary_text(run: RunFacts, layout: Layout) -> str:
    """What became of a run: a table with what needs attention first, then each problem, warnings and totals."""
    return layout.render(_framed(run, [*_body(run, layout), *_totals(run), *_commands(run)]))


def status_text(run: RunFacts, now: datetime, layout: Layout) -> str:
    """The run as it stands at `now` (aware); one that has ended is shown as its summary."""
    if run.status is not RunStatus.RUNNING:
        return summary_text(run, layout)
    ended = sum(dataset.status is not None for dataset in run.datasets)
    title = (
        f"Run {run.run_id} of {run.config}: running for {duration((now - run.started_at).total_seconds())}, "
        f"{number(ended)} of {counted(len(run.datasets), 'dataset')} ended, {counted(run.requests, 'request')}, "
        f"{number(run.throttled)} throttled."
    )
    return layout.render(_framed(run, [paragraph(title, "bold"), "", *_body(run, layout)]))


def history_text(runs: Sequence[HistoryEntry], layout: Layout) -> str:
    """The list of runs, in the order given."""
    if not runs:
        return layout.render([paragraph("No runs in this state directory yet.")])
    columns = (
        Column("run"),
        Column("status", plain=True),
        Column("time", right=True, plain=True),
        Column("config", wraps=True, plain=True),
        Column("datasets", wraps=True, plain=True),
    )
    rows = [
        (
            Text(printable(run.run_id)),
            Text(run.status.value, style=_RUN_STYLES.get(run.status, "cyan")),
            Text(duration((run.finished_at - run.started_at).total_seconds()) if run.finished_at else NOTHING),
            paragraph(run.config),
            paragraph(_counts_in_words(run.datasets)),
        )
        for run in runs
    ]
    return layout.render([table(columns, rows, layout.width)])


def _framed(run: RunFacts, parts: list[RenderableType]) -> list[RenderableType]:
    """Between two lines that say so, if the run was one of the sandbox."""
    banner = paragraph(SANDBOX_NOTICE, "bold magenta")
    return [banner, "", *parts, "", banner] if run.sandbox else parts


def _body(run: RunFacts, layout: Layout) -> list[RenderableType]:
    parts: list[RenderableType] = []
    ordered = sorted(run.datasets, key=attention)
    if ordered:
        parts += [table(_COLUMNS, [_row(dataset) for dataset in ordered], layout.width), ""]
    for group in alike(ordered):
        parts += [*_problem(group, run), ""]
    warnings = [f"Warning: {text}" for text in run.warnings]
    warnings += [f"Warning: {dataset.name}: {text}" for dataset in run.datasets for text in dataset.warnings]
    parts += [paragraph(warning, "yellow") for warning in warnings]
    return [*parts, ""] if warnings else parts


def _row(dataset: DatasetFacts) -> list[Text]:
    style = style_of(dataset.status)
    items = dataset.items
    counts = (items.created, items.updated, items.deleted, items.skipped, items.failed)
    return [
        Text(printable(dataset.name), style="" if dataset.status and dataset.status.is_success else style),
        Text(dataset.status.value if dataset.status else printable(dataset.state), style=style),
        Text(NOTHING if dataset.rows is None else number(dataset.rows)),
        *(Text(number(count) if dataset.result_seen else NOTHING) for count in counts),
        Text(duration(dataset.duration_s)),
    ]


def _problem(group: Alike, run: RunFacts) -> list[RenderableType]:
    """What happened, what it means for the data, and, while nothing goes on any more, the command to type."""
    stage = f" (stage {group.error.stage.value})" if group.error.stage else ""
    advice, command = group.error.hint, ""
    if run.status is not RunStatus.RUNNING:
        advice, command = to_type(run, group.names, group.status, group.error)
    lines = [("What", in_full(group.error)), ("Data", group.meaning)]
    lines += [("Next", advice)] if advice else []
    lines += [("Trace", ", ".join(group.traces))] if group.traces else []
    others = len(group.names) - _NAMED
    names = [*group.names[:_NAMED], f"{others} others"] if others > 1 else group.names
    title = f"{', '.join(names)}: {group.status.value}{stage}"
    parts: list[RenderableType] = [paragraph(title, style_of(group.status)), labelled(lines)]
    return [*parts, command_line(command, "  Type:  " if group.traces else "  Type: ")] if command else parts


def _totals(run: RunFacts) -> list[RenderableType]:
    took = f" in {duration((run.finished_at - run.started_at).total_seconds())}" if run.finished_at else ""
    after = f" (after {run.follows})" if run.follows else ""
    every = [asdict(dataset.items) for dataset in run.datasets]
    items = ", ".join(f"{number(sum(one[key] for one in every))} {key}" for key in asdict(ItemCounts()))
    changed = f"Items: {items}. {counted(run.requests, 'request')}, {number(run.throttled)} throttled."
    counts = _counts_in_words(run.counts())
    return [
        paragraph(f"{counted(len(run.datasets), 'dataset')}{took}: {counts or 'nothing to do'}. {changed}"),
        paragraph(f"Run {run.run_id}{after}. {of_the_exit(run)}", _RUN_STYLES.get(run.status, "cyan")),
    ]


def _commands(run: RunFacts) -> list[RenderableType]:
    """Each command on a line of its own, to be copied."""
    return [
        line for purpose, command in next_commands(run) for line in (paragraph(f"{purpose}:"), command_line(command))
    ]


def _counts_in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number(count)} {status}" for status, count in counts.items())
