from bulkimport.model import DatasetStatus
from bulkimport.progress.plain import PlainProgress, SilentProgress
from tests.support.clock import FakeClock


def test_a_line_when_the_import_was_submitted_and_one_at_the_end() -> None:
    clock, lines = FakeClock(), list[str]()
    with PlainProgress(lines.append, clock) as progress:
        progress.traffic(1, 1, 0)
        progress.waiting("people", "a place")
        for state in ("reading", "checking", "locating", "uploading", "verifying", "submitting", "POLLING"):
            progress.state_changed("people", state)
            progress.rows("people", 1200, 10, 10)
            progress.uploaded("people", 10, 10)
        progress.polled("people", 1, "running")
        clock.advance(65)
        progress.state_changed("people", "polling")
        progress.ended("people", DatasetStatus.SUCCEEDED)
    assert lines == ["02:00:00Z people: import submitted, 1,200 rows", "02:01:05Z people: succeeded"]
    assert progress.printer is None


def test_names_and_details_cannot_move_the_cursor() -> None:
    lines = list[str]()
    progress = PlainProgress(lines.append, FakeClock())
    progress.state_changed("evil\x1b[2J", "searching", "first\nsecond\x1b[31m")
    assert lines == ["02:00:00Z evil\\x1b[2J: looking for an import whose reply was lost, first second\\x1b[31m"]


def test_an_end_without_success_is_left_to_the_log() -> None:
    lines = list[str]()
    PlainProgress(lines.append, FakeClock()).ended("people", DatasetStatus.FAILED, "why")
    assert lines == []


def test_a_lost_reply_is_worth_a_line_with_its_detail() -> None:
    lines = list[str]()
    PlainProgress(lines.append, FakeClock()).state_changed("people", "searching", "until 02:35")
    assert lines == ["02:00:00Z people: looking for an import whose reply was lost, until 02:35"]


def test_silence_takes_everything_and_shows_nothing() -> None:
    with SilentProgress() as progress:
        progress.state_changed("people", "reading", "detail")
        progress.rows("people", 1, 2, 3)
        progress.uploaded("people", 1, 2)
        progress.polled("people", 1, "running")
        progress.waiting("people", "a place")
        progress.traffic(1, 2, 3, 4)
        progress.ended("people", DatasetStatus.FAILED, "why")
    assert progress.printer is None
