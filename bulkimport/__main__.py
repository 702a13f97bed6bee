"""`python -m bulkimport`. Light, because worker processes load it too."""

import gc
import sys


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    from bulkimport.cli import run_command_line

    gc.freeze()  # what was imported stays; a collection that looks through it all would hold up the loop for 50 ms
    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
