"""What all commands share: the common options, and how results and errors are shown."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, TextIO

import click
import orjson

from bulkimport import __version__, signals
from bulkimport.cli.defects import as_error
from bulkimport.clock import SystemClock, timestamp
from bulkimport.config.durations import parse_duration
from bulkimport.errors import BulkimportError, StateError, UsageError
from bulkimport.log import LogFormat, LogLevel, Redactor, is_coloured
from bulkimport.log.rendering import json_line
from bulkimport.model import Config
from bulkimport.report.complaint import error_event, error_only, error_text
from bulkimport.report.layout import Layout

EXIT_SUCCESS, EXIT_FAILURE, EXIT_USAGE = 0, 1, 2
STATE_DIR_VARIABLE = "BULKIMPORT_STATE_DIR"
DEFAULT_STATE_DIR = ".bulkimport"
ARGUMENTS = "bulkimport.arguments"
"""Where the context keeps the whole command line."""

CommandFunction = Callable[..., int]


@dataclass(slots=True)
class Common:
    """The common options of one invocation; `redactor` learns secrets as they become known.

    `has_shown` tells whether the result was shown, `has_begun` whether a run is on record.
    """

    output: Literal["text", "json"]
    log_format: LogFormat
    log_level: LogLevel
    state_dir: str | None
    progress: bool
    redactor: Redactor
    has_shown: bool = False
    has_begun: bool = False

    def state_directory(self, config: Config | None = None) -> Path:
        """--state-dir, else the config's, else the environment's, else .bulkimport in the working directory."""
        from_config = config.run.state_dir if config is not None else None
        chosen = self.state_dir or from_config or os.environ.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR
        try:
            path = Path(chosen).expanduser().absolute()
        except FileNotFoundError:
            raise UsageError(
                f"The working directory does not exist any more, in which the state directory {chosen} would be. "
                "Nothing was sent.",
                hint="Change to a folder that exists, or name the state directory in full with --state-dir.",
            ) from None
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"The name of the state directory, {str(path)!a}, is not UTF-8, in which the journal is written.",
                hint="Rename that folder, or choose another one with --state-dir. Nothing was sent.",
            ) from None
        return path

    def named_state_directory(self, config: Config) -> str | None:
        """The state directory for a command that is typed elsewhere; None where that finds it in the config."""
        if self.state_dir is None and config.run.state_dir is not None:
            return None
        return str(self.state_directory(config))

    def show(self, text: Callable[[Layout], str], document: Callable[[], dict[str, Any]]) -> None:
        """The command's result, alone on stdout."""
        self.has_shown = True
        if self.output == "json":
            self.show_document(document())
        else:
            _write(self.redactor.text(text(layout_for(sys.stdout))).encode(sys.stdout.encoding, "replace"))

    def show_text(self, text: str) -> None:
        """A text of its own kind on stdout, in UTF-8 whatever the terminal speaks; secrets are out of it already."""
        _write(text.encode("utf-8"))

    def show_document(self, document: dict[str, Any]) -> None:
        """One JSON document on stdout."""
        self.has_shown = True
        print_document(document)

    def complain(self, error: BulkimportError) -> None:
        """An error of the command itself, on stderr."""
        complain(error, self.redactor, self.log_format)

    def tell(self, text: str, event: str, **fields: str) -> None:
        """What a person should know beside the result, on stderr; the event says it where the log is in JSON."""
        if self.log_format == "json":
            say(event, "info", fields, self.redactor)
        else:
            sys.stderr.write(self.redactor.text(f"{text}\n"))

    def show_error(self, error: BulkimportError) -> None:
        """Where JSON is asked for, the document of a command that came to no result."""
        if self.output == "json" and not self.has_shown:
            with suppress(StateError):  # stdout cannot be written to; the error itself is on stderr
                self.show_document(error_only(error, self.redactor.text))


