import errno
import io
import re

import pytest
from rich.cells import cell_len
from rich.console import ConsoleDimensions

from bulkimport.model import DatasetStatus
from bulkimport.progress.terminal import TerminalProgress
from tests.support.clock import FakeClock

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen(io.StringIO):
    """A terminal that keeps what was written to it; may go away."""

    encoding = "utf-8"
    gone = False

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.gone:
            raise OSError(errno.EIO, "Input/output error")
        return super().write(text)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("TERM", "xterm")
    return Screen()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def progress(screen: Screen, clock: FakeClock) -> TerminalProgress:
    return TerminalProgress(["people", "positions", "links"], screen, clock)


def lines(progress: TerminalProgress, width: int = 80, height: int = 24) -> list[str]:
    return [line.plain.rstrip() for line in progress.lines(ConsoleDimensions(width, height))]


def words(line: str) -> str:
    return " ".join(line.split())


def test_each_dataset_has_a_line_and_the_run_has_one(progress: TerminalProgress, clock: FakeClock) -> None:
    progress.waiting("links", "people and positions")
    progress.state_changed("people", "uploading")
    progress.uploaded("people", 5_000_000, 20_000_000)
    progress.state_changed("positions", "polling")
    progress.polled("positions", 4, "running")
    progress.traffic(requests=12, in_flight=3, throttled=1)
    clock.advance(65)
    people, positions, links, run = lines(progress)
    assert words(people) == "people uploading 25% of 20.0 MB, 0 B/s 1m 05s"  # no time left where nothing moves
    assert words(positions) == "positions polling 4 polls, running 1m 05s"
    assert words(links) == "links waiting for people and positions"
    assert run == "1m 05s: 0 of 3 datasets done, 12 requests, 0/s, 3 in flight, 1 throttled"


def test_ended_datasets_say_how(progress: TerminalProgress) -> None:
    progress.state_changed("people", "reading")
    progress.rows("people", 1200, 10, 10)
    progress.ended("people", DatasetStatus.SUCCEEDED)
    progress.ended("positions", DatasetStatus.REFUSED, "120 deletions are more than 5%")
    people, positions, *_ = lines(progress)
    assert words(people) == "people succeeded 1,200 rows 0.0s"
    assert words(positions) == "positions refused 120 deletions are more than 5%"


@pytest.mark.parametrize("height", [1, 2, 3, 5, 24, 60])
@pytest.mark.parametrize("width", [1, 10, 40, 80, 200])
def test_never_more_lines_than_the_screen_has_nor_wider_ones(
    screen: Screen, clock: FakeClock, width: int, height: int
) -> None:
    progress = TerminalProgress([f"データセット-{number}" for number in range(50)], screen, clock)
    for number in range(0, 50, 2):
        progress.state_changed(f"データセット-{number}", "uploading")
        progress.uploaded(f"データセット-{number}", 5, 20)
    progress.ended("データセット-1", DatasetStatus.FAILED, "a very long message " * 20)
    shown = lines(progress, width, height)
    assert len(shown) <= max(1, height - 1)
    assert all(cell_len(line) <= width for line in shown)


def test_what_has_no_room_is_counted(screen: Screen, clock: FakeClock) -> None:
    progress = TerminalProgress([f"d{number}" for number in range(50)], screen, clock)
    progress.state_changed("d49", "reading")
    shown = lines(progress, height=6)
    assert len(shown) == 5
    assert any(line.startswith("d49") for line in shown)
    assert shown[-2] == "and 47 others: 47 waiting"


def test_names_and_messages_cannot_command_the_terminal(screen: Screen, clock: FakeClock) -> None:
    progress = TerminalProgress(["evil\x1b[2J"], screen, clock)
    progress.state_changed("evil\x1b[2J", "reading\x07", "detail\x9b")
    progress.polled("evil\x1b[2J", 1, "run\x1b]0;title\x07ning")
    before = "\n".join(lines(progress))
    progress.ended("evil\x1b[2J", DatasetStatus.FAILED, "[red]no\x1b[2J[/red]")
    after = "\n".join(lines(progress))
    assert "[red]no\\x1b[2J[/red]" in after
    assert not set(before + after) & {"\x1b", "\x07", "\x9b"}


def test_the_cursor_comes_back_whatever_ends_the_run(progress: TerminalProgress, screen: Screen) -> None:
    progress.state_changed("people", "reading")
    with pytest.raises(KeyboardInterrupt), progress:
        raise KeyboardInterrupt
    written = screen.getvalue()
    assert "\x1b[?25l" in written
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_lines_of_others_stay_above_the_live_ones(progress: TerminalProgress, screen: Screen) -> None:
    with progress:
        progress.printer("\x1b[33mwarning\x1b[0m [bold]people[/bold] " + "x" * 300)
    plain = CONTROL.sub("", screen.getvalue())
    assert "warning [bold]people[/bold] " + "x" * 300 in plain


def test_a_line_that_comes_after_the_end_stands_alone(progress: TerminalProgress, screen: Screen) -> None:
    with progress:
        progress.state_changed("people", "reading")
    end = len(screen.getvalue())
    progress.printer("late")
    assert screen.getvalue()[end:] == "late\r\n"


def test_a_terminal_that_goes_away_is_survived(progress: TerminalProgress, screen: Screen) -> None:
    with progress:
        screen.gone = True
        progress.state_changed("people", "reading")
        progress.printer("nobody sees this")


def test_a_pipe_that_closes_does_not_end_the_program(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")

    class _Pipe(Screen):
        def flush(self) -> None:
            raise BrokenPipeError

    with TerminalProgress(["people"], _Pipe(), clock) as progress:
        progress.printer("nobody sees this")


def test_letters_that_the_terminal_does_not_know_are_escaped(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")

    class _Ascii(Screen):
        encoding = "ascii"

        def write(self, text: str) -> int:
            text.encode("ascii")
            return super().write(text)

    screen = _Ascii()
    with TerminalProgress(["Zürich"], screen, clock) as progress:
        progress.printer("Zürich is waiting")
    assert "Z\\xfcrich is waiting" in screen.getvalue()


async def test_progress_may_be_fed_from_the_event_loop(progress: TerminalProgress) -> None:
    progress.state_changed("people", "reading")
    progress.rows("people", 1, 2, 3)
    progress.uploaded("people", 1, 2)
    progress.polled("people", 1, "created")
    progress.waiting("people", "a place")
    progress.traffic(1, 2, 3, 4)
    progress.ended("people", DatasetStatus.SUCCEEDED)
    assert lines(progress)[0].startswith("people")
