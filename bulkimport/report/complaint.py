"""Errors of the command itself: a wrong command line, a wrong config, a state directory that fails."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from rich.console import RenderableType

from bulkimport.errors import BulkimportError, ConfigError
from bulkimport.report.layout import ALARM, Layout, labelled, paragraph
from bulkimport.report.summary import error_document
from bulkimport.wording import counted

ERROR_SCHEMA = "bulkimport.error/1"


def error_text(error: BulkimportError, layout: Layout, redact: Callable[[str], str] = str) -> str:
    """What happened and what to do next; a `ConfigError` lists all its problems, one `file:line: key: …` a line."""
    parts: list[RenderableType]
    if isinstance(error, ConfigError):
        parts = [
            paragraph(f"Error: {counted(len(error.problems), 'problem')} in the configuration.", ALARM),
            *(paragraph(redact(str(problem))) for problem in error.problems),
        ]
    else:
        parts = [paragraph(f"Error: {redact(error.message)}", ALARM)]
    report = error.report()
    lines = [("Next", report.hint), ("Trace", report.trace_id or "")]
    shown = [(label, redact(text)) for label, text in lines if text]
    return layout.render([*parts, labelled(shown)] if shown else parts)


def error_event(error: BulkimportError) -> dict[str, Any]:
    """The fields of a log event that tells of it."""
    report = error.report()
    event: dict[str, Any] = {"error": report.message, "hint": report.hint}
    if report.stage is not None:
        event["stage"] = report.stage.value
    if report.trace_id is not None:
        event["trace_id"] = report.trace_id
    if isinstance(error, ConfigError):
        event["problems"] = [str(problem) for problem in error.problems]
    return event


def error_only(error: BulkimportError, redact: Callable[[str], str] = str) -> dict[str, Any]:
    """`bulkimport.error/1`: the document of a command that comes to no other. `problems` are those of a config."""
    document: dict[str, Any] = {"schema": ERROR_SCHEMA, "error": error_document(error.report().redacted(redact))}
    if isinstance(error, ConfigError):
        document["problems"] = [asdict(replace(problem, message=redact(problem.message))) for problem in error.problems]
    return document
