from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bulkimport.journal import DatasetRecord, Journal, RunRecord
from bulkimport.model import Config, DatasetStatus, ItemCounts, RunStatus
from bulkimport.notify.trouble import is_troubled, was_troubled
from bulkimport.refresh.events import RefreshEnded, ResultCollected
from tests.support.clock import START, FakeClock
from tests.support.vocabulary import a_config, a_dataset, an_error

KEY = "/srv/all.yaml"
NAMES = ("people", "positions")
CONFIG: Config = a_config(*(a_dataset(name, dataset_id=name) for name in NAMES))


async def ran(journal: Journal, run_id: str, status: RunStatus, **endings: DatasetStatus) -> None:
    """A run that ended so, and how its datasets did."""
    record = RunRecord(
        run_id, "all.yaml", KEY, "run", {}, "sandbox/ACME", True, "1", "h", 1, START + timedelta(hours=len(run_id))
    )
    records = [DatasetRecord(name, name, place, "f") for place, name in enumerate(endings)]
    await journal.start_run(record, records)
    for name, ending in endings.items():
        good = ending is DatasetStatus.SUCCEEDED
        event = ResultCollected(ending, ItemCounts()) if good else RefreshEnded(ending, an_error())
        await journal.append(run_id, name, event)
    await journal.finish_run(run_id, status, 0, 0, START)


async def test_one_dataset_that_last_ended_badly_is_trouble_until_it_succeeds(tmp_path: Path) -> None:
    good, bad = DatasetStatus.SUCCEEDED, DatasetStatus.REFUSED
    async with Journal.open(tmp_path, FakeClock()) as journal:
        assert not await was_troubled(journal, CONFIG, KEY)
        await ran(journal, "a", RunStatus.FAILED, people=bad, positions=good)
        assert await is_troubled(journal, CONFIG)
        await ran(journal, "aa", RunStatus.SUCCEEDED, positions=good)
        assert await is_troubled(journal, CONFIG)
        assert await was_troubled(journal, CONFIG, KEY)
        await ran(journal, "aaa", RunStatus.SUCCEEDED, people=good)
        assert not await is_troubled(journal, CONFIG)
        assert not await was_troubled(journal, CONFIG, KEY)


async def test_a_disabled_dataset_troubles_nobody(tmp_path: Path) -> None:
    people, positions = CONFIG.datasets
    config = replace(CONFIG, datasets=(replace(people, enabled=False), positions))
    async with Journal.open(tmp_path, FakeClock()) as journal:
        await ran(journal, "a", RunStatus.SUCCEEDED, people=DatasetStatus.FAILED)
        assert not await is_troubled(journal, config)


async def test_a_run_that_was_interrupted_is_trouble_for_the_next_one(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, FakeClock()) as journal:
        await ran(journal, "a", RunStatus.INTERRUPTED)
        assert await was_troubled(journal, CONFIG, KEY)
        assert not await was_troubled(journal, CONFIG, "/srv/other.yaml")
