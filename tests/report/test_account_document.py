import json
from dataclasses import replace

import orjson

from bulkimport.report.account_document import account_document
from bulkimport.report.rejected import Reason, Rejected
from bulkimport.report.summary import summary_document
from tests.report.examples import BLOCKED, PARTIAL, SUCCEEDED, run_of
from tests.report.nights import WHOLE, an_account, entries

REJECTED = Rejected("training", "/x", True, (Reason("wrong", 5, ("K-1",)),))


def test_the_document_is_the_summary_and_what_only_a_report_has() -> None:
    run = run_of(SUCCEEDED, PARTIAL, BLOCKED)
    account = an_account(
        run,
        written=entries("locations", WHOLE),
        depends_on={"links": ["training"]},
        earlier=[replace(run_of(SUCCEEDED), run_id="run-0")],
        rejected=[REJECTED],
    )
    document = json.loads(orjson.dumps(account_document(account)))
    assert list(document) == [
        "schema", "told_at", "with_values", "run", "timeline", "order", "comparison", "rejected",
    ]  # fmt: skip
    assert document["schema"] == "bulkimport.report/1"
    assert document["run"] == json.loads(json.dumps(summary_document(run)))
    spans = document["timeline"]["datasets"][0]
    assert spans["name"] == "locations"
    assert spans["spans"][1] == {
        "stage": "source", "from": "2026-11-23T02:00:01.000Z", "to": "2026-11-23T02:00:03.000Z",
    }  # fmt: skip
    assert document["order"][1] == [{"name": "links", "after": ["training"]}]
    assert [run["run_id"] for run in document["comparison"]["runs"]] == ["run-0", run.run_id]
    assert document["comparison"]["runs"][1]["datasets"] == {"succeeded": 1, "partial": 1, "blocked": 1}
    assert document["comparison"]["datasets"][1]["runs"] == [
        {"run_id": run.run_id, "status": "partial", "rows": 24, "duration_s": 12.346, "deleted": 0}
    ]
    assert document["comparison"]["unreadable"] == 0
    assert document["rejected"] == [
        {
            "dataset": "training",
            "file": "/x",
            "unreadable": 0,
            "reasons": [{"reason": "wrong", "items": 5, "keys": ["K-1"]}],
        }
    ]


def test_entries_are_in_it_only_where_the_account_has_them() -> None:
    told = replace(REJECTED, reasons=(Reason("wrong", 1, ("K",), ('{"a":1}',)),))
    document = account_document(an_account(run_of(PARTIAL), rejected=[told], with_values=True))
    assert document["with_values"] is True
    assert document["rejected"][0]["reasons"][0]["entries"] == ['{"a":1}']
    gone = account_document(an_account(run_of(PARTIAL), rejected=[replace(REJECTED, is_there=False)]))
    assert gone["rejected"][0]["file"] is None
