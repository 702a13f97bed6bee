import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bulkimport.errors import StateError
from bulkimport.journal.thread import MAX_BATCH, DatabaseThread


class Database:
    """A SQLite file with a table of numbers, and what its connection was told to do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.statements: list[str] = []
        self.threads: set[int] = set()

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=0.05)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY, text TEXT)")
        connection.set_trace_callback(self._note)
        return connection

    def _note(self, statement: str) -> None:
        self.statements.append(statement)
        self.threads.add(threading.get_ident())

    def numbers(self) -> list[int]:
        """What is in the file, seen by another connection."""
        connection = sqlite3.connect(self.path)
        found = [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY number")]
        connection.close()
        return found

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[DatabaseThread]:
        thread = DatabaseThread(self.connect, translate)
        try:
            await thread.start()
            yield thread
        finally:
            await thread.close()


def translate(error: Exception) -> Exception:
    return StateError(f"translated: {error}") if isinstance(error, sqlite3.Error) else error


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "numbers.db")


async def insert(thread: DatabaseThread, number: int, text: str = "") -> int:
    def perform(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO numbers VALUES (?, ?)", (number, text))
        return number

    return await thread.run(perform, writes=True)


class Gate:
    """A work that keeps the thread busy until `open`, so that others gather behind it."""

    def __init__(self, thread: DatabaseThread) -> None:
        self._entered = threading.Event()
        self._may_leave = threading.Event()
        self.task = asyncio.create_task(thread.run(self._wait, writes=False))

    def _wait(self, connection: sqlite3.Connection) -> None:
        self._entered.set()
        assert self._may_leave.wait(60)

    async def entered(self) -> None:
        await asyncio.to_thread(self._entered.wait, 60)

    def open(self) -> None:
        self._may_leave.set()


async def test_a_work_gives_back_what_it_returns_and_its_write_is_on_the_disk(database: Database) -> None:
    async with database.opened() as thread:
        assert await insert(thread, 7) == 7
        assert database.numbers() == [7]
        assert await thread.run(lambda c: c.execute("SELECT count(*) FROM numbers").fetchone(), writes=False) == (1,)


async def test_everything_happens_in_one_other_thread(database: Database) -> None:
    async with database.opened() as thread:
        await asyncio.gather(*(insert(thread, number) for number in range(20)))
    assert len(database.threads) == 1
    assert threading.get_ident() not in database.threads


async def test_writes_that_wait_together_share_commits(database: Database) -> None:
    async with database.opened() as thread:
        gate = Gate(thread)
        await gate.entered()
        count = MAX_BATCH + 100
        writes = [asyncio.create_task(insert(thread, number)) for number in range(count)]
        await asyncio.sleep(0)
        database.statements.clear()
        gate.open()
        assert await asyncio.gather(*writes) == list(range(count))
        await gate.task
    assert database.statements.count("BEGIN IMMEDIATE") == 2
    assert database.statements.count("COMMIT") == 1 + 2  # the gate's own and the two of the writes
    assert database.numbers() == list(range(count))


async def test_works_are_done_in_the_order_in_which_they_came(database: Database) -> None:
    done: list[int] = []
    async with database.opened() as thread:

        async def note(number: int) -> None:
            await thread.run(lambda _: done.append(number), writes=False)

        await asyncio.gather(*map(note, range(50)))
    assert done == list(range(50))


async def test_a_work_that_fails_is_undone_alone(database: Database) -> None:
    def fail_late(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO numbers VALUES (100, '')")
        raise LookupError("no")

    async with database.opened() as thread:
        gate = Gate(thread)
        await gate.entered()
        works = [insert(thread, 1), thread.run(fail_late, writes=True), insert(thread, 1), insert(thread, 2)]
        gathered = asyncio.gather(*works, return_exceptions=True)
        await asyncio.sleep(0)
        gate.open()
        first, failed, repeated, second = await gathered
        await gate.task
    assert (first, second) == (1, 2)
    assert isinstance(failed, LookupError)
    assert isinstance(repeated, StateError)
    assert database.numbers() == [1, 2]


async def test_a_full_disk_fails_what_does_not_fit_and_nothing_else(database: Database) -> None:
    async with database.opened() as thread:
        await insert(thread, 1)
        pages = await thread.run(lambda c: c.execute("PRAGMA page_count").fetchone()[0], writes=False)
        await thread.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages}"), writes=False)
        with pytest.raises(StateError, match="translated: database or disk is full"):
            await insert(thread, 2, "x" * 50_000)
        await insert(thread, 3)
        await thread.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 1000}"), writes=False)
        await insert(thread, 4, "x" * 50_000)
    assert database.numbers() == [1, 3, 4]


async def test_a_transaction_that_cannot_begin_fails_all_who_wait_and_the_thread_lives_on(database: Database) -> None:
    async with database.opened() as thread:
        holder = sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        failed = await asyncio.gather(*(insert(thread, number) for number in range(5)), return_exceptions=True)
        assert [str(error) for error in failed] == ["translated: database is locked"] * 5
        assert await thread.run(lambda c: c.execute("SELECT 1").fetchone(), writes=False) == (1,)
        holder.execute("ROLLBACK")
        holder.close()
        await insert(thread, 9)
    assert database.numbers() == [9]


async def test_a_work_that_ends_the_transaction_fails_all_that_shared_it(database: Database) -> None:
    def give_up(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")  # what SQLite itself does in some emergencies
        raise sqlite3.OperationalError("disk I/O error")

    async with database.opened() as thread:
        gate = Gate(thread)
        await gate.entered()
        works = [insert(thread, 1), thread.run(give_up, writes=True), insert(thread, 2)]
        gathered = asyncio.gather(*works, return_exceptions=True)
        await asyncio.sleep(0)
        gate.open()
        assert [str(error) for error in await gathered] == ["translated: disk I/O error"] * 3
        await gate.task
        await insert(thread, 3)
    assert database.numbers() == [3]


async def test_a_cancelled_wait_does_not_undo_the_work(database: Database) -> None:
    async with database.opened() as thread:
        gate = Gate(thread)
        await gate.entered()
        write = asyncio.create_task(insert(thread, 1))
        await asyncio.sleep(0)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        gate.open()
        await gate.task
    assert database.numbers() == [1]


async def test_closing_performs_what_waits(database: Database) -> None:
    async with database.opened() as thread:
        gate = Gate(thread)
        await gate.entered()
        writes = [asyncio.create_task(insert(thread, number)) for number in range(MAX_BATCH + 1)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(thread.close())
        await asyncio.sleep(0)
        gate.open()
        await closing
        assert await asyncio.gather(*writes) == list(range(MAX_BATCH + 1))
        await gate.task
    assert len(database.numbers()) == MAX_BATCH + 1


async def test_a_closed_thread_takes_no_more_work(database: Database) -> None:
    async with database.opened() as thread:
        pass
    with pytest.raises(StateError, match="closed"):
        await insert(thread, 1)


async def test_a_connection_that_cannot_be_made_is_told_to_who_starts_it() -> None:
    def fail() -> sqlite3.Connection:
        raise StateError("no such luck")

    thread = DatabaseThread(fail, translate)
    with pytest.raises(StateError, match="no such luck"):
        await thread.start()
    await thread.close()


async def test_a_start_that_was_cancelled_can_be_closed(database: Database) -> None:
    may_connect = threading.Event()

    def connect_slowly() -> sqlite3.Connection:
        assert may_connect.wait(60)
        return database.connect()

    thread = DatabaseThread(connect_slowly, translate)
    starting = asyncio.create_task(thread.start())
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    may_connect.set()
    await thread.close()
    assert database.numbers() == []
