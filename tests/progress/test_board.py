import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import DatasetStatus
from bulkimport.progress.board import Board, Rate

NAMES = [f"d{number}" for number in range(12)]


def board() -> Board:
    return Board(["people", "positions", "links"], 100.0)


def test_a_rate_looks_back_a_few_seconds_only() -> None:
    rate = Rate()
    assert rate.per_second(0) is None
    for second in range(11):
        rate.add(1000 * second if second < 5 else 5000 * second, float(second))
    assert rate.per_second(10.0) == 5000
    assert rate.per_second(20.0) < 2000  # type: ignore[operator]  # a stalled upload slows down


def test_a_rate_starts_anew_when_the_upload_does() -> None:
    rate = Rate()
    rate.add(10_000, 0.0)
    rate.add(0, 1.0)
    rate.add(500, 2.0)
    assert rate.per_second(2.0) == 500


def test_reading_shows_rows_and_the_share_of_the_source() -> None:
    known = board()
    known.state_changed("people", "READING", "", 100.0)
    known.advanced("people", 1_000_000, 4_000_000, 101.0, rows=12345)
    known.advanced("people", 2_000_000, 4_000_000, 102.0, rows=24690)
    assert known.of("people").describe(102.0) == "50% of 4.0 MB, 1.0 MB/s, 2.0s left, 24,690 rows"
    assert known.of("people").elapsed(102.0) == 2.0


def test_a_new_state_begins_without_the_numbers_of_the_last() -> None:
    known = board()
    known.advanced("people", 1, 2, 100.0, rows=10)
    known.state_changed("people", "uploading", "", 101.0)
    assert known.of("people").describe(101.0) == ""
    known.polled("people", 3, "running")
    known.state_changed("people", "polling", "", 102.0)
    assert known.of("people").describe(102.0) == "3 polls, running, 10 rows"


def test_what_a_dataset_waits_for_is_said() -> None:
    known = board()
    known.of("links").waits_for = "people and positions"
    assert known.of("links").describe(100.0) == "for people and positions"
    assert not known.of("links").is_active
    known.state_changed("people", "locating", "", 100.0)
    known.of("people").waits_for = "an upload slot"
    assert known.of("people").describe(100.0) == "waits for an upload slot"
    known.state_changed("people", "checking", "", 100.0)
    assert known.of("people").describe(100.0) == ""
    known.of("people").limited += 1
    assert known.of("people").describe(100.0) == "waits for the limiter"


def test_an_end_stops_the_time_and_shows_its_reason() -> None:
    known = board()
    known.state_changed("people", "reading", "", 100.0)
    known.ended("people", DatasetStatus.FAILED, "the token has expired", 103.0)
    assert known.of("people").describe(200.0) == "the token has expired"
    assert known.of("people").elapsed(200.0) == 3.0
    assert known.of("positions").elapsed(200.0) == 0.0


def test_the_run_line_counts_what_is_done_and_the_traffic() -> None:
    known = board()
    known.sent(932, 12, 3, 7, 499_068, 160.0)
    known.sent(1412, 12, 3, 7, 498_588, 165.0)
    known.ended("people", DatasetStatus.FAILED, "", 110.0)
    known.ended("links", DatasetStatus.SUCCEEDED, "", 110.0)
    assert known.run_line(165.0) == (
        "1m 05s: 2 of 3 datasets done, 1 not succeeded, 1,412 requests, 96/s, 12 in flight, 3 throttled, "
        "498,588 left today, 7 waiting"
    )
    short = "1m 05s: 2/3 done, 1 bad, 96 req/s, 12 in flight, 3 throttled, 498,588 left"
    assert known.run_line(165.0, 80) == short
    assert known.run_line(165.0, 40) == "1m 05s: 2/3 done, 1 bad, 96 req/s"
    assert known.run_line(165.0, 3) == "1m 05s: 2/3 done"


@given(width=st.integers(20, 200), counts=st.tuples(*[st.integers(0, 10**7)] * 5))
def test_the_run_line_fits_any_window(width: int, counts: tuple[int, int, int, int, int]) -> None:
    known = board()
    known.sent(*counts, 101.0)
    assert len(known.run_line(102.0, width)) <= width


def test_everything_is_shown_where_there_is_room() -> None:
    known = board()
    assert known.choose(3) == (list(known.datasets.values()), "")


def test_active_ones_come_first_then_trouble_then_what_ended_last_then_what_waits() -> None:
    known = Board(NAMES, 0.0)
    known.state_changed("d11", "uploading", "", 1.0)
    for moment, number in enumerate((1, 2, 3), start=2):
        known.ended(f"d{number}", DatasetStatus.SUCCEEDED, "", float(moment))
    known.ended("d5", DatasetStatus.REFUSED, "", 2.0)
    shown, others = known.choose(4)
    assert [dataset.name for dataset in shown] == ["d3", "d5", "d11"]
    assert others == "and 9 others: 7 waiting, 2 succeeded"


@given(
    places=st.integers(0, 14),
    ends=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(DatasetStatus)),
    active=st.sets(st.sampled_from(NAMES)),
)
def test_no_dataset_is_forgotten_and_no_line_too_many(
    places: int, ends: dict[str, DatasetStatus], active: set[str]
) -> None:
    known = Board(NAMES, 0.0)
    for name in active:
        known.state_changed(name, "reading", "", 1.0)
    for name, status in ends.items():
        known.ended(name, status, "", 2.0)
    shown, others = known.choose(places)
    assert len(shown) + bool(others) <= max(places, 1)
    folded = int(others.split()[1]) if others else 0
    assert len(shown) + folded == len(NAMES)
    assert [dataset.name for dataset in shown] == [name for name in NAMES if name in {one.name for one in shown}]


@pytest.mark.parametrize("name", ["people", "a name that nobody announced"])
def test_a_dataset_that_nobody_announced_is_taken_in(name: str) -> None:
    known = board()
    known.state_changed(name, "reading", "", 100.0)
    assert known.of(name).is_active
