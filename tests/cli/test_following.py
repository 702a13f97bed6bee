import io
import os
import signal
from pathlib import Path

import anyio
import anyio.lowlevel

from bulkimport.alongside import alongside
from bulkimport.cli.following import INTERVAL, Following
from bulkimport.journal import DatasetRecord, Journal
from bulkimport.model import DatasetStatus, ItemCounts, RunStatus
from bulkimport.refresh import events as e
from tests.report.nights import WHOLE
from tests.support.clock import FakeClock
from tests.support.refreshing import a_record
from tests.support.vocabulary import an_error

RECORDS = [DatasetRecord(name, name, place, "f") for place, name in enumerate(("people", "links"))]
REFUSED = e.RefreshEnded(DatasetStatus.REFUSED, an_error("Too many\x1b[2J deletions."))


async def begun(journal: Journal, clock: FakeClock) -> Following:
    await journal.start_run(a_record("run-1", clock.now()), RECORDS)
    run = await journal.run("run-1")
    assert run is not None
    return Following(journal, run, clock, io.StringIO(), live=True)


def lines(following: Following) -> list[str]:
    stream = following._stream  # what a person would read
    assert isinstance(stream, io.StringIO)
    return stream.getvalue().splitlines()


async def test_what_happened_before_is_told_with_its_own_time_and_then_what_happens(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        following = await begun(journal, clock)
        for _, event in WHOLE[:8]:
            clock.advance(5)
            await journal.append("run-1", "people", event)

        async def go_on() -> None:
            await clock.sleep(10 * INTERVAL)
            await journal.append("run-1", "people", WHOLE[8][1])
            await journal.append("run-1", "people", e.ResultCollected(DatasetStatus.SUCCEEDED, ItemCounts()))
            await journal.append("run-1", "links", REFUSED)
            await journal.finish_run("run-1", RunStatus.FAILED, 3, 0, clock.now())

        async with anyio.create_task_group() as group:
            group.start_soon(go_on)
            assert await following.until_it_ends() is None
    before, *then = lines(following)
    assert before == "02:00:40Z people: import submitted, 10 rows"
    assert [line[:7] for line in then] == ["02:00:5"] * 2, "the clock goes on while the journal is written"
    assert [line[10:] for line in then] == ["people: succeeded", "links: refused: Too many\\x1b[2J deletions."]


async def test_each_look_asks_only_for_what_is_new_and_the_looks_are_a_second_apart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        following = await begun(journal, clock)
        for _, event in WHOLE[:6]:
            await journal.append("run-1", "people", event)
        asked: list[int] = []
        entries_after = journal.entries_after

        async def counted(run_id: str, mark: int) -> object:
            asked.append(mark)
            if len(asked) == 4:
                await journal.finish_run(run_id, RunStatus.FAILED, 3, 0, clock.now())
            return await entries_after(run_id, mark)

        journal.entries_after = counted  # type: ignore[method-assign, assignment]  # to see what is asked
        await following.until_it_ends()
    assert asked[0] == 0
    assert len(set(asked[1:])) == 1
    assert asked[1] > 0
    assert clock.sleeps == [INTERVAL] * 4


async def test_a_secret_in_a_message_is_not_told_and_events_that_make_no_sense_are_passed_over(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        following = await begun(journal, clock)
        following._redact = lambda text: text.replace("deletions", "*")
        await journal.append("run-1", "people", e.PayloadUploaded())
        await journal.append("run-1", "links", REFUSED)
        await journal.finish_run("run-1", RunStatus.FAILED, 3, 0, clock.now())
        assert await following.until_it_ends() is None
    assert lines(following) == ["02:00:00Z links: refused: Too many\\x1b[2J *."]


async def test_a_stream_that_nobody_reads_does_not_end_the_following(tmp_path: Path) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        following = await begun(journal, clock)
        following._stream = Broken()
        await journal.append("run-1", "links", REFUSED)
        await journal.finish_run("run-1", RunStatus.FAILED, 3, 0, clock.now())
        assert await following.until_it_ends() is None


async def test_a_run_that_dies_ends_the_following(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path / "a", clock) as journal:
        following = await begun(journal, clock)

        async def die() -> None:
            await clock.sleep(3)
            journal._locks.close()  # as the end of its process would

        async with alongside(die):
            assert await following.until_it_ends() is None


async def test_ctrl_c_ends_the_following_and_leaves_the_run_alone(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        following = await begun(journal, clock)
        before = signal.getsignal(signal.SIGINT)

        async def interrupt() -> None:
            while signal.getsignal(signal.SIGINT) is before:  # else it would end the tests
                await anyio.lowlevel.checkpoint()
            os.kill(os.getpid(), signal.SIGINT)

        async with alongside(interrupt):
            assert await following.until_it_ends() == signal.SIGINT
        run = await journal.run("run-1")
        assert run is not None
        assert run.status is RunStatus.RUNNING
    assert lines(following) == ["No longer followed; run run-1 goes on."]
