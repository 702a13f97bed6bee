"""The group of commands; a first argument that is no command is the config of `run`."""

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from bulkimport.cli.completion import completion
from bulkimport.cli.defects import TRACEBACK_VARIABLE, as_error
from bulkimport.cli.history import history
from bulkimport.cli.init import init
from bulkimport.cli.options import (
    ARGUMENTS,
    EXIT_FAILURE,
    EXIT_SUCCESS,
    EXIT_USAGE,
    complain,
    print_document,
    stop_code,
    stop_error,
    version_option,
)
from bulkimport.cli.planning import check, plan
from bulkimport.cli.report import report
from bulkimport.cli.restore import restore
from bulkimport.cli.run import run
from bulkimport.cli.sandbox import sandbox
from bulkimport.cli.schema import schema
from bulkimport.cli.status import status
from bulkimport.errors import BulkimportError, StateError, UsageError
from bulkimport.log import LogFormat, Redactor
from bulkimport.report.complaint import error_only
from bulkimport.signals import asks_for


class DefaultsToRun(click.Group):
    """`bulkimport CONFIG …` is `bulkimport run CONFIG …`; the common options may stand before a command as well."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h"}
        ctx.meta[ARGUMENTS] = tuple(args)
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
@version_option
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
        hint = "Rename that file or folder, or correct the script that names it. Nothing was sent."
        wrong = UsageError(f"What was given as {', '.join(unreadable)} is not UTF-8.", hint=hint)
        complain(wrong, Redactor(), _log_format(arguments))
        return _show_error(wrong, arguments, EXIT_USAGE)
    redactor = Redactor()
    try:
        result = commands.main(args=list(arguments), prog_name="bulkimport", standalone_mode=False, obj=redactor)
    except click.ClickException as error:
        wrong = UsageError(error.format_message(), hint="`bulkimport --help` shows what there is.")
        if _log_format(arguments) == "json":
            complain(wrong, redactor, "json")
        else:
            error.show(file=sys.stderr)
        return _show_error(wrong, arguments, EXIT_USAGE)
    except (click.Abort, KeyboardInterrupt) as ended:
        signalled = ended.__cause__ or ended
        stopped = stop_error(signalled)
        complain(stopped, redactor, _log_format(arguments))
        return _show_error(stopped, arguments, stop_code(signalled))
    except click.exceptions.Exit as error:
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a defect; what it means is said in words, not in a traceback
        _admit(error, redactor, _log_format(arguments))
        return EXIT_FAILURE
    return result if isinstance(result, int) else EXIT_SUCCESS


def _log_format(arguments: Sequence[str]) -> LogFormat:
    return "json" if asks_for(arguments, "--log-format", "json") else "console"


def _show_error(error: BulkimportError, arguments: Sequence[str], code: int) -> int:
    """Where JSON is asked for, the document of a command that was not even begun; returns the exit code."""
    if asks_for(arguments, "--output", "json"):
        with suppress(StateError):  # nobody can read it
            print_document(error_only(error))
    return code


def _is_undecodable(text: str) -> bool:
    """Whether bytes came in that stand for no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _admit(defect: Exception, redactor: Redactor, log_format: LogFormat) -> None:
    """The traceback is for whoever asks for it."""
    complain(as_error(defect), redactor, log_format)
    if os.environ.get(TRACEBACK_VARIABLE):
        sys.stderr.write(redactor.text("".join(traceback.format_exception(defect))))
