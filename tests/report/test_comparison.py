from dataclasses import replace

from bulkimport.model import DatasetStatus, ItemCounts, RunStatus
from bulkimport.report.comparison import compare_runs, usual
from tests.report.examples import BLOCKED, PARTIAL, SUCCEEDED, UNKNOWN, run_of


def test_every_dataset_of_the_run_has_a_point_for_every_run_that_it_was_a_part_of() -> None:
    first = run_of(replace(SUCCEEDED, rows=20, items=ItemCounts(deleted=4)), status=RunStatus.SUCCEEDED)
    second = run_of(BLOCKED)
    found = compare_runs(run_of(SUCCEEDED, UNKNOWN), [first, second])
    locations = found.series["locations"]
    assert [point and (point.rows, point.deleted) for point in locations] == [(20, 4), None, (24, 1)]
    assert [point and point.status for point in found.series["positions"]] == [None, None, DatasetStatus.UNKNOWN]
    assert list(found.series) == ["locations", "positions"]


def test_deletions_are_known_only_where_a_result_was_seen() -> None:
    deleted = replace(PARTIAL, items=ItemCounts(deleted=3, failed=5))
    found = compare_runs(run_of(UNKNOWN, BLOCKED, deleted), [])
    assert [points[-1].deleted for points in found.series.values() if points[-1]] == [None, None, 3]


def test_a_run_is_summed_up_and_has_no_duration_until_it_has_ended() -> None:
    found = compare_runs(
        run_of(SUCCEEDED, PARTIAL, status=RunStatus.RUNNING), [run_of(SUCCEEDED, BLOCKED)], unreadable=2
    )
    before, now = found.runs
    assert (before.duration_s, before.rows, before.deleted) == (190.412, 48, 1)
    assert (now.duration_s, now.rows, now.counts) == (None, 48, {"succeeded": 1, "partial": 1})
    assert found.unreadable == 2


def test_the_usual_value_is_the_median_of_those_before() -> None:
    assert usual([1, 100, 3, 7]) == 3
    assert usual([None, 4, None, 9]) == 4
    assert usual([5]) is None
    assert usual([None, 5]) is None
