from pathlib import Path

import pytest

from bulkimport.clock import SystemClock
from bulkimport.journal import DatasetRecord, Journal, Outcome
from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, Payload, RunStatus
from bulkimport.refresh import events as e
from bulkimport.retention import retire_runs, to_retire
from tests.journal.samples import START, a_dataset, a_run

CONFIG = a_run().config_key
PAYLOAD = Payload("p", "json", 3, 30, "0" * 64, ("id",), "k")
FAILED = e.RefreshEnded(DatasetStatus.FAILED, ErrorReport(None, "it failed", "look"))
SUCCEEDED = (
    e.TurnCame(),
    e.SourceRead(PAYLOAD),
    e.PayloadChecked("none"),
    e.LocationGenerated("https://store.example/get", "https://store.example/put", "2026-11-23T02:15:00.000Z"),
    e.PayloadUploaded(),
    e.UploadVerified(),
    e.ImportRequested(),
    e.ImportAccepted("https://store.example/ticket"),
    e.JobCompleted("https://store.example/result"),
    e.ResultCollected(DatasetStatus.SUCCEEDED, ItemCounts(created=3)),
)
OPEN = SUCCEEDED[:8]


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.INTERRUPTED])
def test_a_run_that_may_go_on_keeps_its_folder(status: RunStatus) -> None:
    runs = [a_run("new", status=RunStatus.SUCCEEDED), a_run("old", status=status)]
    assert to_retire(runs, 1, ()) == []


def test_the_newest_and_the_protected_stay() -> None:
    runs = [a_run(f"run-{number}", status=RunStatus.FAILED) for number in range(5)]
    assert to_retire(runs, 2, {"run-3"}) == ["run-2", "run-4"]
    assert to_retire(runs, 5, ()) == []


async def a_night(journal: Journal, state: Path, run_id: str, *happened: e.Event, config: str = CONFIG) -> None:
    await journal.start_run(a_run(run_id, config_key=config), [a_dataset()])
    for event in happened:
        await journal.append(run_id, "people", event)
    await journal.finish_run(run_id, RunStatus.FAILED, 1, 0, START)
    (state / "runs" / run_id).mkdir(parents=True)


async def test_old_folders_go_but_the_last_success_and_what_may_still_run_stay(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, SystemClock()) as journal:
        await a_night(journal, tmp_path, "first", *SUCCEEDED)
        await a_night(journal, tmp_path, "second", *SUCCEEDED)
        await a_night(journal, tmp_path, "third", *OPEN)
        await a_night(journal, tmp_path, "fourth", FAILED)
        await a_night(journal, tmp_path, "elsewhere", FAILED, config="/srv/configs/other.yaml")
        await a_night(journal, tmp_path, "fifth", FAILED)
        assert await retire_runs(journal, tmp_path, CONFIG, keep=1) == ["fourth", "first"]
        left = {folder.name for folder in (tmp_path / "runs").iterdir()}
        assert left == {"second", "third", "elsewhere", "fifth"}
        assert await retire_runs(journal, tmp_path, CONFIG, keep=1) == []
        assert await journal.run("first") is not None


async def test_each_dataset_is_asked_about_once_and_runs_without_folders_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal remembers the runs of years, at whose end every night comes this."""
    async with Journal.open(tmp_path, SystemClock()) as journal:
        for number in range(5):
            await a_night(journal, tmp_path, f"night-{number}", FAILED)
        asked: list[str] = []
        datasets, last_success = journal.datasets, journal.last_success

        async def datasets_of(run_id: str) -> list[DatasetRecord]:
            asked.append(run_id)
            return await datasets(run_id)

        async def success_of(tenant_key: str, dataset_id: str) -> Outcome | None:
            asked.append(dataset_id)
            return await last_success(tenant_key, dataset_id)

        monkeypatch.setattr(journal, "datasets", datasets_of)
        monkeypatch.setattr(journal, "last_success", success_of)
        assert await retire_runs(journal, tmp_path, CONFIG, keep=2) == ["night-2", "night-1", "night-0"]
        assert asked == ["night-2", "night-1", "night-0", a_dataset().dataset_id]
        asked.clear()
        assert await retire_runs(journal, tmp_path, CONFIG, keep=2) == []
        assert asked == []
