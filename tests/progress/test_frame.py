from bulkimport.model import DatasetStatus
from bulkimport.progress.board import Board
from bulkimport.progress.frame import frame


def board(count: int) -> Board:
    known = Board([f"a-rather-long-name-{number:03}" for number in range(count)], 0.0)
    for number in range(0, count, 12):
        known.state_changed(f"a-rather-long-name-{number:03}", "uploading", "", 1.0)
        known.advanced(f"a-rather-long-name-{number:03}", 0, 80_000_000, 2.0)
        known.advanced(f"a-rather-long-name-{number:03}", 20_000_000, 80_000_000, 4.0)
    return known


def texts(known: Board, width: int, height: int) -> list[str]:
    return [line.plain for line in frame(known, width, height, 4.0)]


def test_five_datasets_have_all_that_is_known_of_them() -> None:
    first, *_, run = texts(board(5), 100, 24)
    assert first == f"{'a-rather-long-name-000  uploading   25% of 80.0 MB, 10.0 MB/s, 6.0s left':<93}   3.0s"
    assert run == "4.0s: 0 of 5 datasets done, 0 requests, 0/s, 0 in flight"


def test_a_narrow_window_keeps_name_state_and_share() -> None:
    first, second, *_ = texts(board(5), 40, 24)
    assert first == "a-rather-lon…  uploading   25% of 80.0…"
    assert second == "a-rather-lon…  waiting"


def test_of_200_datasets_the_active_ones_are_shown_and_the_rest_is_counted() -> None:
    known = board(200)
    known.ended("a-rather-long-name-007", DatasetStatus.FAILED, "why", 3.0)
    shown = texts(known, 80, 24)
    assert len(shown) == 23
    assert sum("uploading" in line for line in shown) == 17
    assert any("failed" in line for line in shown)
    assert shown[-2] == "and 179 others: 179 waiting"


def test_an_ellipsis_that_the_terminal_has_ends_what_was_cut() -> None:
    lines = frame(board(1), 20, 5, 4.0, shown=lambda text: text.upper(), ellipsis="~")
    assert lines[0].plain == "A-RAT~  UPLOADING"
