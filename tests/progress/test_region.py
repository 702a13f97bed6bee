import io

import pyte
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.progress.region import Region

LINES = st.lists(st.text("abc ", max_size=20).map(lambda text: f"live{text}"), max_size=5)


class Terminal(io.StringIO):
    """Whatever is written appears on an emulated screen."""

    def __init__(self, columns: int = 30, lines: int = 12) -> None:
        super().__init__()
        self._begin(columns, lines)

    def _begin(self, columns: int, lines: int) -> None:
        self.screen = pyte.HistoryScreen(columns, lines)
        self._feed = pyte.Stream(self.screen)

    def narrow(self, columns: int) -> None:
        """Folds what has no room in a line any more, as terminals do."""
        before = self.rows
        self._begin(columns, self.screen.lines)
        self.write("".join(f"{row}\r\n" for row in before))

    def write(self, text: str) -> int:
        self._feed.feed(text)
        return len(text)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display if row.strip()]


def pairs(lines: list[str]) -> list[tuple[str, str]]:
    return [(f"\x1b[1m{line}\x1b[0m", line) for line in lines]


@given(st.lists(st.tuples(LINES, st.sampled_from(["", "printed\r\n"])), max_size=8))
def test_the_screen_shows_what_was_printed_and_the_last_lines_only(frames: list[tuple[list[str], str]]) -> None:
    terminal = Terminal(lines=40)
    region = Region(terminal)
    for lines, above in frames:
        region.draw(pairs(lines), 30, above)
    printed = ["printed" for _, above in frames if above]
    assert terminal.rows == printed + [line.rstrip() for line in (frames[-1][0] if frames else [])]
    region.close(30)
    assert terminal.rows == printed
    assert not terminal.screen.cursor.hidden


def test_lines_that_a_narrower_window_has_folded_are_taken_away_whole() -> None:
    terminal = Terminal(columns=30)
    region = Region(terminal)
    region.draw(pairs(["a" * 10 + "b" * 5, "c" * 22]), 30)
    terminal.narrow(10)
    assert len(terminal.rows) == 5
    region.draw(pairs(["new"]), 10)
    assert terminal.rows == ["new"]


def test_a_line_printed_above_may_be_longer_than_the_window() -> None:
    terminal = Terminal(columns=10)
    region = Region(terminal)
    region.draw(pairs(["live"]), 10)
    region.draw(pairs(["live"]), 10, "x" * 25 + "\r\n")
    assert terminal.rows == ["x" * 10, "x" * 10, "x" * 5, "live"]
