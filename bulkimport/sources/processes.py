"""Other programs: run under a warden, with a deadline, their output taken as it comes.

Blocks; belongs into a worker. Nothing of the program is left when `run` returns, raises, or is killed with its process.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bulkimport.sources import warden
from bulkimport.wording import printable

CHUNK = 64 << 10
_TAIL = 4096
_LINES = 5
_LONGEST = 600
_GRACE = 10.0
"""Seconds that a warden may take to end what it looks after, which is one SIGKILL."""


@dataclass(slots=True)
class Ended:
    """How a program ended: its exit code, or the signal that ended it, or the errno why it could not be started.

    `words` are the last lines it wrote to its standard error, on one line and not long.
    """

    code: int | None = None
    signal: int | None = None
    errno: int | None = None
    timed_out: bool = False
    words: str = ""

    @property
    def well(self) -> bool:
        return self.code == 0 and not self.timed_out

    def __str__(self) -> str:
        """Completes "the program …"."""
        if self.errno is not None:
            return f"could not be started: {os.strerror(self.errno)}"
        if self.signal is not None:
            name = signal.Signals(self.signal).name if self.signal in set(signal.Signals) else str(self.signal)
            return f"was ended by the signal {name}"
        return f"ended with the exit code {self.code}" if self.code is not None else "was lost"


def run(
    argv: Sequence[str],
    *,
    folder: str,
    timeout: float,
    output: Callable[[bytes], None],
    order: bytes = b"",
) -> Ended:
    """Runs a program without a shell, in `folder`, for at most `timeout` seconds, and waits for its end.

    What it writes to its standard output goes to `output`, whose errors end the program. `order` is its standard input.
    """
    deadline = time.monotonic() + timeout
    ended = Ended()
    with _started(argv, folder, ended) as work:
        ended.timed_out = not work.follow(output, order, deadline)
    return ended


@contextmanager
def _started(argv: Sequence[str], folder: str, ended: Ended) -> Iterator["_Work"]:
    """The program at work. At the end it is gone, and `ended` says how."""
    lifeline, hold = os.pipe()
    told, status = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 (what to run is the configuration's to say)
            [sys.executable, "-I", "-S", str(Path(warden.__file__)), str(lifeline), str(status), *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            pass_fds=(lifeline, status),
            start_new_session=True,  # what is sent to the group of a run must not reach the warden
        )
    except BaseException:
        os.close(hold)
        os.close(told)
        raise
    finally:
        os.close(lifeline)
        os.close(status)
    work = _Work(_pipe(process.stdin), _pipe(process.stdout), _pipe(process.stderr), os.fdopen(told, "rb", buffering=0))
    try:
        yield work
    finally:
        os.close(hold)
        work.close()
        _end(process)
        with work.status:
            _judge(bytes(work.told) + work.status.read(), ended)
        ended.words = work.words


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("the pipe was asked for")
    return pipe


def _end(process: subprocess.Popen[bytes]) -> None:
    """Waits for the warden, which has no reason to stay any longer."""
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _judge(told: bytes, ended: Ended) -> None:
    """Notes what the warden has told."""
    facts = dict(line.split() for line in told.decode().splitlines())
    if "cannot" in facts:
        ended.errno = int(facts["cannot"])
    elif "exit" in facts:
        ended.code = int(facts["exit"])
    elif "signal" in facts:
        ended.signal = int(facts["signal"])
    elif "pid" in facts:  # the warden itself was killed, most likely for want of memory
        with suppress(ProcessLookupError):
            os.killpg(int(facts["pid"]), signal.SIGKILL)


@dataclass(slots=True)
class _Work:
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    status: IO[bytes]
    told: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)

    def follow(self, output: Callable[[bytes], None], order: bytes, deadline: float) -> bool:
        """Takes all that is written until the warden has gone; False if that is not before the deadline."""
        with selectors.DefaultSelector() as selector:
            for pipe in (self.stdout, self.stderr, self.status):
                selector.register(pipe, selectors.EVENT_READ)
            if order:
                os.set_blocking(self.stdin.fileno(), False)
                selector.register(self.stdin, selectors.EVENT_WRITE)
            else:
                self.stdin.close()
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    return False
                for key, _ in ready:
                    if key.fileobj is self.stdin:
                        order = self._feed(order)
                        done = not order
                    else:
                        chunk = os.read(key.fd, CHUNK)
                        done = not chunk
                        self._take(key.fileobj, chunk, output)
                    if done:
                        selector.unregister(key.fileobj)
        return True

    def _feed(self, order: bytes) -> bytes:
        """Writes a part of the order and returns the rest."""
        try:
            rest = order[os.write(self.stdin.fileno(), order[:CHUNK]) :]
        except BrokenPipeError:
            rest = b""
        if not rest:
            with suppress(BrokenPipeError):
                self.stdin.close()
        return rest

    def _take(self, pipe: object, chunk: bytes, output: Callable[[bytes], None]) -> None:
        if pipe is self.status:
            self.told += chunk
        elif pipe is self.stderr:
            self.tail += chunk
            del self.tail[:-_TAIL]
        elif chunk:
            output(chunk)

    def close(self) -> None:
        """Nobody reads or writes the program's pipes any more."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            with suppress(BrokenPipeError):
                pipe.close()

    @property
    def words(self) -> str:
        lines = [line for line in self.tail.decode("utf-8", "replace").splitlines() if line.strip()]
        text = printable(" / ".join(lines[-_LINES:]))
        return text if len(text) <= _LONGEST else f"…{text[-_LONGEST:]}"
