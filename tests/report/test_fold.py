from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bulkimport.errors import StateError
from bulkimport.journal import DatasetRecord, Entry, Journal, StatusCount
from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, RunStatus, Stage
from bulkimport.refresh import events as e
from bulkimport.report.facts import DatasetFacts
from bulkimport.report.fold import dataset_facts, history, history_entry, overall, run_facts
from tests.report.examples import ended
from tests.support.clock import FakeClock
from tests.support.refreshing import a_record
from tests.support.vocabulary import a_payload, an_error

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RECORD = DatasetRecord("people", "6586F21B-AD4D-4D06-A309-712AF47184A2", 0, "fingerprint")
READ = (e.TurnCame(), e.SourceRead(a_payload(10)))
SUBMITTED: tuple[e.Event, ...] = (
    *READ,
    e.PayloadChecked("live", 9),
    e.LocationGenerated("https://get", "https://put", "2026-11-23T02:15:00.000Z", "Root=1-a"),
    e.PayloadUploaded(),
    e.UploadVerified(),
    e.ImportRequested(),
    e.ImportAccepted("https://ticket", "Root=1-b"),
)
COLLECTED = e.ResultCollected(DatasetStatus.SUCCEEDED, ItemCounts(created=10))


def entries(events: Sequence[e.Event], seconds: float = 10.0) -> list[Entry]:
    return [
        Entry("run-1", "people", number, START + timedelta(seconds=seconds * number), event)
        for number, event in enumerate(events)
    ]


def facts(events: Sequence[e.Event], *, alive: bool = False, now: datetime = START) -> DatasetFacts:
    return dataset_facts(RECORD, entries(events), alive=alive, now=now)


def test_an_ended_refresh_is_told_as_it_ended() -> None:
    found = facts([*SUBMITTED, e.JobCompleted("https://result"), COLLECTED])
    assert (found.status, found.state, found.rows, found.attempts) == (DatasetStatus.SUCCEEDED, "done", 10, 1)
    assert found.items.created == 10
    assert found.trace_ids == ("Root=1-a", "Root=1-b")
    assert found.duration_s == 90
    assert found.error is None


def test_what_a_dead_run_left_before_its_import_is_cancelled_and_after_it_unknown() -> None:
    before, after = facts(SUBMITTED[:5]), facts(SUBMITTED)
    assert before.status is DatasetStatus.CANCELLED
    assert before.error is not None
    assert before.error.stage is None
    assert "no import was submitted" in before.error.message
    assert after.status is DatasetStatus.UNKNOWN
    assert after.error is not None
    assert (after.error.stage, after.error.trace_id) == (Stage.POLL, "Root=1-b")
    collecting = facts([*SUBMITTED, e.JobCompleted("https://result")])
    assert collecting.status is DatasetStatus.UNKNOWN
    assert collecting.error is not None
    assert collecting.error.stage is Stage.RESULT
    waiting = facts(())
    assert waiting.error is not None
    assert "waiting for its turn" in waiting.error.message


@pytest.mark.parametrize("lost", [(), (e.ImportReplyLost(ErrorReport(Stage.IMPORT, "gone", "")),)])
def test_what_a_dead_run_left_before_the_answer_to_its_import_request_is_not_called_submitted(
    lost: tuple[e.Event, ...],
) -> None:
    requested = SUBMITTED[: [type(event) for event in SUBMITTED].index(e.ImportRequested) + 1]
    found = facts([*requested, *lost])
    assert found.status is DatasetStatus.UNKNOWN
    assert found.error is not None
    assert found.error.stage is Stage.IMPORT
    assert "whether the import was taken up is not known" in found.error.message
    assert "submitted again only once it is certain" in found.error.hint


def test_while_the_run_lives_nothing_is_concluded_and_time_goes_on() -> None:
    found = facts(SUBMITTED, alive=True, now=START + timedelta(seconds=200))
    assert (found.status, found.error, found.state) == (None, None, "polling")
    assert found.duration_s == 200


