"""What one execution is to do, however the command line asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulkimport.guards import Allowance
from bulkimport.journal import RunRecord
from bulkimport.journal.records import Command as RunCommand
from bulkimport.plan import Selection
from bulkimport.refresh.driver import Step
from bulkimport.refresh.machine import Command, Refresh
from bulkimport.saved_plan import SavedPlan


@dataclass(frozen=True, slots=True)
class Work:
    """The datasets of a run and what is permitted them.

    `selectors` is what --only and --exclude said. `follows` is the run that a new one makes up for; `resumes` the one
    that is continued, with `refreshes` as its process left them. `steps` take the place of a refresh's own.
    """

    selection: Selection
    command: RunCommand = "run"
    selectors: Mapping[str, list[str]] = field(default_factory=dict)
    follows: RunRecord | None = None
    resumes: RunRecord | None = None
    refreshes: Mapping[str, Refresh] = field(default_factory=dict)
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    plan: SavedPlan | None = None
    accepted_changes: frozenset[str] = frozenset()
    wait_lock: float = 0.0
    steps: Mapping[Command, Step] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, Any]:
        """What the journal keeps, so that a later command can go on in the same way."""
        return {
            "selectors": dict(self.selectors),
            "allow_delete": {name: allowance.deletions for name, allowance in self.allowances.items()},
            "plan": self.plan.plan_id if self.plan else None,
        }


def allowances_of(run: RunRecord, overriding: Mapping[str, Allowance]) -> dict[str, Allowance]:
    """A former run's allowances, each replaced by a newly given one."""
    given: Mapping[str, int | None] = run.options.get("allow_delete", {})
    return {name: Allowance(deletions) for name, deletions in given.items()} | dict(overriding)
