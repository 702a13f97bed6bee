"""What a preflight found, as a list of ticks and crosses and as a document."""

from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding

from bulkimport.preflight import Check, Verdict
from bulkimport.report.layout import ALARM, Layout, labelled, paragraph
from bulkimport.wording import counted

_MARKS = {
    Verdict.OK: ("✓", "ok", "green"),
    Verdict.WARNING: ("!", "!!", "yellow"),
    Verdict.FAILED: ("✗", "XX", ALARM),
    Verdict.SKIPPED: ("-", "--", "dim"),
}


def checks_document(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """The `checks` of `bulkimport.check/1`."""
    return [
        {
            "name": check.name,
            "dataset": check.dataset,
            "status": check.verdict.value,
            "message": check.message,
            "hint": check.hint or None,
        }
        for check in checks
    ]


def checks_parts(checks: Sequence[Check], layout: Layout) -> list[RenderableType]:
    """One line a check, and what to do under each that is not in order; datasets that are in order are only counted."""
    quiet = [check for check in checks if check.dataset is not None and check.verdict is Verdict.OK]
    shown = checks if len(quiet) <= 1 else [check for check in checks if check not in quiet]
    parts: list[RenderableType] = []
    for check in shown:
        parts += _lines(check, layout)
    if len(quiet) > 1:
        found = f"{counted(len(quiet), 'dataset')} found, with fitting keys and types."
        parts += _lines(Check("datasets", Verdict.OK, found), layout)
    return [*parts, ""] if parts else []


def _lines(check: Check, layout: Layout) -> list[RenderableType]:
    mark, plain, style = _MARKS[check.verdict]
    about = f"{check.name} {check.dataset}" if check.dataset is not None else check.name
    line = paragraph(f"{mark if layout.symbols else plain} {about}: {check.message}", style)
    return [line, Padding(labelled([("Next", check.hint)]), (0, 0, 0, 2))] if check.hint else [line]
