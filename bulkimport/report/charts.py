"""The geometry of the page's charts, in the units of their view boxes. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bulkimport.model import Stage
from bulkimport.report.timeline import Period, Timeline
from bulkimport.wording import duration

BAR_STEP, BAR_WIDTH, BAR_HEIGHT = 9, 7, 26
_LEAST = 1.5
TRACK_WIDTH, TRACK_HEIGHT = 1000, 16
_NARROWEST = 2.0
WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `kind` is its CSS class, `title` says what it stands for."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str = ""


def bars(values: Sequence[float | None]) -> list[Box]:
    """One bar a value, from zero; the last one is `now`, a value that is not known is `gap`, a dot on the ground."""
    top = max((value for value in values if value is not None), default=0) or 1
    found = []
    for index, value in enumerate(values):
        last = index == len(values) - 1
        height = _LEAST if value is None else max(_LEAST, BAR_HEIGHT * value / top)
        kind = "gap" if value is None else "now" if last else "then"
        inset = 2.5 if value is None else 0
        found.append(
            Box(
                x=round(index * BAR_STEP + inset, 1),
                y=round(BAR_HEIGHT - height, 1),
                width=round(BAR_WIDTH - 2 * inset, 1),
                height=round(height, 1),
                kind=kind,
            )
        )
    return found


def track(timeline: Timeline, name: str) -> list[Box]:
    """A dataset's stages as boxes side by side; waiting is a thin line. A stage too short to see is widened."""
    found = []
    for span in timeline.rows.get(name, ()):
        x = TRACK_WIDTH * timeline.place(span.start)
        width = max(_NARROWEST, TRACK_WIDTH * timeline.place(span.end) - x)
        kind, title = stage_name(span.stage), f"{stage_name(span.stage)} {duration(span.seconds)}"
        y, height = (TRACK_HEIGHT / 2 - 1, 2.0) if span.stage is None else (1.0, TRACK_HEIGHT - 2.0)
        found.append(Box(round(x, 1), y, round(min(width, TRACK_WIDTH - x), 1), height, kind, title))
    return found


def breaks(timeline: Timeline) -> Iterator[Box]:
    """Where the timeline leaves out a pause."""
    for pause in timeline.pauses:
        yield _break(timeline, pause)


def ticks(timeline: Timeline) -> list[tuple[float, str]]:
    """The places of the grid's lines and their labels."""
    return [(round(TRACK_WIDTH * place, 1), _clock(seconds)) for place, seconds in timeline.ticks()]


def stage_name(stage: Stage | None) -> str:
    return stage.value if stage else WAITING


def _break(timeline: Timeline, pause: Period) -> Box:
    start, end = (TRACK_WIDTH * timeline.place(moment) for moment in pause)
    seconds = (pause[1] - pause[0]).total_seconds()
    title = f"not at work for {duration(seconds)}"
    return Box(round(start, 1), 0, round(max(_NARROWEST, end - start), 1), TRACK_HEIGHT, "pause", title)


def _clock(seconds: float) -> str:
    """`0`, `0.5s`, `30s`, `5m`, `1m 30s`, `2h`."""
    if seconds % 1:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, odd = divmod(minutes, 60)
    parts = [f"{value}{unit}" for value, unit in ((hours, "h"), (odd, "m"), (rest, "s")) if value]
    return " ".join(parts) or "0"
