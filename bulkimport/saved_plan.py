"""A plan as a file: what was shown to a person, so that a later run does exactly that and no more."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bulkimport.errors import GuardError, UsageError
from bulkimport.model import Changes, Payload

SCHEMA = "bulkimport.saved-plan/1"
NEW_PLAN_HINT = "Make and read a new plan, then apply that one."
_NEW_PLAN = f"{NEW_PLAN_HINT.removesuffix('.')}: "


@dataclass(frozen=True, slots=True)
class Approval:
    """What was shown for one dataset: the payload's SHA-256 and how many items would be deleted.

    `deletions` is None where the plan said that they were not known, `baseline` what they were counted against
    (`live`, `last_run` or `none`). `allow_delete` is the allowance with which it was planned, `fingerprint` where it
    would have gone and how (see `identity`), empty in a plan of an earlier version.
    """

    sha256: str
    deletions: int | None
    baseline: str = "live"
    allow_delete: int | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """`config_key` and `tenant_key` say what it belongs to; only datasets that were ready have an approval. `left_out`
    maps the others to what the plan said of them (`refused`, `failed`, `blocked`)."""

    plan_id: str
    config_key: str
    tenant_key: str
    created_at: str
    approvals: Mapping[str, Approval]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever applies the plan should not overlook."""
        return tuple(
            f"{name} is not part of this run: the plan showed it as {status}." for name, status in self.left_out.items()
        )


def new_plan_id() -> str:
    """An id that no other plan has."""
    return secrets.token_hex(8)


def document_of(plan: SavedPlan) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        "schema": SCHEMA,
        "plan_id": plan.plan_id,
        "config_key": plan.config_key,
        "tenant_key": plan.tenant_key,
        "created_at": plan.created_at,
        "datasets": approvals_document(plan.approvals),
        "left_out": dict(plan.left_out),
    }


def approvals_document(approvals: Mapping[str, Approval]) -> dict[str, Any]:
    """The approvals as JSON."""
    return {name: asdict(one) for name, one in approvals.items()}


def read_approvals(document: Mapping[str, Any]) -> dict[str, Approval]:
    """What `approvals_document` made. Raises KeyError, TypeError or ValueError where it is something else."""
    return {
        str(name): Approval(
            sha256=str(one["sha256"]),
            deletions=_count(one["deletions"]),
            baseline=str(one["baseline"]),
            allow_delete=_count(one["allow_delete"]),
            fingerprint=str(one.get("fingerprint", "")),
        )
        for name, one in document.items()
    }


def _count(value: Any) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise ValueError(f"{value!r} is no number of items")


def read_plan(path: Path) -> SavedPlan:
    """The plan in a file. Raises UsageError where it is none."""
    try:
        document = orjson.loads(path.read_bytes())
        if document["schema"] != SCHEMA:
            raise ValueError(f"its schema is {document['schema']}, not {SCHEMA}")
        return SavedPlan(
            plan_id=str(document["plan_id"]),
            config_key=str(document["config_key"]),
            tenant_key=str(document["tenant_key"]),
            created_at=str(document["created_at"]),
            approvals=read_approvals(document["datasets"]),
            left_out={str(name): str(status) for name, status in document.get("left_out", {}).items()},
        )
    except OSError as error:
        raise UsageError(
            f"The plan file {path} cannot be read: {error.strerror or error}.", hint="Check its path."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path} is no plan that bulkimport saved ({type(error).__name__}: {error}).",
            hint="Make one with `bulkimport plan CONFIG --save FILE`.",
        ) from error


def wants_new_plan(hint: str) -> bool:
    """Whether what such a hint goes with is refused for ever by the plan that it was sent under."""
    return hint.startswith(_NEW_PLAN)


def check_payload_is_as_planned(approval: Approval, payload: Payload, new_plan: str) -> None:
    """Raises GuardError where the source is no longer what the plan was made from; `new_plan` makes another one."""
    if payload.sha256 != approval.sha256:
        raise GuardError(
            "The payload differs from the one that was planned: the source, or the config of its fields, has changed "
            f"since (SHA-256 {payload.sha256[:12]}… instead of {approval.sha256[:12]}…). Nothing was sent.",
            hint=f"{_NEW_PLAN}{new_plan}",
        )


def check_changes_are_as_planned(approval: Approval, baseline: str, changes: Changes | None, new_plan: str) -> None:
    """Raises GuardError where more would be deleted than was shown, or where that can no longer be told."""
    if approval.deletions is None:
        return
    if changes is None or (approval.baseline == "live" and baseline != "live"):
        raise GuardError(
            f"The plan showed {approval.deletions:,} deletions, counted against the items in Orgvue. Those cannot be "
            "read now, so that nobody can tell whether it is still right. Nothing was sent.",
            hint=f"{_NEW_PLAN}{new_plan}",
        )
    if changes.deleted > approval.deletions:
        raise GuardError(
            f"This load would delete {changes.deleted:,} items, while the plan showed {approval.deletions:,}, "
            f"{changes.deleted - approval.deletions:,} fewer: the dataset has changed in Orgvue since. "
            "Nothing was sent.",
            hint=f"{_NEW_PLAN}{new_plan}",
        )
