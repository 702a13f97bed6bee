"""What a plan or a check found: the documents and the texts."""

from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from bulkimport.planner import PlannedDataset
from bulkimport.preflight import Check
from bulkimport.report.checks import checks_document, checks_parts
from bulkimport.report.columns import column_document, columns_text
from bulkimport.report.layout import ALARM, NOTHING, Column, Layout, labelled, paragraph, table
from bulkimport.report.meaning import SANDBOX_NOTICE
from bulkimport.report.summary import changes_document, error_document
from bulkimport.wording import number

PLAN_SCHEMA = "bulkimport.plan/1"
CHECK_SCHEMA = "bulkimport.check/1"
_STYLES = {"ready": "green", "blocked": "yellow"}


def plan_document(config: str, planned: Sequence[PlannedDataset], *, sandbox: bool) -> dict[str, Any]:
    """`bulkimport.plan/1`."""
    return {
        "schema": PLAN_SCHEMA,
        "config": config,
        "sandbox": sandbox,
        "datasets": [
            _source_facts(one)
            | {"baseline": one.baseline, "items": changes_document(one.changes)}
            | _outcome_facts(one)
            for one in planned
        ],
    }


def check_document(
    config: str, planned: Sequence[PlannedDataset], warnings: Sequence[str], checks: Sequence[Check] = ()
) -> dict[str, Any]:
    """`bulkimport.check/1`."""
    return {
        "schema": CHECK_SCHEMA,
        "config": config,
        "warnings": list(warnings),
        "checks": checks_document(checks),
        "datasets": [
            _source_facts(one)
            | {
                "columns": list(one.payload.columns) if one.payload else None,
                "source_columns": [column_document(column, one.property_types) for column in one.source_columns],
            }
            | _outcome_facts(one)
            for one in planned
        ],
    }


def plan_text(config: str, planned: Sequence[PlannedDataset], layout: Layout, *, sandbox: bool) -> str:
    """The plan as a table, then what is refused and why."""
    columns = (
        Column("dataset", wraps=True),
        Column("would be"),
        Column("rows", right=True),
        Column("created", right=True),
        Column("updated", right=True),
        Column("deleted", right=True),
        Column("unchanged", right=True),
        Column("baseline"),
    )
    rows = [
        [
            *_first_cells(one),
            *(Text(number(count)) for count in _counts(one)),
            Text(one.baseline or NOTHING),
        ]
        if one.changes
        else [*_first_cells(one), *[Text(NOTHING)] * 4, Text(one.baseline or NOTHING)]
        for one in planned
    ]
    title = paragraph(f"Plan for {config}: nothing was changed.", "bold")
    return layout.render(_framed([title, "", table(columns, rows, layout.width), *_problems(planned)], sandbox))


def check_text(
    config: str,
    planned: Sequence[PlannedDataset],
    warnings: Sequence[str],
    layout: Layout,
    checks: Sequence[Check] = (),
) -> str:
    """What was found out about every source."""
    columns = (Column("dataset", wraps=True), Column("source"), Column("rows", right=True))
    parts: list[RenderableType] = [paragraph(f"Check of {config}: the config is valid.", "bold"), ""]
    parts += checks_parts(checks, layout)
    parts += [paragraph(f"Warning: {text}", "yellow") for text in warnings]
    parts.append(table(columns, list(map(_first_cells, planned)), layout.width))
    for one in planned:
        if one.source_columns:
            parts += ["", *columns_text(one, layout.width)]
    return layout.render([*parts, *_problems(planned)])


def _framed(parts: list[RenderableType], sandbox: bool) -> list[RenderableType]:
    line = paragraph(SANDBOX_NOTICE, "magenta")
    return [line, "", *parts, "", line] if sandbox else parts


def _first_cells(one: PlannedDataset) -> list[Text]:
    return [
        Text(one.name),
        Text(one.status, style=_STYLES.get(one.status, ALARM)),
        Text(number(one.payload.rows) if one.payload else NOTHING),
    ]


def _counts(one: PlannedDataset) -> tuple[int, int, int, int]:
    changes = one.changes
    return (changes.created, changes.updated, changes.deleted, changes.unchanged) if changes else (0, 0, 0, 0)


def _problems(planned: Sequence[PlannedDataset]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for one in planned:
        if one.error is not None:
            parts += ["", paragraph(f"{one.name} would be {one.status}", ALARM)]
            parts.append(labelled([("What", one.error.message), ("Next", one.error.hint)]))
        parts += [paragraph(f"Warning: {one.name}: {text}", "yellow") for text in one.warnings]
    return parts


def _source_facts(one: PlannedDataset) -> dict[str, Any]:
    payload = one.payload
    return {
        "name": one.name,
        "dataset_id": one.dataset_id,
        "status": one.status,
        "rows": payload.rows if payload else None,
        "bytes": payload.bytes if payload else None,
        "sha256": payload.sha256 if payload else None,
    }


def _outcome_facts(one: PlannedDataset) -> dict[str, Any]:
    return {"error": error_document(one.error) if one.error else None, "warnings": list(one.warnings)}
