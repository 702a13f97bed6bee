"""What the live lines look like at a given size: one a dataset, one for the rest of them, one for the run. Pure."""

from collections.abc import Callable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from bulkimport.model import DatasetStatus
from bulkimport.progress.board import PENDING, Board, DatasetProgress
from bulkimport.wording import duration, printable

_GAP = 2
_LONGEST_NAME = 32
_STATE = len("submitting")
_TIME = len("59m 59s")
_ROOM_FOR_TIME = 60


def frame(
    board: Board, width: int, height: int, now: float, shown: Callable[[str], str] = printable, ellipsis: str = "…"
) -> list[Text]:
    """Lines of at most `width` cells, one fewer than `height`: below them is the cursor's.

    `shown` makes a text one that the terminal can show, `ellipsis` (one cell) ends what was cut.
    """
    datasets, others = board.choose(max(0, height - 2))
    layout = _Layout(datasets, width, now, shown, ellipsis)
    lines = [layout.line(dataset) for dataset in datasets]
    if others and height > 2:
        lines.append(Text(layout.cut(others, width), style="dim"))
    return [*lines, Text(layout.cut(board.run_line(now, width), width))]


class _Layout:
    """The columns of one frame: name, state, what it is at, and, where there is room, for how long."""

    def __init__(
        self,
        datasets: Sequence[DatasetProgress],
        width: int,
        now: float,
        shown: Callable[[str], str],
        ellipsis: str,
    ) -> None:
        self._now = now
        self._shown = shown
        self._ellipsis = ellipsis
        longest = max((cell_len(shown(dataset.name)) for dataset in datasets), default=0)
        self._width = width
        self._name = min(longest, _LONGEST_NAME, max(1, width // 3))
        self._time = _TIME if width >= _ROOM_FOR_TIME else 0

    def line(self, dataset: DatasetProgress) -> Text:
        word, style = _word(dataset)
        step_back = "" if dataset.is_active else style
        room = self._width - self._name - _STATE - 2 * _GAP - (self._time + _GAP if self._time else 0)
        line = Text()
        line.append(self._column(dataset.name, self._name), style=step_back)
        line.append(self._column(word, _STATE), style=style)
        line.append(self._column(dataset.describe(self._now), max(0, room)), style=step_back)
        if self._time and dataset.since is not None:
            line.append(duration(dataset.elapsed(self._now)).rjust(self._time), style="dim")
        line.rstrip()
        if line.cell_len > self._width:  # too narrow even for name and state
            return Text(self.cut(line.plain, self._width), style=step_back)
        return line

    def _column(self, text: str, cells: int) -> str:
        return set_cell_size(self.cut(text, cells), cells) + " " * _GAP

    def cut(self, text: str, cells: int) -> str:
        """The text as it can be shown, ending in an ellipsis if it is longer."""
        text = self._shown(text)
        if cell_len(text) <= cells:
            return text
        return set_cell_size(text, cells - 1).rstrip() + self._ellipsis if cells > 0 else ""


def _word(dataset: DatasetProgress) -> tuple[str, str]:
    """The state or status, and the style that makes it stand out or step back."""
    if dataset.status is None:
        return ("waiting", "dim") if dataset.state == PENDING else (dataset.state, "cyan")
    if dataset.status.is_success:
        return dataset.status.value, "green"
    return dataset.status.value, "yellow" if dataset.status is DatasetStatus.CANCELLED else "red"