def test_the_time_between_two_processes_is_no_work() -> None:
    before = entries(SUBMITTED)
    later = START + timedelta(hours=8)
    more = [
        Entry("run-1", "people", 9, later, e.RefreshResumed()),
        Entry("run-1", "people", 10, later + timedelta(seconds=5), e.JobCompleted("https://result")),
        Entry("run-1", "people", 11, later + timedelta(seconds=6), COLLECTED),
    ]
    assert dataset_facts(RECORD, [*before, *more], alive=False, now=later).duration_s == 70 + 6


def test_events_that_make_no_sense_are_a_damaged_journal_not_a_traceback() -> None:
    with pytest.raises(StateError, match="people"):
        facts([e.ImportAccepted("https://ticket")])


@pytest.mark.parametrize(
    ("statuses", "interrupted", "expected"),
    [
        ([DatasetStatus.SUCCEEDED, DatasetStatus.UNCHANGED], False, RunStatus.SUCCEEDED),
        ([], False, RunStatus.SUCCEEDED),
        ([DatasetStatus.SUCCEEDED, DatasetStatus.PARTIAL], False, RunStatus.FAILED),
        ([DatasetStatus.SUCCEEDED], True, RunStatus.INTERRUPTED),
        *(([status], False, RunStatus.FAILED) for status in DatasetStatus if not status.is_success),
    ],
)
def test_a_run_succeeds_only_if_every_dataset_did(
    statuses: list[DatasetStatus], interrupted: bool, expected: RunStatus
) -> None:
    assert overall([ended(status) for status in statuses], interrupted=interrupted) is expected


async def test_a_run_is_told_with_all_its_datasets_in_their_order(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        records = [DatasetRecord(name, name, place, "f") for place, name in enumerate(("b", "a", "c"))]
        await journal.start_run(a_record("run-1", clock.now()), records)
        for event in (*SUBMITTED, e.JobCompleted("https://result"), COLLECTED):
            await journal.append("run-1", "a", event)
        await journal.append("run-1", "c", e.RefreshEnded(DatasetStatus.BLOCKED, an_error("b did not succeed.")))
        run = await journal.run("run-1")
        assert run is not None
        live = await run_facts(journal, run, clock.now())
        assert [(one.name, one.status) for one in live.datasets] == [
            ("b", None),
            ("a", DatasetStatus.SUCCEEDED),
            ("c", DatasetStatus.BLOCKED),
        ]
        await journal.finish_run("run-1", RunStatus.FAILED, 12, 1, clock.now())
        run = await journal.run("run-1")
        assert run is not None
        over = await run_facts(journal, run, clock.now())
        assert over.datasets[0].status is DatasetStatus.CANCELLED
        assert (over.requests, over.throttled, over.status) == (12, 1, RunStatus.FAILED)


async def test_the_history_counts_what_a_dead_run_left_behind_as_the_run_itself_tells_it(tmp_path: Path) -> None:
    clock = FakeClock()
    left: dict[str, tuple[e.Event, ...]] = {
        "waiting": (),
        "uploading": SUBMITTED[:4],
        "polling": SUBMITTED,
        "collecting": (*SUBMITTED, e.JobCompleted("https://result")),
        "over": (*SUBMITTED, e.JobCompleted("https://result"), COLLECTED),
    }
    async with Journal.open(tmp_path, clock) as journal:
        records = [DatasetRecord(name, name, place, "f") for place, name in enumerate(left)]
        await journal.start_run(a_record("run-1", clock.now()), records)
        for name, events in left.items():
            for event in events:
                await journal.append("run-1", name, event)
        [running] = await history(journal, clock.now())
        await journal.finish_run("run-1", RunStatus.INTERRUPTED, 12, 1, clock.now())
        [dead] = await history(journal, clock.now())
        run = await journal.run("run-1")
        assert run is not None
        told = await run_facts(journal, run, clock.now())
    assert running.datasets == {"running": 4, "succeeded": 1}
    assert dead.datasets == told.counts() == {"succeeded": 1, "unknown": 2, "cancelled": 2}


def test_history_counts_what_has_not_ended_as_running() -> None:
    counts = [StatusCount(DatasetStatus.SUCCEEDED, 3), StatusCount(None, 2), StatusCount(DatasetStatus.UNKNOWN, 1)]
    live = a_record("run-1", START)
    assert history_entry(live, counts).datasets == {"succeeded": 3, "running": 2, "unknown": 1}
