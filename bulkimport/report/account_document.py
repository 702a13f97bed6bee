"""`bulkimport.report/1`: a report as a JSON document. Pure."""

from typing import Any

from bulkimport.clock import timestamp
from bulkimport.report.account import Account
from bulkimport.report.charts import stage_name
from bulkimport.report.comparison import Point
from bulkimport.report.rejected import Rejected
from bulkimport.report.summary import Document, summary_document

REPORT_SCHEMA = "bulkimport.report/1"


def account_document(account: Account) -> Document:
    """The summary under `run`, beside it what only a report has; runs in `comparison` are the oldest first, without the
    `unreadable` ones."""
    line, comparison = account.timeline, account.comparison
    return {
        "schema": REPORT_SCHEMA,
        "told_at": timestamp(account.told_at),
        "with_values": account.with_values,
        "run": summary_document(account.facts),
        "timeline": {
            "from": timestamp(line.start),
            "to": timestamp(line.end),
            "pauses": [{"from": timestamp(start), "to": timestamp(end)} for start, end in line.pauses],
            "datasets": [
                {
                    "name": name,
                    "spans": [
                        {"stage": stage_name(span.stage), "from": timestamp(span.start), "to": timestamp(span.end)}
                        for span in spans
                    ],
                }
                for name, spans in line.rows.items()
            ],
        },
        "order": [[{"name": place.name, "after": list(place.after)} for place in step] for step in account.order],
        "comparison": {
            "runs": [
                {
                    "run_id": run.run_id,
                    "status": run.status.value,
                    "started_at": timestamp(run.started_at),
                    "duration_s": run.duration_s,
                    "rows": run.rows,
                    "deleted": run.deleted,
                    "datasets": {str(status): count for status, count in run.counts.items()},
                }
                for run in comparison.runs
            ],
            "datasets": [
                {"name": name, "runs": [_point(point) for point in points if point is not None]}
                for name, points in comparison.series.items()
            ],
            "unreadable": comparison.unreadable,
        },
        "rejected": [_rejected(one) for one in account.rejected],
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "run_id": point.run_id,
        "status": point.status.value if point.status else None,
        "rows": point.rows,
        "duration_s": round(point.duration_s, 3),
        "deleted": point.deleted,
    }


def _rejected(found: Rejected) -> dict[str, Any]:
    """`entries` are there only if the values of items were asked for; `unreadable` counts lines of the file."""
    return {
        "dataset": found.dataset,
        "file": found.path if found.is_there else None,
        "unreadable": found.unreadable,
        "reasons": [
            {"reason": reason.text, "items": reason.count, "keys": list(reason.keys)}
            | ({"entries": list(reason.entries)} if reason.entries else {})
            for reason in found.reasons
        ],
    }
