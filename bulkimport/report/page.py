"""A run as one self-contained HTML page: no script, no network, nothing from a source that could act in it.

Every text is escaped by the template engine and made printable before; the page's own policy forbids the browser to
run or load anything, whatever slipped through.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bulkimport.model import Changes, ItemCounts, RunStatus, Stage
from bulkimport.report import charts
from bulkimport.report.account import Account
from bulkimport.report.alike import alike, attention, in_full
from bulkimport.report.comparison import Point, usual
from bulkimport.report.facts import RUNNING, DatasetFacts, RunFacts
from bulkimport.report.meaning import SANDBOX_NOTICE, next_commands, of_the_exit
from bulkimport.report.support import about, support_lines
from bulkimport.report.timeline import seconds_by_stage
from bulkimport.wording import counted, duration, listed, number, printable

if TYPE_CHECKING:
    from jinja2 import Template

MOST_REASONS = 20
_TITLES = {
    RunStatus.SUCCEEDED: "Succeeded",
    RunStatus.FAILED: "Failed",
    RunStatus.INTERRUPTED: "Interrupted",
    RunStatus.RUNNING: "Running",
}
_ICONS = {status: "cancelled" if status is RunStatus.INTERRUPTED else status.value for status in RunStatus}


def page(account: Account) -> str:
    """The whole document."""
    facts = account.facts
    return _template().render(
        account=account,
        run=facts,
        style=_style(),
        style_hash=_hash(_style()),
        title=_title(facts),
        run_icon=_ICONS[facts.status],
        run_icons=_ICONS,
        exit=of_the_exit(facts),
        commands=next_commands(facts),
        problems=alike(sorted(facts.datasets, key=attention)),
        warnings=_warnings(facts),
        datasets=[_row(dataset) for dataset in sorted(facts.datasets, key=attention)],
        totals=asdict(_totals(facts)),
        timeline=_timeline(account),
        comparison=_comparison(account),
        rejected=[_rejected(account, index) for index in range(len(account.rejected))],
        statuses={dataset.name: _status(dataset) for dataset in facts.datasets},
        support=support_lines(account),
        about=about(account),
        sandbox=SANDBOX_NOTICE,
    )


@cache
def _template() -> "Template":
    # Loaded where it is needed: of all commands this one alone pays for it.
    from jinja2 import Environment, StrictUndefined

    def finalize(value: Any) -> Any:
        is_plain = isinstance(value, str) and not hasattr(value, "__html__")
        return printable(value) if is_plain else value

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=finalize, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": number, "duration": duration, "in_full": in_full, "listed": listed}
    environment.globals |= {"counted": counted}
    return environment.from_string(_file("page.html.jinja"))


@cache
def _style() -> str:
    return _file("page.css")


def _file(name: str) -> str:
    return files("bulkimport.report").joinpath(name).read_text("utf-8")


def _hash(style: str) -> str:
    """What the page's policy knows its one style sheet by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


def _title(run: RunFacts) -> str:
    """The outcome in one line."""
    bad = sum(dataset.is_problem for dataset in run.datasets)
    of_all = f"{number(bad)} of {counted(len(run.datasets), 'dataset')} did not succeed"
    match run.status:
        case RunStatus.SUCCEEDED:
            rest = f"{counted(len(run.datasets), 'dataset')}, all as they should be"
        case RunStatus.RUNNING:
            ended = sum(dataset.status is not None for dataset in run.datasets)
            rest = f"{number(ended)} of {counted(len(run.datasets), 'dataset')} ended"
        case _:
            rest = of_all
    return f"{_TITLES[run.status]}: {rest}"


def _status(dataset: DatasetFacts) -> str:
    return dataset.status.value if dataset.status else RUNNING


def _warnings(run: RunFacts) -> list[tuple[str, str]]:
    return [("", text) for text in run.warnings] + [
        (dataset.name, text) for dataset in run.datasets for text in dataset.warnings
    ]


