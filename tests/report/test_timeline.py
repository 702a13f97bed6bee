from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import DatasetStatus, Stage
from bulkimport.refresh import events as e
from bulkimport.refresh.machine import IllegalEventError
from bulkimport.report.timeline import Timeline, seconds_by_stage, timeline
from tests.report.nights import START, WHOLE, entries, in_order, moment
from tests.support.vocabulary import an_error

REFUSED = e.RefreshEnded(DatasetStatus.REFUSED, an_error())


def stages(found: Timeline, name: str) -> list[tuple[Stage | None, float, float]]:
    return [
        (span.stage, (span.start - START).total_seconds(), (span.end - START).total_seconds())
        for span in found.rows[name]
    ]


def test_a_whole_refresh_goes_through_all_stages() -> None:
    found = timeline(START, moment(30), ["people"], entries("people", WHOLE))
    assert stages(found, "people") == [
        (None, 0, 1),
        (Stage.SOURCE, 1, 3),
        (Stage.GUARD, 3, 7),
        (Stage.GENERATE, 7, 8),
        (Stage.UPLOAD, 8, 13),
        (Stage.IMPORT, 13, 15),
        (Stage.POLL, 15, 25),
        (Stage.RESULT, 25, 27),
    ]
    assert seconds_by_stage(found.rows["people"]) == {
        None: 1, Stage.SOURCE: 2, Stage.GUARD: 4, Stage.GENERATE: 1, Stage.UPLOAD: 5, Stage.IMPORT: 2, Stage.POLL: 10,
        Stage.RESULT: 2,
    }  # fmt: skip


def test_what_has_not_ended_reaches_to_the_end_and_what_never_began_waits() -> None:
    found = timeline(START, moment(30), ["people", "links"], entries("people", WHOLE[:2]))
    assert stages(found, "people")[-1] == (Stage.GUARD, 3, 30)
    assert stages(found, "links") == [(None, 0, 30)]


def test_datasets_keep_the_order_in_which_they_are_given() -> None:
    written = in_order(entries("b", WHOLE), entries("a", WHOLE))
    assert list(timeline(START, moment(30), ["a", "b"], written).rows) == ["a", "b"]


def test_the_hours_between_two_processes_are_a_pause_in_which_nothing_was_done() -> None:
    again = [(at + 3600, event) for at, event in WHOLE]
    written = in_order(
        entries("people", [*WHOLE[:3], (3600, e.RefreshResumed()), *again]),
        entries("links", [(2, e.TurnCame()), (3600.5, e.RefreshResumed()), (3620, e.TurnCame()), (3640, REFUSED)]),
    )
    found = timeline(START, moment(3650), ["people", "links"], written)
    assert [(start, end) for start, end in found.pauses] == [(moment(7), moment(3600))]
    assert stages(found, "links") == [
        (None, 0, 2),
        (None, 3600.5, 3620),
        (Stage.SOURCE, 3620, 3640),
    ]
    assert stages(found, "people")[3] == (None, 3600, 3601)
    assert found.worked_until(moment(3600)) == found.worked_until(moment(7)) == 7
    assert found.worked_until(found.end) == 57
    assert 0 < found.place(moment(7)) < found.place(moment(3600)) < 0.2


def test_a_run_without_time_or_with_a_clock_set_back_is_told_all_the_same() -> None:
    nothing = timeline(START, START, ["people"], [])
    assert (nothing.place(START), nothing.rows["people"]) == (0.0, ())
    back = timeline(START, moment(5), ["people"], entries("people", [(3, e.TurnCame()), (1, REFUSED)]))
    assert stages(back, "people") == [(None, 0, 3)]


def test_events_that_make_no_sense_are_not_drawn() -> None:
    with pytest.raises(IllegalEventError):
        timeline(START, moment(5), ["people"], entries("people", [(1, e.PayloadUploaded())]))


@pytest.mark.parametrize(
    ("seconds", "last", "count"), [(0.45, 0.4, 5), (7, 6, 4), (30, 30, 7), (200, 180, 4), (7200, 7200, 5)]
)
def test_ticks_are_few_and_round(seconds: float, last: float, count: int) -> None:
    ticks = timeline(START, moment(seconds), [], []).ticks()
    assert (ticks[0], ticks[-1][1], len(ticks)) == ((0.0, 0), last, count)
    assert ticks[-1][0] == pytest.approx(last / seconds)


@given(
    st.floats(0.001, 1e6),
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(6, 1e5)), max_size=4),
    st.lists(st.floats(-10, 2e6), min_size=2, max_size=6),
)
def test_places_are_within_the_picture_and_in_the_order_of_time(
    work: float, stops: list[tuple[float, float]], asked: list[float]
) -> None:
    pauses, shift = [], 0.0
    for at, length in sorted(stops):
        pauses.append((moment(at + shift), moment(at + shift + length)))
        shift += length
    found = Timeline(START, moment(work + shift), tuple(pauses), {})
    places = [found.place(START + timedelta(seconds=seconds)) for seconds in sorted(asked)]
    assert all(later >= place - 1e-9 for place, later in pairwise(places))
    assert all(0 <= place <= 1 for place in places)
    assert all(0 <= place <= 1 for place, _ in found.ticks())
    assert len(found.ticks()) <= 13 or work > 6 * 86400