def print_document(document: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    _write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _write(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()  # whoever read the output has gone
    except OSError as error:
        _silence()
        hint = "The command itself did its work; `bulkimport status` shows the last run again."
        raise StateError(f"The result cannot be written to stdout: {error.strerror or error}.", hint=hint) from None


def _silence() -> None:
    """A second failure while Python closes stdout would show a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    if signals.asks_for(ctx.meta.get(ARGUMENTS, ()), "--output", "json"):
        print_document({"schema": "bulkimport.version/1", "version": __version__})
    else:
        click.echo(f"bulkimport, version {__version__}")
    ctx.exit()


version_option = click.option(
    "--version",
    is_flag=True,
    is_eager=True,  # before what is missing is missed
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)


def common_options(command: CommandFunction) -> CommandFunction:
    """Adds the common options to a command, which gets them as `common`, and turns errors into exit codes."""

    @click.option("--output", type=click.Choice(["text", "json"]), default="text", help="Form of the result on stdout.")
    @click.option(
        "--log-format", type=click.Choice(["console", "json"]), default="console", help="Form of the log on stderr."
    )
    @click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        help="Least level that is logged on stderr. Default: warning for the console, else info.",
    )
    @click.option(
        "--state-dir",
        metavar="DIR",
        help=f"Journal, results and backups; else run.state_dir, else ${STATE_DIR_VARIABLE}, else {DEFAULT_STATE_DIR}.",
    )
    @click.option("--no-progress", is_flag=True, help="No live progress, even on a terminal.")
    @version_option
    @wraps(command)
    def with_common(
        output: Literal["text", "json"],
        log_format: LogFormat,
        log_level: LogLevel | None,
        state_dir: str | None,
        no_progress: bool,
        **options: Any,
    ) -> int:
        level = log_level or ("warning" if log_format == "console" else "info")
        redactor = click.get_current_context().find_object(Redactor) or Redactor()
        common = Common(output, log_format, level, state_dir, not no_progress, redactor)
        try:
            return command(common=common, **options)
        except BulkimportError as error:
            common.complain(error)
            common.show_error(error)
            return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILURE
        except KeyboardInterrupt as stopped:
            end = stop_error(stopped, has_begun=common.has_begun)
            common.complain(end)
            common.show_error(end)
            return stop_code(stopped)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            common.show_error(as_error(error))
            raise

    return with_common


def complain(error: BulkimportError, redactor: Redactor, log_format: LogFormat = "console") -> None:
    """An error of the command itself, on stderr; where the log is in JSON, as an event of it."""
    if log_format == "json":
        say("command.failed", "error", error_event(error), redactor)
        return
    with suppress(OSError):  # a terminal that has gone; the exit code is still worth having
        sys.stderr.write(error_text(error, layout_for(sys.stderr), redactor.text))
        sys.stderr.flush()


def say(event: str, level: LogLevel, fields: dict[str, Any], redactor: Redactor) -> None:
    """One line of a log in JSON on stderr, where no log is open."""
    happened = {"timestamp": timestamp(SystemClock().now()), "level": level, "event": event}
    with suppress(OSError):
        sys.stderr.write(json_line(redactor(None, level, happened | fields)) + "\n")
        sys.stderr.flush()


def stop_error(stopped: BaseException, *, has_begun: bool = False) -> BulkimportError:
    """What a signal means that came while no run was to be stopped."""
    number = stop_code(stopped) - 128
    if has_begun:
        hint = "`bulkimport status` shows how it ended."
        return BulkimportError(signals.message(number, "while the end of the run was being told"), hint=hint)
    when = stopped.when if isinstance(stopped, signals.Stopped) else signals.TOO_EARLY
    return BulkimportError(signals.message(number, when), hint=signals.AGAIN)


def stop_code(stopped: BaseException) -> int:
    """The exit code after a signal; Ctrl-C has no exception of ours."""
    return 128 + (stopped.number if isinstance(stopped, signals.Stopped) else signal.SIGINT)


def layout_for(stream: TextIO) -> Layout:
    """As wide as the terminal; 100 columns in a pipe, where a table should not depend on who reads it."""
    symbols = _can_show(stream, "✓✗")
    if not stream.isatty():
        return Layout(width=100, symbols=symbols)
    return Layout(shutil.get_terminal_size((80, 24)).columns, is_coloured(stream), symbols)


def _can_show(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


class DurationType(click.ParamType[float]):
    """A duration as in the config (`500ms`, `30s`, `15m`, `2h`), in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error) or f"{value!r} is not a duration such as 500ms, 30s, 15m or 2h", param, ctx)
