"""What one execution is to do, however the command line asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bulkimport.guards import Allowance
from bulkimport.journal import RunCommand, RunRecord
from bulkimport.plan import Selection
from bulkimport.refresh.driver import Step
from bulkimport.refresh.machine import Command, Refresh
from bulkimport.saved_plan import Approval, SavedPlan, approvals_document, read_approvals


@dataclass(frozen=True, slots=True)
class Work:
    """The datasets of a run and what is permitted them.

    `selectors` is what --only and --exclude said. `follows` is the run that a new one makes up for; `resumes` the one
    that is continued, with `refreshes` as its process left them. `plan` is to be applied now; `approvals` are those of
    a plan, applied now or by the former run. `steps` take the place of a refresh's own. `warnings` concern the run as a
    whole.
    """

    selection: Selection
    command: RunCommand = "run"
    selectors: Mapping[str, list[str]] = field(default_factory=dict)
    follows: RunRecord | None = None
    resumes: RunRecord | None = None
    refreshes: Mapping[str, Refresh] = field(default_factory=dict)
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    plan: SavedPlan | None = None
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    accepted_changes: frozenset[str] = frozenset()
    wait_lock: float = 0.0
    steps: Mapping[Command, Step] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def makes_up(self) -> bool:
        """Whether this is, or continues, a run that makes up for another."""
        return self.command == "failed" or (self.resumes is not None and self.resumes.command == "failed")

    @property
    def options(self) -> dict[str, Any]:
        """What the journal keeps, so that a later command can go on in the same way."""
        return {
            "selectors": dict(self.selectors),
            "allow_delete": {name: allowance.deletions for name, allowance in self.allowances.items()},
            "accept_config_change": sorted(self.accepted_changes),
            "plan": self.plan.plan_id if self.plan else None,
            "approvals": approvals_document(self.approvals),
            "warnings": list(self.warnings),
        }

    def as_permitted(self, run: RunRecord) -> "Work":
        """The same work under what a former run was permitted, and held to."""
        options = run.options
        return replace(
            self,
            allowances={name: Allowance(count) for name, count in options.get("allow_delete", {}).items()},
            accepted_changes=frozenset(options.get("accept_config_change", ())),
            approvals=read_approvals(options.get("approvals", {})),
        )
