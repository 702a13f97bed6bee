"""`python -m bulkimport`. Light, because worker processes load it too."""

import gc
import os
import signal
import sys

from bulkimport import signals

_UTF8_MODE = ["-X", "utf8"]


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    for number in signals.ending():
        signal.signal(number, signals.leave)
    _open_closed_streams()
    _speak_utf8()
    from bulkimport.cli import run_command_line

    for number in signals.ending():
        signal.signal(number, signals.stop)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which asyncio knows, and does better
    gc.freeze()  # what was imported stays; a collection that looks through it all would hold up the loop for 50 ms
    sys.exit(run_command_line(sys.argv[1:]))


def _speak_utf8() -> None:
    """Starts the program again in UTF-8 mode where it was started with one in which most names cannot be said.

    Python does so itself in the locale POSIX, unless told not to (PYTHONUTF8=0). Children inherit the environment.
    """
    if sys.getfilesystemencoding() == "ascii" and not sys.flags.utf8_mode and sys.orig_argv[1:3] != _UTF8_MODE:
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *_UTF8_MODE, *sys.orig_argv[1:]])  # noqa: S606 (this very program)


def _open_closed_streams() -> None:
    """Gives the process the standard streams that it was started without (`2>&-`), leading nowhere.

    Otherwise the next file that is opened, the journal perhaps, would get the number to which others write errors.
    """
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != descriptor:
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8"))


if __name__ == "__main__":
    main()
