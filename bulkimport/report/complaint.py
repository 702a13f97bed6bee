"""Errors of the command itself, for people: a wrong command line, a wrong config, a state directory that fails."""

from collections.abc import Callable

from rich.console import RenderableType

from bulkimport.errors import BulkimportError, ConfigError
from bulkimport.report.layout import ALARM, Layout, labelled, paragraph
from bulkimport.wording import counted


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
