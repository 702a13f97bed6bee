"""`bulkimport completion`: the script that makes a shell complete commands, options and dataset names."""

import click
from click.shell_completion import ShellComplete, get_completion_class

from bulkimport.cli.options import EXIT_SUCCESS, Common, common_options

PROGRAM = "bulkimport"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@common_options
def completion(shell: str, common: Common) -> int:
    """Prints the script that completes commands, options and dataset names in bash, zsh or fish.

    For bash, put this into ~/.bashrc:  eval "$(bulkimport completion bash)"
    """
    script = script_for(shell)
    common.show(lambda _layout: script, lambda: {"shell": shell, "script": script})
    return EXIT_SUCCESS


def script_for(shell: str) -> str:
    """Click's own script; it asks the program for every completion."""
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has all of SHELLS
    # Not `kind.source`: that of bash starts a bash to look for its version, though the script may be for elsewhere.
    return ShellComplete.source(kind(click.Group(), {}, PROGRAM, f"_{PROGRAM}_complete".upper()))
