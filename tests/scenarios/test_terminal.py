"""The program in a terminal: what is on the screen at every moment, and what is left of it."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkimport.sandbox.world import JobTiming
from tests.support.program import Workplace, at_work, fault, id_of, people, seed
from tests.support.sandbox import ThreadedSandbox
from tests.support.terminal import RUN_LINE, Window, widest

NAMES = [f"dataset-{number:02}" for number in range(40)]
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|9[0-7])m")
LIVE = re.compile(r"in flight| done, |^dataset-\d\d  +(?:reading|checking|polling|waiting|uploading)")


@pytest.fixture
def night(tmp_path: Path) -> Iterator[tuple[Workplace, ThreadedSandbox]]:
    """Forty datasets, of which one fails, one waits for another and some have requests that are repeated."""
    rules = [fault("metadata", {"status": 503}, name, first_n=1) for name in NAMES[3:12:3]]
    timing = JobTiming(created=0.2, running=0.6)
    with at_work(tmp_path, *(seed(name, people(2)) for name in NAMES), faults=rules, timing=timing) as (work, sandbox):
        work.settings["run"] = {"max_parallel_datasets": 10}
        work.settings["defaults"] = {"poll": {"initial": "200ms", "max": "300ms", "timeout": "60s"}}
        for name in NAMES:
            depends = {"depends_on": [NAMES[0]]} if name == NAMES[30] else {}
            work.add(name, None if name == NAMES[5] else people(3, start=2), **depends)
        yield work, sandbox


def window(work: Workplace, *options: str, columns: int = 80, lines: int = 24, **environment: str) -> Window:
    work.write_config()
    return Window(work.arguments("run", *options, output="text"), columns, lines, **environment)


def assert_orderly(shown: Window, frame: str) -> None:
    """A frame is whole: one run line right above the cursor, nothing below, no dataset twice, no line too wide."""
    row, column = shown.cursor
    if RUN_LINE.search(shown.rows[row - 1]) is None:
        assert not any(LIVE.search(text) for text in shown.rows), shown.text  # the frame that takes them away
        return
    assert column == 0, shown.text
    assert not any(shown.rows[row:]), shown.text
    assert sum(RUN_LINE.search(text) is not None for text in shown.rows) == 1, shown.text
    twice = Counter(name for text in shown.rows if (name := text.split(" ")[0]) in NAMES)
    assert set(twice.values()) <= {1}, shown.text
    assert widest(frame) <= shown.columns


def is_orderly(shown: Window, frame: str) -> bool:
    try:
        assert_orderly(shown, frame)
    except AssertionError:
        return False
    return True


def assert_clean_end(shown: Window) -> None:
    """Nothing of the live lines is left, the cursor is back, and the shell's prompt has a line of its own."""
    shown.show("$ ")
    row, _ = shown.cursor
    assert shown.rows[row] == "$", shown.text
    assert not any(shown.rows[row + 1 :]), shown.text
    assert shown.cursor_is_shown
    left = [text for text in [*shown.scrolled, *shown.rows] if LIVE.search(text) or "^C" in text]
    assert left == [], shown.text


def test_forty_datasets_never_garble_a_terminal_of_80_by_24(night: tuple[Workplace, ThreadedSandbox]) -> None:
    work, _ = night
    with window(work) as shown:
        shown.watch(lambda frame: assert_orderly(shown, frame))
        assert shown.end() == 1
        assert shown.frames > 5
        assert COLOUR.search(shown.raw)
        assert_clean_end(shown)
        everything = "\n".join([*shown.scrolled, *shown.rows])
        assert re.search(r"dataset-05 +failed", everything)
        assert len(re.findall(r"^dataset-\d\d +succeeded", everything, re.MULTILINE)) == 39


def test_ctrl_c_leaves_the_terminal_clean(night: tuple[Workplace, ThreadedSandbox]) -> None:
    work, sandbox = night
    with window(work) as shown:
        shown.watch(lambda frame: assert_orderly(shown, frame), until=lambda: len(sandbox.jobs()) >= 3)
        shown.press("\x03")
        shown.watch(lambda frame: assert_orderly(shown, frame))
        assert shown.end() == 130
        assert_clean_end(shown)
        assert any("--resume" in text for text in shown.rows)


def test_a_window_that_changes_its_size_is_drawn_anew(night: tuple[Workplace, ThreadedSandbox]) -> None:
    """What was drawn for the old size may scroll away with it; on the screen nothing of it stays."""
    work, sandbox = night
    drawn: list[str] = []
    sizes = [(40, 12), (100, 30), (30, 8), (80, 24)]
    with window(work) as shown:
        with sandbox.jobs_held(id_of(NAMES[-1])):  # there is something to draw all the time
            for jobs, (columns, lines) in enumerate(sizes, start=1):
                enough = 4 * jobs
                shown.watch(lambda _: None, until=lambda enough=enough: len(sandbox.jobs()) >= enough)  # type: ignore[misc]
                shown.resize(columns, lines)
                drawn.clear()
                shown.watch(drawn.append, until=lambda: drawn and is_orderly(shown, drawn[-1]))
                drawn.clear()  # what the terminal still had was for the old size: from here on it is for the new one
                shown.watch(drawn.append, until=lambda: len(drawn) >= 4)
                assert_orderly(shown, drawn[-1])
        shown.watch(lambda frame: assert_orderly(shown, frame))
        assert shown.end() == 1


def test_without_colours_and_in_a_narrow_window(night: tuple[Workplace, ThreadedSandbox]) -> None:
    work, _ = night
    with window(work, columns=40, lines=10, NO_COLOR="1") as shown:
        shown.watch(lambda frame: assert_orderly(shown, frame))
        assert shown.end() == 1
        assert not COLOUR.search(shown.raw)
        assert_clean_end(shown)


def test_live_lines_can_be_switched_off(night: tuple[Workplace, ThreadedSandbox]) -> None:
    work, _ = night
    with window(work, "--no-progress", "--only", "dataset-0*") as shown:
        shown.watch(lambda _: None)
        assert shown.end() == 1
        assert shown.frames == 0
        assert "\x1b[?25l" not in shown.raw
