import json
from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread
import pytest

from bulkimport.errors import StateError
from bulkimport.folders import RunFolders
from bulkimport.journal import DatasetRecord, Journal, RunRecord
from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, RunStatus, Stage
from bulkimport.refresh import events as e
from bulkimport.report.account import EARLIER_RUNS, Account, account_of
from tests.report.nights import WHOLE
from tests.support.clock import FakeClock
from tests.support.refreshing import a_record
from tests.support.vocabulary import an_error

MESSAGE = "The job completed, but Orgvue rejected 1 of 10 items, mostly: salary: 'a lot' is wrong (1 time)."
PARTIAL = e.ResultCollected(
    DatasetStatus.PARTIAL, ItemCounts(created=9, failed=1), ErrorReport(Stage.RESULT, MESSAGE, "Correct it: SECRET.")
)


async def night(
    journal: Journal, clock: FakeClock, run_id: str, last: e.Event = WHOLE[-1][1], **changes: object
) -> RunRecord:
    """A run of `people` and of `links`, which depends on it and is blocked."""
    records = [
        DatasetRecord("people", "ID-1", 0, "f"),
        DatasetRecord("links", "ID-2", 1, "f", {"depends_on": ["people", "other"]}),
    ]
    await journal.start_run(a_record(run_id, clock.now(), **changes), records)
    for event in [*(event for _, event in WHOLE[:-1]), last]:
        clock.advance(2)
        await journal.append(run_id, "people", event)
    await journal.append(run_id, "links", e.RefreshEnded(DatasetStatus.BLOCKED, an_error("people did not succeed.")))
    clock.advance(1)
    await journal.finish_run(run_id, RunStatus.FAILED, 12, 1, clock.now())
    run = await journal.run(run_id)
    assert run is not None
    return run


async def told(
    journal: Journal, run: RunRecord, folder: Path, clock: FakeClock, *, with_values: bool = False
) -> Account:
    return await account_of(
        journal, run, folder, clock.now(), with_values=with_values, redact=lambda text: text.replace("SECRET", "*")
    )


def names(runs: Sequence[object]) -> list[str]:
    return [getattr(run, "run_id", "") for run in runs]


async def test_an_account_is_gathered_from_the_journal_and_the_runs_folder(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        await night(journal, clock, "run-1")
        run = await night(journal, clock, "run-2", PARTIAL)
        folders = RunFolders(tmp_path, "run-2")
        await anyio.to_thread.run_sync(folders.run_dir.mkdir, 0o700, True)
        item = {"key": "K-1", "reason": "salary: 'a lot' is wrong", "entry": {"salary": "a lot"}}
        await anyio.to_thread.run_sync(folders.named("people").failed.write_text, json.dumps(item))
        found = await told(journal, run, tmp_path, clock)
        assert [dataset.status for dataset in found.facts.datasets] == [DatasetStatus.PARTIAL, DatasetStatus.BLOCKED]
        assert found.timeline.end == run.finished_at
        assert [place.name for step in found.order for place in step] == ["people", "links"]
        assert names(found.comparison.runs) == ["run-1", "run-2"]
        assert [reason.keys for reason in found.rejected[0].reasons] == [("K-1",)]
        assert "a lot" not in repr(found)
        assert "SECRET" not in repr(found)
        shown = await told(journal, run, tmp_path, clock, with_values=True)
        assert "a lot" in repr(shown.facts)
        assert "a lot" in repr(shown.rejected)
        assert shown.with_values


async def test_a_run_is_compared_with_the_last_ten_of_its_config_that_came_before_it(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        for number in range(EARLIER_RUNS + 2):
            await night(journal, clock, f"run-{number}")
        await night(journal, clock, "other", config_key="/another.yaml")
        await night(journal, clock, "back", command="restore")
        run = await night(journal, clock, "this")
        restore = await night(journal, clock, "later", command="restore")
        found = await told(journal, run, tmp_path, clock)
        assert names(found.comparison.runs) == [*(f"run-{number}" for number in range(2, 12)), "this"]
        assert names((await told(journal, restore, tmp_path, clock)).comparison.runs) == ["later"]


async def test_an_earlier_run_that_cannot_be_read_is_counted_and_a_run_of_its_own_is_an_error(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        await journal.start_run(a_record("run-1", clock.now()), [DatasetRecord("people", "ID-1", 0, "f")])
        await journal.append("run-1", "people", e.PayloadUploaded())
        run = await night(journal, clock, "run-2")
        assert (await told(journal, run, tmp_path, clock)).comparison.unreadable == 1
        broken = await journal.run("run-1")
        assert broken is not None
        with pytest.raises(StateError, match="make no sense"):
            await told(journal, broken, tmp_path, clock)


async def test_a_run_that_lives_reaches_to_now_and_one_that_died_to_its_last_event(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        await journal.start_run(a_record("run-1", clock.now()), [DatasetRecord("people", "ID-1", 0, "f")])
        clock.advance(5)
        entry = await journal.append("run-1", "people", e.TurnCame())
        clock.advance(60)
        run = await journal.run("run-1")
        assert run is not None
        assert (await told(journal, run, tmp_path, clock)).timeline.end == clock.now()
    async with Journal.open(tmp_path, clock) as journal:
        run = await journal.run("run-1")
        assert run is not None
        assert run.status is RunStatus.INTERRUPTED
        found = await told(journal, run, tmp_path, clock)
        assert found.timeline.end == entry.at
        assert found.facts.datasets[0].status is DatasetStatus.CANCELLED
