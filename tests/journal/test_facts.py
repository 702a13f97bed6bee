import pytest

from bulkimport.journal.facts import RefreshFacts, advance
from bulkimport.journal.records import Entry
from bulkimport.model import DatasetStatus, ItemCounts
from bulkimport.refresh.events import (
    Event,
    ImportAccepted,
    ImportFound,
    ImportReplyLost,
    ImportRequested,
    ImportRuledOut,
    JobCompleted,
    LocationExpired,
    PayloadUploaded,
    RefreshEnded,
    RefreshResumed,
    TurnCame,
    UploadVerified,
)
from tests.journal.samples import ERROR, SECRET_URL, ended, fold, moment, source_read, succeeded


def after(*events: Event, apart: float = 10) -> RefreshFacts:
    """The facts after these events, which happen `apart` seconds from each other."""
    return fold(
        Entry("run-1", "people", seq, moment(apart * (seq - 1)), event) for seq, event in enumerate(events, start=1)
    )


def test_nothing_is_known_at_first() -> None:
    assert after() == RefreshFacts()


def test_events_without_facts_change_nothing() -> None:
    facts = after(source_read())
    assert all(
        advance(facts, event, 2, moment(1)) is facts for event in (TurnCame(), PayloadUploaded(), UploadVerified())
    )


def test_the_last_reading_of_the_source_counts() -> None:
    facts = after(source_read(5, "old"), RefreshResumed(), source_read(7, "new"))
    assert (facts.rows, facts.sha256) == (7, "new")


def test_a_success_knows_status_items_and_moment() -> None:
    facts = after(source_read(), ImportRequested(), succeeded(created=4))
    assert facts.status is DatasetStatus.SUCCEEDED
    assert facts.items == ItemCounts(created=4, deleted=1)
    assert facts.ended_at == moment(20)


def test_a_job_is_timed_from_its_acceptance_to_its_completion() -> None:
    facts = after(ImportRequested(), ImportAccepted(SECRET_URL), JobCompleted(SECRET_URL))
    assert facts.job_seconds == 10


def test_a_job_is_not_timed_across_a_death_of_the_process() -> None:
    facts = after(ImportRequested(), ImportAccepted(SECRET_URL), RefreshResumed(), JobCompleted(SECRET_URL))
    assert facts.job_seconds is None


def test_a_clock_that_was_set_back_gives_no_negative_duration() -> None:
    assert after(ImportRequested(), ImportAccepted(SECRET_URL), JobCompleted(SECRET_URL), apart=-5).job_seconds == 0


def test_an_import_is_in_flight_from_its_request_on() -> None:
    assert after(ImportRequested()).in_flight == 1
    assert after(TurnCame(), ImportRequested(), ImportAccepted(SECRET_URL)).in_flight == 2
    assert after(TurnCame(), ImportRequested(), ImportReplyLost(ERROR)).in_flight == 2


@pytest.mark.parametrize(
    "event",
    [
        JobCompleted(SECRET_URL),
        ImportFound(),
        ImportRuledOut("never arrived"),
        LocationExpired(ERROR),
        succeeded(),
        ended(DatasetStatus.FAILED),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_import_whose_end_is_known_is_no_longer_in_flight(event: Event) -> None:
    assert after(ImportRequested(), event).in_flight is None


@pytest.mark.parametrize("status", [DatasetStatus.UNKNOWN, DatasetStatus.CANCELLED])
def test_an_end_that_does_not_know_the_imports_end_leaves_it_in_flight(status: DatasetStatus) -> None:
    facts = after(TurnCame(), ImportRequested(), ended(status))
    assert facts.in_flight == 2
    assert facts.status is status


def test_a_death_of_the_process_leaves_an_import_in_flight() -> None:
    assert after(ImportRequested(), RefreshResumed()).in_flight == 1


def test_a_second_request_replaces_the_first() -> None:
    assert after(ImportRequested(), ImportRuledOut("certain"), ImportRequested()).in_flight == 3


def test_an_end_without_an_import_leaves_none_in_flight() -> None:
    assert after(ended(DatasetStatus.UNKNOWN)).in_flight is None


def test_a_resumed_refresh_has_not_ended() -> None:
    counted = RefreshEnded(DatasetStatus.UNKNOWN, ERROR, items=ItemCounts(created=3))
    facts = after(ImportRequested(), counted, RefreshResumed())
    assert facts.status is None
    assert facts.ended_at is None
    assert facts.items == ItemCounts()
