"""A night that can die at any write of its journal: the real execution, with a journal that stops at a given write."""

import contextlib
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Literal, TypeVar

import anyio

from bulkimport.cli.earlier import LAST, NothingToDoError, to_resume
from bulkimport.cli.execution import Execution
from bulkimport.cli.options import Common
from bulkimport.cli.settings import config_key, load_config
from bulkimport.cli.work import Work
from bulkimport.clock import SystemClock
from bulkimport.errors import UsageError
from bulkimport.journal import Entry, Journal
from bulkimport.log import Redactor
from bulkimport.model import Config
from bulkimport.plan import select
from bulkimport.refresh.events import Event
from bulkimport.report.facts import RunFacts
from bulkimport.report.fold import run_facts
from tests.support.program import Workplace

T = TypeVar("T")
Moment = Literal["before", "after"]


class DeathError(BaseException):
    """The process is gone, as far as one process can play that: nothing that handles errors may see it."""


@dataclass
class Fate:
    """When a process dies: before or after the write of this number, counted from 1, or of an event of a kind
    (of one dataset); never if it comes to neither."""

    write: int
    moment: Moment
    event: type[Event] | None = None
    dataset: str | None = None
    writes: int = 0
    dead: bool = False


class DyingJournal(Journal):
    """Lets nothing be written once its process is dead, whatever the unwinding tries."""

    fate: Fate

    @classmethod
    @asynccontextmanager
    async def of(cls, state_dir: Path, fate: Fate) -> AsyncIterator["DyingJournal"]:
        async with cls.open(state_dir, SystemClock()) as journal:
            assert isinstance(journal, cls)
            journal.fate = fate
            yield journal

    async def append(self, run_id: str, dataset: str, event: Event) -> Entry:
        if self.fate.event is type(event) and self.fate.dataset in (None, dataset):
            self.fate.write = self.fate.writes + 1
        return await super().append(run_id, dataset, event)

    async def _write(self, perform: Callable[[Connection], T]) -> T:
        fate = self.fate
        if fate.dead:
            raise DeathError
        fate.writes += 1
        if fate.writes != fate.write:
            return await super()._write(perform)
        if fate.moment == "after":
            await super()._write(perform)
        fate.dead = True
        raise DeathError


def run_until(work: Workplace, fate: Fate) -> None:
    """A run that dies as its fate wants."""

    execution, config = _prepared(work)

    async def night() -> None:
        async with DyingJournal.of(work.state, fate) as journal:
            await _carry_out(execution, Work(select(config)), journal, work.state)

    _play(night)


def resume(work: Workplace, fate: Fate | None = None) -> RunFacts | None:
    """Resumes the last run, or starts one where none is on record; what became of it, None if it died again."""

    execution, config = _prepared(work)
    key = config_key(work.config)

    async def morning() -> RunFacts:
        async with DyingJournal.of(work.state, fate or Fate(0, "before")) as journal:
            with contextlib.suppress(NothingToDoError):
                await _carry_out(execution, await _continued(config, key, journal), journal, work.state)
            run = await journal.latest_run()
            assert run is not None
            return await run_facts(journal, run, SystemClock().now())

    return _play(morning)


def _prepared(work: Workplace) -> tuple[Execution, Config]:
    work.write_config()
    common = Common("json", "json", "error", str(work.state), progress=False, redactor=Redactor())
    config = load_config(work.config, common)
    return Execution(config, common), config


async def _continued(config: Config, key: str, journal: Journal) -> Work:
    try:
        return await to_resume(journal, config, key, LAST)
    except UsageError:  # it died before it was on record
        return Work(select(config))


async def _carry_out(execution: Execution, doing: Work, journal: Journal, state_dir: Path) -> None:
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
        await execution.carry_out(doing, journal, state_dir)


def _play(function: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
    """None if it died. An error that is no death comes out."""
    try:
        return anyio.run(function)
    except DeathError:
        return None
    except BaseExceptionGroup as group:
        others = group.split(DeathError)[1]
        if others is not None:
            raise others from None
        return None
