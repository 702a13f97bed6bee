from dataclasses import replace

import pytest

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.report.facts import NO_CAUSE
from tests.report.examples import BLOCKED, EXPIRED, PARTIAL, SUCCEEDED, ended, run_of


def test_datasets_are_counted_by_status_in_a_fixed_order() -> None:
    running = replace(SUCCEEDED, status=None, state="uploading")
    run = run_of(BLOCKED, running, SUCCEEDED, PARTIAL, SUCCEEDED, status=RunStatus.RUNNING)
    assert list(run.counts().items()) == [("succeeded", 2), ("partial", 1), ("blocked", 1), ("running", 1)]
    assert {type(name) for name in run.counts()} == {str}, "a JSON document has no other keys"
    assert run.as_history().datasets == run.counts()


@pytest.mark.parametrize("status", list(DatasetStatus))
def test_only_what_did_not_succeed_has_a_problem_and_it_always_has_one(status: DatasetStatus) -> None:
    assert ended(status, error=EXPIRED).problem == (None if status.is_success else EXPIRED)
    assert ended(status).problem == (None if status.is_success else NO_CAUSE)


def test_items_say_something_only_where_a_result_was_seen() -> None:
    seen = {status for status in DatasetStatus if ended(status).result_seen}
    assert seen == {DatasetStatus.SUCCEEDED, DatasetStatus.PARTIAL}
    assert replace(ended(DatasetStatus.UNKNOWN), items=PARTIAL.items).result_seen


def test_what_still_runs_has_no_problem() -> None:
    assert replace(SUCCEEDED, status=None, error=EXPIRED).problem is None


def test_every_foreign_text_can_be_redacted() -> None:
    error = replace(EXPIRED, message="m SECRET", hint="h SECRET", code="SECRET", name="SECRET", trace_id="SECRET")
    dataset = replace(ended(DatasetStatus.FAILED, error=error), trace_ids=("SECRET",), warnings=("w SECRET",))
    run = replace(run_of(dataset, SUCCEEDED, ended(DatasetStatus.FAILED)), warnings=("SECRET",))
    assert "SECRET" not in repr(run.redacted(lambda text: text.replace("SECRET", "…")))
    assert run.redacted(str) == run
