"""The group of commands; a first argument that is no command is the config of `run`."""

import sys
from collections.abc import Sequence

import click

from bulkimport import __version__
from bulkimport.cli.options import EXIT_FAILURE, EXIT_USAGE
from bulkimport.cli.planning import check, plan
from bulkimport.cli.restore import restore
from bulkimport.cli.run import run
from bulkimport.cli.sandbox import sandbox
from bulkimport.cli.schema import schema
from bulkimport.cli.status import history, status


class DefaultsToRun(click.Group):
    """`bulkimport CONFIG …` is `bulkimport run CONFIG …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if args and args[0] not in self.commands and args[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=DefaultsToRun,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`bulkimport CONFIG` is short for `bulkimport run CONFIG`.",
)
@click.version_option(__version__, prog_name="bulkimport")
def commands() -> None:
    """Refreshes many Orgvue datasets at once through the asynchronous import, safely."""


for command in (run, plan, check, restore, status, history, schema, sandbox):
    commands.add_command(command)


def run_command_line(arguments: Sequence[str]) -> int:
    """Runs one command; returns its exit code."""
    try:
        result = commands.main(args=list(arguments), prog_name="bulkimport", standalone_mode=False)
    except click.ClickException as error:
        error.show(file=sys.stderr)
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.exceptions.Exit as error:
        return error.exit_code
    return result if isinstance(result, int) else EXIT_FAILURE if result is None else 0
