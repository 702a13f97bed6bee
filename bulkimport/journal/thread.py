"""The one thread that touches SQLite, and the queue before it.

Works that wait at the same time share one transaction, so that three hundred datasets writing at once cost one sync of
the disk. A work is answered only after that transaction is committed; if it fails it alone is undone.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from bulkimport.errors import StateError

T = TypeVar("T")
MAX_BATCH = 500
"""Works in one transaction at most, which bounds how long the first of them waits for its answer."""


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    perform: Callable[[sqlite3.Connection], Any]
    writes: bool
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Reply:
    work: _Work
    result: Any = None
    error: Exception | None = None


class DatabaseThread:
    """Runs functions with the connection that `connect` makes, in order; started and closed by its event loop.

    `translate` turns errors of SQLite and the file system into errors for people. `before_writing` is called before
    each transaction that writes; what it raises is the answer to all its works.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        translate: Callable[[Exception], Exception],
        before_writing: Callable[[], None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._translate = translate
        self._before_writing = before_writing
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._closing = False

    async def start(self) -> None:
        """Opens the connection; raises what `connect` raises."""
        # A daemon: should the program end without closing, it must not wait for a queue that nobody fills.
        threading.Thread(target=self._main, name="journal", daemon=True).start()
        await self._opened

    async def run(self, perform: Callable[[sqlite3.Connection], T], *, writes: bool) -> T:
        """What `perform` returns, once the transaction it ran in is on the disk.

        Cancelling the wait does not undo the work: it is done whole. StateError if the journal cannot be used.
        """
        if self._closing:
            raise StateError("The journal is closed already.", hint="This is a mistake of the program: report it.")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Work(perform, writes, answer))
        return await answer

    async def close(self) -> None:
        """Performs what waits, then closes the connection."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.shield(self._ended)

    def _main(self) -> None:
        try:
            connection = self._connect()
        except Exception as error:  # noqa: BLE001 # it is for the one who waits in `start`
            self._tell(_settle, self._opened, None, error)
        else:
            self._tell(_settle, self._opened)
            while batch := self._next_batch():
                self._tell(_answer, self._perform(connection, batch))
            with suppress(sqlite3.Error):
                connection.close()
        self._tell(_settle, self._ended)

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the event loop is gone, and with it all who waited
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _next_batch(self) -> list[_Work]:
        """The next work and all that wait behind it; empty at the end."""
        work = self._queue.get()
        batch: list[_Work] = []
        while work is not None:
            batch.append(work)
            if len(batch) == MAX_BATCH:
                return batch
            try:
                work = self._queue.get_nowait()
            except Empty:
                return batch
        if batch:
            self._queue.put(None)  # the end comes after this batch
        return batch

    def _perform(self, connection: sqlite3.Connection, batch: list[_Work]) -> list[_Reply]:
        writes = any(work.writes for work in batch)
        try:
            if writes:
                self._before_writing()
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            replies = [self._attempt(connection, work) for work in batch]
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 # it is for all who wait; the thread lives on
            return [_Reply(work, error=self._translate(error)) for work in batch]
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
        return replies

    def _attempt(self, connection: sqlite3.Connection, work: _Work) -> _Reply:
        connection.execute("SAVEPOINT work")
        try:
            reply = _Reply(work, work.perform(connection))
        except Exception as error:  # it is for the one who waits in `run`
            if not connection.in_transaction:  # SQLite gave up the whole batch
                raise
            connection.execute("ROLLBACK TO work")
            reply = _Reply(work, error=self._translate(error))
        connection.execute("RELEASE work")
        return reply


def _answer(replies: list[_Reply]) -> None:
    for reply in replies:
        _settle(reply.work.answer, reply.result, reply.error)


def _settle(future: asyncio.Future[Any], result: object = None, error: Exception | None = None) -> None:
    if future.done():  # whoever waited was cancelled
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
