"""From tables and paragraphs to text of a given width, by rich; coloured only where that is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bulkimport.model import DatasetStatus
from bulkimport.wording import printable

_NARROWEST = 20
_FITS = ((2, 20), (1, 12))  # blanks between columns and the least width of those that wrap: airy, or tight
STYLES = {
    DatasetStatus.SUCCEEDED: "green",
    DatasetStatus.UNCHANGED: "green",
    DatasetStatus.PARTIAL: "yellow",
    DatasetStatus.CANCELLED: "yellow",
}
ALARM = "red"
NOTHING = "-"
"""Stands in a table where there is no value."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`width` in terminal cells; texts are wrapped to it and never cut. Commands are left to the terminal to fold.

    `symbols`: whether ticks and crosses can be shown.
    """

    width: int = 80
    colour: bool = False
    symbols: bool = True

    def render(self, parts: Iterable[RenderableType]) -> str:
        """The parts one below the other, without blanks at the ends of lines; ends with a newline unless empty."""
        out = StringIO()
        console = Console(
            file=out,
            width=max(self.width, _NARROWEST),
            force_terminal=self.colour,
            color_system="standard" if self.colour else None,
            no_color=not self.colour,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )
        for part in parts:
            console.print(part, soft_wrap=isinstance(part, CommandLine))
        return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


class CommandLine(Text):
    """A command to copy: one line, however long, since a line end within it would be copied too."""


def command_line(command: str, before: str = "    ") -> CommandLine:
    line = CommandLine(before, style="bold")
    line.append(printable(command), style="not bold")
    return line


@dataclass(frozen=True, slots=True)
class Column:
    """`wraps`: may be broken over lines, others are shown whole. `plain`: its values need no title beside them."""

    title: str
    right: bool = False
    wraps: bool = False
    plain: bool = False


def style_of(status: DatasetStatus | None) -> str:
    return "cyan" if status is None else STYLES.get(status, ALARM)


def paragraph(text: str, style: str = "") -> Text:
    """Foreign text made harmless; wraps at blanks, and within words only where one is longer than a line."""
    return Text(printable(text), style=style, overflow="fold")


def labelled(pairs: Sequence[tuple[str, str]], indent: int = 2) -> RenderableType:
    """`label: text` lines, indented, the texts wrapped in a column of their own."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in pairs:
        grid.add_row(Text(f"{label}:", style="bold"), paragraph(text))
    return Padding(grid, (0, 0, 0, indent))


def table(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> RenderableType:
    """A table without lines. Where `width` cannot hold it, each row becomes a paragraph of values with their titles."""
    widest = [
        max(cell_len(text) for text in [column.title, *(row[index].plain for row in rows)])
        for index, column in enumerate(columns)
    ]
    for gap, narrow in _FITS:
        least = [min(narrow, cells) if column.wraps else cells for column, cells in zip(columns, widest, strict=True)]
        if sum(least) + gap * (len(columns) - 1) <= width:
            return _side_by_side(columns, rows, least, gap)
    return _stacked(columns, rows)


def _side_by_side(
    columns: Sequence[Column], rows: Sequence[Sequence[Text]], least: Sequence[int], gap: int
) -> RenderableType:
    result = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for column, cells in zip(columns, least, strict=True):
        result.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.wraps,
            overflow="fold",
            min_width=cells,
        )
    for row in rows:
        result.add_row(*row)
    return result


def _stacked(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> RenderableType:
    lines = []
    for row in rows:
        line = row[0].copy()
        parts = [
            value if column.plain else Text(f"{value.plain} {column.title}")
            for column, value in zip(columns[1:], row[1:], strict=True)
            if value.plain != NOTHING
        ]
        line.append(": ").append_text(Text(", ").join(parts))
        line.overflow = "fold"
        lines.append(line)
    return Group(*lines)
