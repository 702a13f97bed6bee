import asyncio
import random
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import pytest

from bulkimport.errors import StateError
from bulkimport.journal import Entry, Journal, PlanUse, RunIdTakenError, StatusCount
from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.refresh.events import Event, ImportRequested, TurnCame
from tests.journal.samples import TENANT, a_dataset, a_run, an_owner, ended, moment, opened, source_read, succeeded
from tests.support.clock import FakeClock

TODAY = date(2026, 11, 23)


# ---- opening


async def test_looking_makes_nothing_where_there_is_no_journal(tmp_path: Path, clock: FakeClock) -> None:
    async with Journal.open_existing(tmp_path / "state", clock) as journal:
        assert journal is None
    assert not (tmp_path / "state").exists()


async def test_looking_sees_everything_and_changes_nothing(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal, Journal.open_existing(tmp_path, clock) as looking:
        assert looking is not None
        await journal.append("run-1", "people", TurnCame())
        assert await looking.run("run-1") == a_run("run-1")
        assert await looking.entries("run-1") == await journal.entries("run-1")
        with pytest.raises(StateError, match="cannot be written"):
            await looking.append("run-1", "people", TurnCame())
        assert len(await journal.entries("run-1")) == 1


async def test_a_file_that_is_no_journal_is_a_state_error_when_opened(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "journal.db").write_text("something else, and long enough to have a header" * 100)
    with pytest.raises(StateError, match=r"journal\.db"):
        async with Journal.open(tmp_path, clock):
            pass
    with pytest.raises(StateError, match=r"journal\.db"):
        async with Journal.open_existing(tmp_path, clock):
            pass


async def test_a_closed_journal_leaves_one_file_of_data(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal:
        await journal.finish_run("run-1", RunStatus.SUCCEEDED, 0, 0, moment(1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal.db", "locks"]


# ---- runs


async def test_a_run_lives_from_its_start_to_its_end(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock) as journal, opened(tmp_path, clock) as other:
        assert await journal.run("run-1") is None
        await journal.start_run(a_run("run-1"), [a_dataset("people"), a_dataset("links", position=1)])
        assert await other.run("run-1") == a_run("run-1")
        assert await other.datasets("run-1") == [a_dataset("people"), a_dataset("links", position=1)]
        await journal.finish_run("run-1", RunStatus.FAILED, 412, 3, moment(60))
        end = a_run("run-1", status=RunStatus.FAILED, requests=412, throttled=3, finished_at=moment(60))
        assert await other.run("run-1") == end


async def test_a_run_whose_journal_closed_before_its_end_is_interrupted(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1", "run-2") as journal:
        await journal.finish_run("run-1", RunStatus.SUCCEEDED, 0, 0, moment(1))
    async with opened(tmp_path, clock, "run-3") as journal:
        assert [(run.run_id, run.status) for run in await journal.runs()] == [
            ("run-3", RunStatus.RUNNING),
            ("run-2", RunStatus.INTERRUPTED),
            ("run-1", RunStatus.SUCCEEDED),
        ]


async def test_a_run_that_ends_while_it_is_looked_at_is_not_called_interrupted(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, clock, "run-1") as journal, opened(tmp_path, clock) as other:
        select = other._read

        async def select_and_let_it_end(perform: Any) -> Any:
            found = await select(perform)
            as_it_is = await journal.run("run-1")
            if as_it_is is not None and as_it_is.status is RunStatus.RUNNING:
                await journal.finish_run("run-1", RunStatus.SUCCEEDED, 0, 0, moment(1))
            return found

        monkeypatch.setattr(other, "_read", select_and_let_it_end)
        run = await other.run("run-1")
        assert run is not None
        assert run.status is RunStatus.SUCCEEDED


async def test_a_run_id_is_taken_once_and_its_holder_keeps_it(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal, opened(tmp_path, clock) as other:
        with pytest.raises(RunIdTakenError):
            await other.start_run(a_run("run-1", command="failed"), [])
        await journal.finish_run("run-1", RunStatus.SUCCEEDED, 0, 0, moment(1))
        with pytest.raises(RunIdTakenError):
            await other.start_run(a_run("run-1", command="failed"), [])


async def test_an_interrupted_run_is_resumed_once(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1"):
        pass
    async with opened(tmp_path, clock) as journal, opened(tmp_path, clock) as other:
        as_read = await journal.run("run-1")
        assert as_read is not None
        await journal.resume_run(as_read, host="there", pid=99)
        assert await other.run("run-1") == a_run("run-1", host="there", pid=99)
        with pytest.raises(StateError, match="still alive"):
            await other.resume_run(as_read, host="here", pid=1)
        with pytest.raises(StateError, match="no run 'run-2'"):
            await other.resume_run(a_run("run-2"), host="here", pid=1)


async def test_the_latest_run_is_of_the_config_and_commands_asked_for(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal:
        await journal.start_run(a_run("run-2", command="restore"), [])
        await journal.start_run(a_run("run-3", config_key="/b.yaml"), [])
        latest = [
            await journal.latest_run(),
            await journal.latest_run("/srv/configs/all.yaml"),
            await journal.latest_run("/srv/configs/all.yaml", commands=("run", "failed")),
            await journal.latest_run("/c.yaml"),
        ]
        assert [run and run.run_id for run in latest] == ["run-3", "run-2", "run-1", None]
        assert [run.run_id for run in await journal.runs(limit=2)] == ["run-3", "run-2"]
        assert [run.run_id for run in await journal.runs(config_key="/b.yaml")] == ["run-3"]


async def test_traffic_is_written_at_most_every_two_seconds(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal:
        seen = []
        for _ in range(5):
            clock.advance(1)
            await journal.update_traffic("run-1", int(clock.monotonic()), 0)
            run = await journal.run("run-1")
            assert run is not None
            seen.append(run.requests)
        assert seen == [1, 1, 3, 3, 5]


# ---- events


async def test_an_event_is_durable_and_visible_to_others_when_append_returns(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal, opened(tmp_path, clock) as other:
        clock.advance(12.5)
        entry = await journal.append("run-1", "people", TurnCame())
        assert entry == Entry("run-1", "people", 1, clock.now(), TurnCame())
        assert await other.entries("run-1", "people") == [entry]
        assert await other.entries("run-2") == []


async def test_many_datasets_append_at_once_without_gaps(tmp_path: Path, clock: FakeClock) -> None:
    names = [f"dataset-{number}" for number in range(60)]
    async with Journal.open(tmp_path, clock) as journal:
        await journal.start_run(a_run(), [a_dataset(name, position=at) for at, name in enumerate(names)])

        async def go_through(name: str) -> list[int]:
            return [(await journal.append("run-1", name, TurnCame())).seq for _ in range(5)]

        assert await asyncio.gather(*map(go_through, names)) == [[1, 2, 3, 4, 5]] * 60
        assert len(await journal.entries("run-1")) == 300


async def test_an_append_that_is_cancelled_leaves_no_gap_and_nothing_half_written(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with opened(tmp_path, clock, "run-1") as journal:
        for turns in range(30):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(journal.append, "run-1", "people", source_read(rows=turns))
                    for _ in range(turns % 4):
                        await asyncio.sleep(0)
                    scope.cancel()
        last = await journal.append("run-1", "people", TurnCame())
        written = await journal.entries("run-1", "people")
        assert [entry.seq for entry in written] == list(range(1, last.seq + 1))
        assert all(entry.event == source_read(rows=entry.event.payload.rows) for entry in written[:-1])  # type: ignore[union-attr]  # nothing else was written


async def test_an_unregistered_dataset_is_a_state_error(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal:
        with pytest.raises(StateError, match="not written down"):
            await journal.append("run-1", "links", TurnCame())


async def test_a_full_disk_is_a_state_error_and_loses_nothing_acknowledged(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal:
        pages = await journal._read(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
        await journal._read(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 4}"))
        acknowledged: list[Entry] = []

        async def append_for_ever() -> None:
            while True:
                entry = await journal.append("run-1", "people", source_read(rows=len(acknowledged)))
                acknowledged.append(entry)

        with pytest.raises(StateError, match="the disk is full") as caught:
            await append_for_ever()
        assert "Free space" in caught.value.hint
        assert str(tmp_path) in caught.value.message
        assert acknowledged
        assert await journal.entries("run-1") == acknowledged
        await journal._read(lambda connection: connection.execute("PRAGMA max_page_count = 100000"))
        assert (await journal.append("run-1", "people", TurnCame())).seq == len(acknowledged) + 1


async def test_a_journal_that_another_process_holds_is_a_state_error(tmp_path: Path, clock: FakeClock) -> None:
    async with Journal.open(tmp_path, clock, busy_timeout=0.05) as journal:
        await journal.start_run(a_run(), [a_dataset()])
        holder = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="is locked: another process") as caught:
            await journal.append("run-1", "people", TurnCame())
        assert "bulkimport process" in caught.value.hint
        holder.close()
        assert (await journal.append("run-1", "people", TurnCame())).seq == 1


async def test_a_journal_damaged_in_the_middle_is_never_more_than_a_state_error(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with Journal.open(tmp_path, clock) as journal:
        await journal.start_run(a_run(), [a_dataset(f"d{number}", position=number) for number in range(40)])
        for number in range(40):
            await journal.append("run-1", f"d{number}", source_read())
    sound = (tmp_path / "journal.db").read_bytes()
    rng, refusals = random.Random(20261123), list[StateError]()
    for _ in range(25):
        damaged = bytearray(sound)
        start = rng.randrange(100, len(sound) - 200)
        damaged[start : start + 200] = rng.randbytes(200)
        (tmp_path / "journal.db").write_bytes(damaged)
        try:
            async with Journal.open(tmp_path, clock) as journal:
                await journal.runs()
                await journal.entries("run-1")
                await journal.datasets("run-1")
                await journal.last_outcome(TENANT, "ID-d1")
        except StateError as error:
            refusals.append(error)
    assert refusals
    assert all(refusal.hint for refusal in refusals)


# ---- what earlier runs know, and what is counted across runs


async def test_earlier_runs_are_asked_about_a_dataset(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1", "run-2") as journal:
        first: list[Event] = [source_read(rows=7), ImportRequested(), succeeded()]
        second: list[Event] = [source_read(rows=8), ImportRequested(), ended(DatasetStatus.UNKNOWN)]
        for run_id, events in (("run-1", first), ("run-2", second)):
            for event in events:
                await journal.append(run_id, "people", event)
        success = await journal.last_success(TENANT, "ID-people")
        latest = await journal.last_outcome(TENANT, "ID-people")
        assert success is not None
        assert latest is not None
        assert (success.run_id, success.rows, latest.run_id) == ("run-1", 7, "run-2")
        assert await journal.job_durations(TENANT, "ID-people", 10) == []
        [open_import] = await journal.unsettled_imports(TENANT, "ID-people")
        assert list(open_import.entries) == await journal.entries("run-2", "people")
        await journal.settle("run-2", "people", "its result was found")
        assert await journal.unsettled_imports(TENANT, "ID-people") == []
        assert await journal.status_counts(["run-1", "run-2"]) == {
            "run-1": [StatusCount(DatasetStatus.SUCCEEDED, 1)],
            "run-2": [StatusCount(DatasetStatus.UNKNOWN, 1)],
        }
        assert await journal.statuses(["run-2"]) == {"run-2": {"people": DatasetStatus.UNKNOWN}}
        assert [run.run_id for run in await journal.runs(dataset="people", before="run-2")] == ["run-1"]
        assert await journal.runs(dataset="nobody") == []


async def test_a_run_is_followed_by_what_is_new(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock, "run-1") as journal, opened(tmp_path, clock) as other:
        await journal.append("run-1", "people", source_read())
        first, mark = await other.entries_after("run-1", 0)
        await journal.append("run-1", "people", ImportRequested())
        second, mark = await other.entries_after("run-1", mark)
        assert [entry.seq for entry in (*first, *second)] == [1, 2]
        assert await other.entries_after("run-1", mark) == ([], mark)


async def test_what_is_remembered_across_runs_is_there_after_reopening(tmp_path: Path, clock: FakeClock) -> None:
    async with opened(tmp_path, clock) as journal:
        assert await journal.add_requests(TENANT, TODAY, 5) == 5
        assert await journal.use_plan("plan-1", "run-1") is None
        assert await journal.accepted_fingerprint(TENANT, "ID-people") is None
        await journal.accept_fingerprint(TENANT, "ID-people", "fp")
        used = PlanUse("run-1", clock.now())
    clock.advance(60)
    async with opened(tmp_path, clock) as journal:
        assert await journal.add_requests(TENANT, TODAY, -2) == 3
        assert await journal.use_plan("plan-1", "run-2") == used
        assert await journal.accepted_fingerprint(TENANT, "ID-people") == "fp"


# ---- leases


async def test_one_run_refreshes_a_dataset_at_a_time(tmp_path: Path, clock: FakeClock) -> None:
    first, second = an_owner("run-1"), an_owner("run-2", host="there")
    async with opened(tmp_path, clock, "run-1") as journal, opened(tmp_path, clock, "run-2") as other:
        assert await journal.acquire_lease(TENANT, "ID-people", first, 60) is None
        assert await other.acquire_lease(TENANT, "ID-people", second, 60) == first
        clock.advance(50)
        assert await journal.renew_lease(TENANT, "ID-people", first, 60)
        clock.advance(50)
        assert await other.acquire_lease(TENANT, "ID-people", second, 60) == first
        await journal.release_lease(TENANT, "ID-people", first)
        assert await other.acquire_lease(TENANT, "ID-people", second, 60) is None
        clock.advance(60)
        assert await journal.acquire_lease(TENANT, "ID-people", first, 60) is None
        assert not await other.renew_lease(TENANT, "ID-people", second, 60)


async def test_of_many_that_ask_at_once_one_gets_the_lease(tmp_path: Path, clock: FakeClock) -> None:
    run_ids = [f"run-{number}" for number in range(8)]
    async with opened(tmp_path, clock, *run_ids[:4]) as journal, opened(tmp_path, clock, *run_ids[4:]) as other:
        asked = [
            each.acquire_lease(TENANT, "ID-people", an_owner(run_id), 60)
            for run_id, each in zip(run_ids, [journal] * 4 + [other] * 4, strict=True)
        ]
        answers = await asyncio.gather(*asked)
        assert answers.count(None) == 1
        assert {answer for answer in answers if answer} == {an_owner(run_ids[answers.index(None)])}
