"""Runs one program and sees to it that nothing of it outlives whoever asked for it.

    python warden.py LIFELINE STATUS PROGRAM [ARGUMENT…]

LIFELINE is a descriptor that only its other end keeps open: when that closes, for whatever reason, the program and
all that it has started are killed. The same happens when the program itself ends. STATUS is a descriptor that is told
`pid N` when the program runs, `cannot N` (an errno) if it does not, and at the end `exit N` or `signal N`.

A process of its own, because the process that asks may be killed at any instant. Run by its path and with nothing but
the standard library, so that it costs little.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> int:
    lifeline, status = int(arguments[0]), int(arguments[1])
    _stay()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, _nothing)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        process = subprocess.Popen(arguments[2:], start_new_session=True)  # noqa: S603 (its only purpose)
    except OSError as error:
        _tell(status, f"cannot {error.errno}")
        return 1
    _tell(status, f"pid {process.pid}")
    _let_go_of_output()
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if lifeline in select.select([lifeline, woken], [], [])[0]:
            break
        os.read(woken, 4096)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    _kill_orphans()
    _tell(status, f"exit {code}" if code >= 0 else f"signal {-code}")
    return 0


def _tell(status: int, what: str) -> None:
    """Whoever asked may be gone at any time: that ends the program, not the warden."""
    with suppress(BrokenPipeError):
        os.write(status, f"{what}\n".encode())


def _stay() -> None:
    """Signals for a whole group are not for the warden: it ends when its work is done. What it starts has them as they
    are by default again, and comes to the warden when its own parent has gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, _nothing)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _let_go_of_output() -> None:
    """Readers of the program's output shall see its end when the program is gone, not when the warden is."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def _kill_orphans() -> None:
    """What has left the program's group: started as a daemon, say."""
    while True:
        try:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        except OSError:
            return  # a kernel that does not tell
        if not children:
            return
        for child in map(int, children):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def _nothing(_number: int, _frame: object) -> None:
    """A handler, where SIG_IGN would be inherited."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
