"""Stopping a run: what is to end at once, what may finish, and for how long."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum

import anyio

from bulkimport.model import ErrorReport


class Level(IntEnum):
    """How far the stop goes."""

    NONE = 0
    HOLD = 1
    """Nothing new is imported; what was submitted is followed to its end."""
    HALT = 2
    """Everything ends; the run can be resumed."""


class StoppedError(Exception):
    """The command was cut short because the run is stopping."""


@dataclass(eq=False, slots=True)
class RunningCommand:
    """A command that runs: whether its import was requested, and the seconds it gets to end once it is concerned."""

    submitted: bool
    grace: float
    _stop: "Stop"
    _scope: anyio.CancelScope

    def becomes(self, *, submitted: bool, grace: float) -> None:
        """From now on the command counts as this; no time is added to one that is concerned already."""
        self.submitted, self.grace = submitted, grace
        self.limit()

    def limit(self) -> None:
        """Sees to it that the command ends in time if it is concerned."""
        if self._stop.concerns(self.submitted):
            self._scope.deadline = min(self._scope.deadline, anyio.current_time() + self.grace)


@dataclass(eq=False, slots=True)
class Stop:
    """Shared by all refreshes of a run. `reason` is what a held refresh ends with."""

    level: Level = Level.NONE
    reason: ErrorReport | None = None
    _watched: set[RunningCommand] = field(default_factory=set)

    def hold(self, reason: ErrorReport) -> None:
        """Lets no further import begin. The first reason stays."""
        if self.level < Level.HOLD:
            self.level, self.reason = Level.HOLD, reason
            self._apply()

    def halt(self) -> None:
        """Ends everything within the commands' grace."""
        if self.level < Level.HALT:
            self.level = Level.HALT
            self._apply()

    def concerns(self, submitted: bool) -> bool:
        """Whether a refresh must not go on; `submitted` if its import was requested."""
        return self.level is Level.HALT or (self.level is Level.HOLD and not submitted)

    @contextmanager
    def watch(self, *, submitted: bool, grace: float) -> Iterator[RunningCommand]:
        """Runs a command that gets `grace` seconds to end once it is concerned; raises StoppedError if it did not."""
        with anyio.CancelScope() as scope:
            watched = RunningCommand(submitted, grace, self, scope)
            self._watched.add(watched)
            try:
                watched.limit()
                yield watched
            finally:
                self._watched.discard(watched)
        if scope.cancelled_caught:
            raise StoppedError

    def _apply(self) -> None:
        for watched in self._watched:
            watched.limit()
