"""What a preflight found, as a list of ticks and crosses and as a document."""

from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bulkimport.preflight import Check, CheckStatus
from bulkimport.report.layout import ALARM, Layout, labelled, paragraph
from bulkimport.wording import counted

_MARKS = {
    CheckStatus.OK: ("✓", "ok", "green"),
    CheckStatus.WARNING: ("!", "!!", "yellow"),
    CheckStatus.FAILED: ("✗", "XX", ALARM),
    CheckStatus.SKIPPED: ("-", "--", "dim"),
}


def checks_document(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """The `checks` of `bulkimport.check/1`."""
    return [
        {
            "name": check.name,
            "dataset": check.dataset,
            "status": check.status.value,
            "message": check.message,
            "hint": check.hint or None,
        }
        for check in checks
    ]


def checks_parts(checks: Sequence[Check], layout: Layout) -> list[RenderableType]:
    """One line a check, and what to do under each that is not in order; datasets that are in order are only counted."""
    quiet = [check for check in checks if check.dataset is not None and check.status is CheckStatus.OK]
    shown = list(checks)
    if len(quiet) > 1:
        found = f"{counted(len(quiet), 'dataset')} found, with fitting keys and types."
        shown = [*(check for check in checks if check not in quiet), Check("datasets", CheckStatus.OK, found)]
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for check in shown:
        mark, plain, style = _MARKS[check.status]
        about = f"{check.name} {check.dataset}" if check.dataset is not None else check.name
        grid.add_row(Text(mark if layout.symbols else plain, style), paragraph(f"{about}: {check.message}", style))
        if check.hint:
            grid.add_row("", labelled([("Next", check.hint)]))
    return [grid, ""] if shown else []