def _row(dataset: DatasetFacts) -> dict[str, Any]:
    """A line of the table; counts are None where no result was seen."""
    return {
        "facts": dataset,
        "status": _status(dataset),
        "counts": {name: count if dataset.result_seen else None for name, count in asdict(dataset.items).items()},
        "expected": _expected(dataset.changes),
    }


def _expected(changes: Changes | None) -> str:
    return "" if changes is None else f"+{changes.created:,} ~{changes.updated:,} \u2212{changes.deleted:,}"


def _totals(run: RunFacts) -> ItemCounts:
    every = [asdict(dataset.items) for dataset in run.datasets]
    return ItemCounts(**{name: sum(one[name] for one in every) for name in asdict(ItemCounts())})


def _timeline(account: Account) -> dict[str, Any]:
    line = account.timeline
    by_stage = {name: seconds_by_stage(spans) for name, spans in line.rows.items()}
    present = {stage: sum(one.get(stage, 0.0) for one in by_stage.values()) for stage in (None, *Stage)}
    first = {name: spans[1].start if len(spans) > 1 else line.end for name, spans in line.rows.items()}
    return {
        "ticks": charts.ticks(line),
        "breaks": list(charts.breaks(line)),
        "rows": [
            {
                "name": name,
                "boxes": charts.track(line, name),
                "stages": {charts.stage_name(stage): seconds for stage, seconds in by_stage[name].items()},
            }
            for name in sorted(line.rows, key=lambda name: first[name])
        ],
        "stages": {charts.stage_name(stage): seconds for stage, seconds in present.items() if seconds},
        "durations": {dataset.name: dataset.duration_s for dataset in account.facts.datasets},
    }


@dataclass(frozen=True, slots=True)
class _Chart:
    """One small chart: its bars, the value of this run and the usual one in words, and all values for a reader."""

    boxes: list[charts.Box]
    now: str
    usual: str
    told: str


def _comparison(account: Account) -> dict[str, Any]:
    comparison = account.comparison
    runs = comparison.runs
    return {
        "runs": runs,
        "left_out": comparison.left_out,
        "width": len(runs) * charts.BAR_STEP,
        "whole": {
            "rows": _chart("rows", [run.rows for run in runs], _count),
            "duration": _chart("seconds", [run.duration_s for run in runs], duration),
            "deleted": _chart("deletions", [run.deleted for run in runs], _count),
        },
        "series": {name: _charts(points) for name, points in comparison.series.items()},
        "outcomes": {
            name: [(point.status.value if point.status else RUNNING) if point else "" for point in points]
            for name, points in comparison.series.items()
        },
    }


def _charts(points: Sequence[Point | None]) -> Mapping[str, _Chart]:
    return {
        "rows": _chart("rows", [point.rows if point else None for point in points], _count),
        "duration": _chart("seconds", [point.duration_s if point else None for point in points], duration),
        "deleted": _chart("deletions", [point.deleted if point else None for point in points], _count),
    }


def _chart(noun: str, values: Sequence[float | None], word: Any) -> _Chart:
    words = ["none" if value is None else word(value) for value in values]
    before = usual(values)
    return _Chart(
        boxes=charts.bars(values),
        now="" if values[-1] is None else words[-1],
        usual="" if before is None else word(before),
        told=f"{noun} of {counted(len(values), 'run')}, the oldest first: {', '.join(words)}",
    )


def _count(value: float) -> str:
    return number(round(value))


def _rejected(account: Account, index: int) -> dict[str, Any]:
    found = account.rejected[index]
    facts = next(one for one in account.facts.datasets if one.name == found.dataset)
    rest = found.reasons[MOST_REASONS:]
    return {
        "found": found,
        "facts": facts,
        "reasons": found.reasons[:MOST_REASONS],
        "rest": (len(rest), sum(one.count for one in rest)) if rest else None,
    }
