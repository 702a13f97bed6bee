"""A report as text: the summary, and below it what only a report has."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from bulkimport.model import Stage
from bulkimport.report.account import Account
from bulkimport.report.comparison import Point, usual
from bulkimport.report.layout import NOTHING, Column, Layout, paragraph, table
from bulkimport.report.meaning import SANDBOX_NOTICE
from bulkimport.report.rejected import Rejected
from bulkimport.report.support import about, support_lines
from bulkimport.report.text import summary_text
from bulkimport.report.timeline import Timeline
from bulkimport.wording import counted, duration, listed, number, printable

_LETTERS: dict[Stage | None, str] = {
    None: "·",
    Stage.SOURCE: "s",
    Stage.GUARD: "g",
    Stage.GENERATE: "u",
    Stage.UPLOAD: "u",
    Stage.IMPORT: "p",
    Stage.POLL: "p",
    Stage.RESULT: "r",
}
_KEY = "· waits   s source   g guard   u generate, upload   p import, poll   r result"
_LONGEST_NAME, _LONGEST_BAR = 24, 100
_MOST_REASONS = 10


def account_text(account: Account, layout: Layout) -> str:
    """The summary as a run prints it, then timeline, dependency order, comparison, rejected items and trace ids."""
    parts = [
        *_section("Timeline", _timeline(account.timeline, layout.width)),
        *_section("Dependency order", _order(account)),
        *_section("Compared with the runs before", _comparison(account, layout.width)),
        *[part for one in account.rejected for part in _section(f"Rejected items of {one.dataset}", _rejected(one))],
        *_section("For Orgvue's support", [paragraph(line) for line in support_lines(account)]),
        *_section("Versions", [paragraph(f"{label}: {text}") for label, text in about(account)]),
        *([paragraph(SANDBOX_NOTICE, "bold magenta")] if account.facts.sandbox else []),
    ]
    return summary_text(account.facts, layout) + layout.render(["", *parts])


def _section(title: str, parts: Sequence[RenderableType]) -> list[RenderableType]:
    return [paragraph(title, "bold"), *(Padding(part, (0, 0, 0, 2)) for part in parts), ""] if parts else []


def _timeline(line: Timeline, width: int) -> list[RenderableType]:
    """A letter is the stage at that moment; stages shorter than a letter may not be seen."""
    names = {name: printable(name) for name in line.rows}
    widest = min(_LONGEST_NAME, max(map(cell_len, names.values()), default=0))
    cells = min(_LONGEST_BAR, width - widest - 4)
    if not names or cells < 10:
        return []
    lines: list[RenderableType] = []
    for name, spans in line.rows.items():
        bar = [" "] * cells
        for span in spans:
            first = min(cells - 1, int(cells * line.place(span.start)))
            last = max(first + 1, round(cells * line.place(span.end)))
            bar[first:last] = [_LETTERS[span.stage]] * (min(last, cells) - first)
        lines.append(Text(f"{set_cell_size(names[name], widest)}  {''.join(bar[:cells])}", no_wrap=True))
    whole = line.worked_until(line.end)
    return [*lines, paragraph(f"{_KEY}   (in all {duration(whole)})")]


def _order(account: Account) -> list[RenderableType]:
    if len(account.order) < 2:
        return []
    return [
        paragraph(
            f"{index}. "
            + ", ".join(f"{place.name}{f' (after {listed(place.after)})' if place.after else ''}" for place in step)
        )
        for index, step in enumerate(account.order, 1)
    ]


def _comparison(account: Account, width: int) -> list[RenderableType]:
    comparison = account.comparison
    if len(comparison.runs) < 2:
        return [paragraph(comparison.left_out)] if comparison.left_out else []
    columns = [
        Column("dataset", wraps=True),
        *(
            Column(title, right=True)
            for title in ("rows", "usually", "time", "usual time", "deleted", "usually deleted")
        ),
    ]
    rows = [[Text(printable(name)), *_compared(points)] for name, points in comparison.series.items()]
    note = f"Usually: the median of {counted(len(comparison.runs) - 1, 'run')} before."
    return [table(columns, rows, width - 2), paragraph(f"{note} {comparison.left_out}".rstrip())]


def _compared(points: Sequence[Point | None]) -> list[Text]:
    rows = [point.rows if point else None for point in points]
    seconds = [point.duration_s if point else None for point in points]
    deleted = [point.deleted if point else None for point in points]
    words = [_count(rows[-1]), _count(usual(rows)), _time(seconds[-1]), _time(usual(seconds))]
    return [Text(word) for word in [*words, _count(deleted[-1]), _count(usual(deleted))]]


def _count(value: float | None) -> str:
    return NOTHING if value is None else number(round(value))


def _time(value: float | None) -> str:
    return NOTHING if value is None else duration(value)


def _rejected(found: Rejected) -> list[RenderableType]:
    if not found.is_there:
        return [paragraph(f"Their file is no longer there: {found.path}")]
    parts: list[RenderableType] = []
    for reason in found.reasons[:_MOST_REASONS]:
        parts.append(paragraph(f"{counted(reason.count, 'item')}: {reason.text}"))
        more = ", …" if reason.count > len(reason.keys) else ""
        parts.append(Padding(paragraph(f"keys {', '.join(reason.keys)}{more}"), (0, 0, 0, 2)))
        parts += [Padding(paragraph(entry), (0, 0, 0, 2)) for entry in reason.entries]
    rest = found.reasons[_MOST_REASONS:]
    if rest:
        items = counted(sum(reason.count for reason in rest), "item")
        parts.append(paragraph(f"and {counted(len(rest), 'more reason')} for {items}"))
    if found.unreadable:
        parts.append(paragraph(f"{counted(found.unreadable, 'line')} of the file could not be read."))
    return [*parts, paragraph(f"All of them: {found.path}")]
