import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import Stage
from bulkimport.refresh import events as e
from bulkimport.report import charts
from bulkimport.report.timeline import timeline
from tests.report.nights import START, WHOLE, entries, moment

VALUES = st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=12)


def test_bars_are_in_proportion_and_the_last_one_stands_out() -> None:
    found = charts.bars([50, None, 0, 100])
    assert [(box.kind, box.height) for box in found] == [("then", 13), ("gap", 1.5), ("then", 1.5), ("now", 26)]
    assert [box.x for box in found] == [0, 11.5, 18, 27]


@given(VALUES)
def test_bars_stay_within_the_picture(values: list[float | None]) -> None:
    found = charts.bars(values)
    assert len(found) == len(values)
    for box in found:
        assert box.x >= 0
        assert box.x + box.width <= len(values) * charts.BAR_STEP
        assert 0 <= box.y <= box.y + box.height <= charts.BAR_HEIGHT + 0.1


def test_a_track_shows_each_stage_in_its_place_and_widens_what_is_too_short() -> None:
    line = timeline(START, moment(1000), ["people"], entries("people", WHOLE))
    found = charts.track(line, "people")
    assert [box.kind for box in found] == [charts.WAITING, *Stage]
    assert [box.x for box in found] == [0, 1, 3, 7, 8, 13, 15, 25]
    assert [box.width for box in found] == [2, 2, 4, 2, 5, 2, 10, 2]
    assert found[0].height < found[1].height
    assert found[6].title == "poll 10s"


def test_a_track_ends_where_the_picture_ends() -> None:
    line = timeline(START, moment(1000), ["people"], entries("people", [(999.9, e.TurnCame())]))
    assert all(box.x + box.width <= charts.TRACK_WIDTH for box in charts.track(line, "people"))


def test_a_pause_is_a_break() -> None:
    events: list[tuple[float, e.Event]] = [(10, e.TurnCame()), (7210, e.RefreshResumed()), (7220, e.TurnCame())]
    line = timeline(START, moment(7230), ["people"], entries("people", events))
    (gap,) = charts.breaks(line)
    assert (gap.kind, gap.title) == ("pause", "not at work for 2h 00m")
    assert 0 < gap.x < gap.x + gap.width < charts.TRACK_WIDTH


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [(0.5, ["0", "0.1s", "0.2s", "0.3s", "0.4s", "0.5s"]), (90, ["0", "15s", "30s", "45s", "1m", "1m 15s", "1m 30s"])],
)
def test_ticks_are_labelled_as_people_write_times(seconds: float, labels: list[str]) -> None:
    assert [label for _, label in charts.ticks(timeline(START, moment(seconds), [], []))] == labels
    hours = charts.ticks(timeline(START, moment(5 * 3600), [], []))
    assert [label for _, label in hours] == ["0", "1h", "2h", "3h", "4h", "5h"]
