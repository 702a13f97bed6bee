import pytest

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.notify.events import events_of
from tests.report.examples import ended, run_of

S = DatasetStatus


@pytest.mark.parametrize(
    ("statuses", "events"),
    [
        ([S.FAILED, S.SUCCEEDED], ("failure",)),
        ([S.PARTIAL], ("failure",)),
        ([S.UNKNOWN], ("failure",)),
        ([S.CANCELLED], ("failure",)),
        ([S.REFUSED, S.SUCCEEDED], ("refusal",)),
        ([S.REFUSED, S.BLOCKED], ("refusal",)),
        ([S.REFUSED, S.FAILED], ("failure", "refusal")),
        ([S.BLOCKED], ("failure",)),
    ],
)
def test_a_run_that_failed_is_a_failure_a_refusal_or_both(
    statuses: list[DatasetStatus], events: tuple[str, ...]
) -> None:
    run = run_of(*map(ended, statuses))
    assert events_of(run, recovered=False) == events_of(run, recovered=True) == events


def test_a_run_that_was_stopped_is_a_failure_whatever_it_had_done() -> None:
    run = run_of(ended(S.SUCCEEDED), status=RunStatus.INTERRUPTED)
    assert events_of(run, recovered=True) == ("failure",)


def test_a_success_is_a_recovery_too_where_something_was_out_of_order() -> None:
    run = run_of(ended(S.UNCHANGED), status=RunStatus.SUCCEEDED)
    assert events_of(run, recovered=False) == ("success",)
    assert events_of(run, recovered=True) == ("recovery", "success")
