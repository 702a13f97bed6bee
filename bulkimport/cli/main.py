"""The group of commands; a first argument that is no command is the config of `run`."""

import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from itertools import pairwise

import click
import orjson
from click.shell_completion import CompletionItem

from bulkimport import __version__
from bulkimport.cli.completion import completion
from bulkimport.cli.defects import TRACEBACK_VARIABLE, as_error
from bulkimport.cli.history import history
from bulkimport.cli.init import init
from bulkimport.cli.options import EXIT_FAILURE, EXIT_SUCCESS, EXIT_USAGE
from bulkimport.cli.planning import check, plan
from bulkimport.cli.report import report
from bulkimport.cli.restore import restore
from bulkimport.cli.run import run
from bulkimport.cli.sandbox import sandbox
from bulkimport.cli.schema import schema
from bulkimport.cli.status import status
from bulkimport.errors import UsageError
from bulkimport.log import Redactor
from bulkimport.report.complaint import error_only

EXIT_INTERRUPTED = 130


class DefaultsToRun(click.Group):
    """`bulkimport CONFIG …` is `bulkimport run CONFIG …`; the common options may stand before a command as well."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if args and args[0] not in own:
            first = self._first_word(args)
            named = first < len(args) and args[first] in self.commands
            args = [args[first], *args[:first], *args[first + 1 :]] if named else ["run", *args]
        return super().parse_args(ctx, args)

    def _first_word(self, args: Sequence[str]) -> int:
        """The place of what follows the leading options that all commands share."""
        place = 0
        while place < len(args) and (option := self._shared_options().get(args[place].partition("=")[0])) is not None:
            place += 1 if option.is_flag or "=" in args[place] else 2
        return place

    def _shared_options(self) -> dict[str, click.Option]:
        """Those of `schema`, which has no others, by their names."""
        options = (one for one in self.commands["schema"].params if isinstance(one, click.Option))
        return {name: option for option in options for name in option.opts}

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Commands and options; where none begins so, it is the file of a config."""
        found = super().shell_complete(ctx, incomplete)
        return found or [CompletionItem(incomplete, type="file")]


@click.group(
    cls=DefaultsToRun,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`bulkimport CONFIG` is short for `bulkimport run CONFIG`.",
)
@click.version_option(__version__, prog_name="bulkimport")
def commands() -> None:
    """Refreshes many Orgvue datasets at once through the asynchronous import, safely."""


for command in (run, plan, check, restore, status, history, report, init, schema, sandbox, completion):
    commands.add_command(command)


def run_command_line(arguments: Sequence[str]) -> int:
    """Runs one command; returns its exit code."""
    # what libraries log while no log of ours is open would otherwise go to stderr as it is
    logging.getLogger().addHandler(logging.NullHandler())
    unreadable = [ascii(text) for text in arguments if _is_undecodable(text)]
    if unreadable:
        sys.stderr.write(
            f"Error: what was given as {', '.join(unreadable)} is not UTF-8.\n"
            "  Next: Rename that file or folder, or correct the script that names it. Nothing was sent.\n"
        )
        return EXIT_USAGE
    redactor = Redactor()
    try:
        result = commands.main(args=list(arguments), prog_name="bulkimport", standalone_mode=False, obj=redactor)
    except click.ClickException as error:
        error.show(file=sys.stderr)
        if _wants_json(arguments):
            document = error_only(UsageError(error.format_message(), hint="`bulkimport --help` shows what there is."))
            sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except click.exceptions.Exit as error:
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a defect; what it means is said in words, not in a traceback
        _admit(error, redactor.text)
        return EXIT_FAILURE
    return result if isinstance(result, int) else EXIT_SUCCESS


def _wants_json(arguments: Sequence[str]) -> bool:
    """As far as that can be told where the arguments are wrong."""
    return "--output=json" in arguments or ("--output", "json") in pairwise(arguments)


def _is_undecodable(text: str) -> bool:
    """Whether bytes came in that stand for no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _admit(defect: Exception, redact: Callable[[str], str]) -> None:
    """The traceback is for whoever asks for it."""
    error = as_error(defect)
    sys.stderr.write(redact(f"Error: {error.message}\n  Next: {error.hint}\n"))
    if os.environ.get(TRACEBACK_VARIABLE):
        sys.stderr.write(redact("".join(traceback.format_exception(defect))))
