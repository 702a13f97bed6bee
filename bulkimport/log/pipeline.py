"""One pipeline for everything that is logged, ours and the libraries': filter, bind, redact, render, write."""

import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TextIO, cast

import anyio
import anyio.to_thread
import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from bulkimport.clock import timestamp
from bulkimport.log.redaction import Redactor
from bulkimport.log.rendering import console_line, json_line
from bulkimport.log.writer import BackgroundWriter, FileSink, Printer, StreamSink

LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_SEVERITY: dict[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_LEVEL_NAMES = {"critical": "error", "exception": "error", "warn": "warning", "notset": "debug"}


def logger() -> FilteringBoundLogger:
    """A logger; `.bind(dataset=…)` adds fields to everything that it logs. Silent unless `configure` came first.

    The names of events are in `bulkimport.log.events`; fields are `run_id`, `dataset`, `stage`, `trace_id` where they
    apply, and what the event is about.
    """
    return cast("FilteringBoundLogger", structlog.get_logger())


def configure(
    log_format: LogFormat,
    level: LogLevel,
    redactor: Redactor,
    *,
    run_log: Path | None = None,
    stream: TextIO | None = None,
    printer: Printer | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> "LogOutput":
    """Sends all logging of the program to `stream` (default: stderr) and, as JSON lines, to `run_log`.

    `stream` gets events of `level` and above; `run_log` those and everything from `info` up, in a file of mode 0600.
    `printer` takes over from `stream` where live progress owns the terminal. Close what is returned, which writes what
    still waits: as a context manager, or with `aclose` on an event loop.
    """
    return LogOutput(log_format, level, redactor, run_log, stream or sys.stderr, printer, now)


class LogOutput:
    """Where the log goes. Writing neither blocks nor fails: what cannot be written is lost."""

    def __init__(
        self,
        log_format: LogFormat,
        level: LogLevel,
        redactor: Redactor,
        run_log: Path | None,
        stream: TextIO,
        printer: Printer | None,
        now: Callable[[], datetime],
    ) -> None:
        self._format = log_format
        self._threshold = _SEVERITY[level]
        self._redactor = redactor
        self._now = now
        self._colour = is_coloured(stream)
        self._bound: dict[str, Any] = {}
        self._sink = StreamSink(stream, printer)
        self._stream = BackgroundWriter(self._sink)
        self._run_log: BackgroundWriter | None = None
        if run_log is not None:
            self.record_to(run_log)
        self._bridge = _LibraryLogs()
        self._install()

    def record_to(self, run_log: Path) -> None:
        """From now on keeps a copy in this file, of events from `info` up (or from the chosen level, if lower)."""
        if self._run_log is not None:
            self._run_log.close()
        self._run_log = BackgroundWriter(FileSink(run_log))

    def print_through(self, printer: Printer | None) -> None:
        """Lines for people go through `printer` instead of the stream; None gives them back to the stream."""
        self._sink.printer = printer

    def bind(self, **fields: object) -> None:
        """Adds fields, such as the `run_id`, to every event from now on."""
        self._bound |= fields

    def line(self, text: str) -> None:
        """One line of plain text on the stream, redacted, in order with the log's lines."""
        self._stream.put(self._redactor.text(text))

    def close(self) -> None:
        """Writes what waits (a stuck terminal may lose it after two seconds) and ends the logging of the program.

        Lines that the run's own file lacks are told on the stream.
        """
        if self._run_log is not None:
            self._run_log.close()
            lost, self._run_log = self._run_log.lost, None
            if lost:
                logger().warning("log.lost", lines=lost, hint="The run's log lacks them: see to the disk it is on.")
        logging.getLogger().removeHandler(self._bridge)
        logging.captureWarnings(False)
        _be_silent()
        self._stream.close()

    async def aclose(self) -> None:
        """`close` for an event loop: waiting for the last lines does not hold it up."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _install(self) -> None:
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                self._complete,
                self._redactor,
                self._dispatch,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(min(self._threshold, _SEVERITY["info"])),
            logger_factory=_NoLogger,
            cache_logger_on_first_use=False,  # a later configure() must reach loggers that exist already
        )
        logging.getLogger().addHandler(self._bridge)
        logging.captureWarnings(True)

    def _complete(self, _logger: object, _method: str, event_dict: EventDict) -> EventDict:
        """Adds the time and the run's fields; an exception becomes a sentence, its traceback for debugging only."""
        event = self._bound | dict(event_dict)
        event["timestamp"] = timestamp(self._now())
        event["level"] = _LEVEL_NAMES.get(event["level"], event["level"])
        error = _exception_of(event.pop("exc_info", None))
        if error is not None:
            event.setdefault("error", error)
            if self._threshold <= _SEVERITY["debug"]:
                event["traceback"] = "".join(traceback.format_exception(error))
        return event

    def _dispatch(self, _logger: object, _method: str, event_dict: EventDict) -> EventDict:
        as_json = json_line(event_dict)
        if _SEVERITY[event_dict["level"]] >= self._threshold:
            is_json = self._format == "json"
            self._stream.put(as_json if is_json else console_line(event_dict, colour=self._colour))
        if self._run_log is not None:
            self._run_log.put(as_json)
        raise structlog.DropEvent


class _NoLogger:
    """Stands where structlog expects the logger that writes; the pipeline's last step has written already."""

    def __init__(self, *_names: object) -> None:
        pass


# How asyncio tells that a process it was closing ended in that very moment; nobody asks for its return code any more.
_MISSED_END = re.compile(r"Unknown child process|child process pid \d+ exit status already read|Loop .+ handles pid")


class _LibraryLogs(logging.Handler):
    """Routes the libraries' own logging (aiohttp, asyncio) into the pipeline, from `warning` up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit the format
            message = str(record.msg)
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        if record.name == "asyncio" and _MISSED_END.match(message):
            level = logging.DEBUG
        logger().log(level, message, logger=record.name, exc_info=record.exc_info)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 — the name that logging calls
        """A record that cannot be logged is dropped; the default would print a traceback."""


def _drop(_logger: object, _method: str, _event_dict: EventDict) -> EventDict:
    raise structlog.DropEvent


def _be_silent() -> None:
    """Without an output, events are dropped: structlog's own default would print them to stdout, among the result."""
    structlog.configure(processors=[_drop], logger_factory=_NoLogger, cache_logger_on_first_use=False)


def _exception_of(exc_info: object) -> BaseException | None:
    """The exception in the forms that callers of logging functions pass it."""
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case None | False | (None, None, None):
            return None
        case _:
            return sys.exc_info()[1]


def is_coloured(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """Whether colours are welcome on the stream: on a terminal that can show them, and without `NO_COLOR`."""
    environ = os.environ if environ is None else environ
    try:
        on_terminal = stream.isatty()
    except (OSError, ValueError):
        return False
    return on_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


_be_silent()
