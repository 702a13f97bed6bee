"""The program in a real pseudo-terminal, whose screen an emulator keeps; what it shows is looked at frame by frame."""

import codecs
import contextlib
import errno
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence

import pyte
from rich.cells import cell_len

from bulkimport.progress.region import BEGIN, END
from bulkimport.sandbox.world import python_environment

_IN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "bulkimport", *sys.argv[1:]])
"""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
RUN_LINE = re.compile(r"^\d.*s: (?:\S+ of \S+ datasets done|\d+/\d+ done)")


class Window:
    """A terminal of a size in which the program runs. `frames` counts what was drawn as one; `raw` is all it wrote."""

    def __init__(self, arguments: Sequence[str], columns: int = 80, lines: int = 24, **environment: str) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (lines, columns))
        self._screen = pyte.HistoryScreen(columns, lines, history=100_000)
        self._stream = pyte.Stream(self._screen)
        inherited = {name: value for name, value in python_environment().items() if name not in ("COLUMNS", "LINES")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _IN_TERMINAL, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=inherited | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | environment,
        )
        os.close(slave)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a read may end within a character
        self._pending = ""
        self.raw = ""
        self.frames = 0

    @property
    def rows(self) -> list[str]:
        """The screen, without blanks at the ends of lines."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def scrolled(self) -> list[str]:
        """What has left the screen at its top."""
        top = self._screen.history.top
        return ["".join(row[column].data for column in range(len(row))).rstrip() for row in top]

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column, from 0."""
        return self._screen.cursor.y, self._screen.cursor.x

    @property
    def cursor_is_shown(self) -> bool:
        return not self._screen.cursor.hidden

    @property
    def columns(self) -> int:
        return self._screen.columns

    def press(self, keys: str) -> None:
        """Right after a frame: what the terminal echoes while one is written would end up in the midst of it."""
        while self._receive() and not (self._pending.endswith(END) and not self._has_more(0.0)):
            pass
        os.write(self._master, keys.encode())

    def show(self, text: str) -> None:
        """What another program, such as the shell, writes next."""
        self._stream.feed(text)

    def resize(self, columns: int, lines: int) -> None:
        """As terminals do it: lines that the window has no room for are folded, those at the top scroll away."""
        before, (row, _) = self.rows, self.cursor
        after = pyte.HistoryScreen(columns, lines, history=100_000)
        after.history.top.extend(self._screen.history.top)
        after.cursor.hidden = self._screen.cursor.hidden
        self._screen = after
        self._stream = pyte.Stream(after)
        self._stream.feed("".join(f"{text}\r\n" for text in before[:row]))
        termios.tcsetwinsize(self._master, (lines, columns))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGWINCH)

    def watch(
        self, look: Callable[[str], object], until: Callable[[], object] | None = None, seconds: float = 100
    ) -> None:
        """Calls `look` with the text of each frame once it is on the screen, to the program's end or `until()`."""
        deadline = time.monotonic() + seconds
        while not (until and until()):
            assert time.monotonic() < deadline, f"it took too long\n{self.text}"
            if not self._receive():
                break
            while END in self._pending:
                drawn, _, self._pending = self._pending.partition(END)
                self._stream.feed(drawn + END)
                if BEGIN in drawn:
                    self.frames += 1
                    look(drawn.rpartition(BEGIN)[2])
        if not (until and until()):
            self._stream.feed(self._pending)
            self._pending = ""

    def _has_more(self, seconds: float) -> bool:
        return bool(select.select([self._master], [], [], seconds)[0])

    def _receive(self) -> bool:
        """Takes in what there is; False when the program has closed its terminal."""
        if not self._has_more(0.1):
            return True
        try:
            received = os.read(self._master, 1 << 16)
        except OSError as error:
            if error.errno != errno.EIO:  # Linux's way to say that nobody has the other end open
                raise
            return False
        text = self._decoder.decode(received)
        self.raw += text
        self._pending += text
        return bool(received)

    @property
    def text(self) -> str:
        return "\n".join([*self.scrolled, "-- screen --", *self.rows])

    def end(self, seconds: float = 60) -> int:
        return self._process.wait(seconds)

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)


def widest(frame: str) -> int:
    """Cells of the widest live line of a frame; lines that stay above them may be folded."""
    live = frame.split("\x1b[2K")[1:]
    return max((cell_len(_CONTROL.sub("", line).rstrip("\r\n")) for line in live), default=0)
