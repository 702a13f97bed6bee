"""`python -m bulkimport`. Light, because worker processes load it too."""

import gc
import os
import sys


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    _open_closed_streams()
    from bulkimport.cli import run_command_line

    gc.freeze()  # what was imported stays; a collection that looks through it all would hold up the loop for 50 ms
    sys.exit(run_command_line(sys.argv[1:]))


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
