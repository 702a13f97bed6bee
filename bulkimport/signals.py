"""The signals that end the program, from its first moment on. Light: it is there before anything else is loaded."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NoReturn

TOO_EARLY = "before anything was sent"
AGAIN = "Nothing has to be continued; start the command again."

_DOCUMENT = """{
  "schema": "bulkimport.error/1",
  "error": {
    "stage": null,
    "http_status": null,
    "code": null,
    "name": null,
    "message": "%(message)s",
    "hint": "%(hint)s",
    "trace_id": null,
    "retryable": false
  }
}
"""
_EVENT = '{"timestamp":"%(time)s","level":"error","event":"command.failed","error":"%(message)s","hint":"%(hint)s"}\n'


class Stopped(KeyboardInterrupt):
    """A signal while nothing is under way that has to end in its own way. `when` completes "Stopped by SIGINT"."""

    def __init__(self, number: int, when: str = TOO_EARLY) -> None:
        super().__init__(number)
        self.number = number
        self.when = when


def ending() -> tuple[signal.Signals, ...]:
    """Those that end the program: SIGHUP, by which a terminal says that it has gone, unless it is ignored (`nohup`)."""
    always = (signal.SIGINT, signal.SIGTERM)
    return always if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (*always, signal.SIGHUP)


def asks_for(arguments: Sequence[str], option: str, value: str) -> bool:
    """Whether the command line chooses this value, as far as can be told before it is read, or where it is wrong."""
    return f"{option}={value}" in arguments or (option, value) in pairwise(arguments)


def message(number: int, when: str) -> str:
    return f"Stopped by {signal.Signals(number).name} {when}."


def leave(number: int, frame: object) -> None:
    """While the program is still being loaded, which no exception may interrupt: nothing has been done yet."""
    exit_at_once(number, message(number, TOO_EARLY), AGAIN)


def exit_at_once(number: int, error: str, hint: str) -> NoReturn:
    """Says so in the form that the command line asks for, and ends the process without waiting for anything.

    Both texts must be free of what JSON escapes, since nothing more can be loaded by now.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    facts = {"time": now, "message": error, "hint": hint}
    in_json = asks_for(sys.argv, "--log-format", "json")
    with suppress(OSError):
        os.write(2, ((_EVENT if in_json else "Error: %(message)s\n  Next: %(hint)s\n") % facts).encode())
    if asks_for(sys.argv, "--output", "json"):
        with suppress(OSError):
            os.write(1, (_DOCUMENT % facts).encode())
    os._exit(128 + number)


def stop(number: int, frame: object) -> None:
    """Once the program is loaded: whatever is open is closed on the way out."""
    raise Stopped(number)
