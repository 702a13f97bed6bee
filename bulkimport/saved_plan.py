"""A plan as a file: what was shown to a person, so that a later run does exactly that and no more."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bulkimport.errors import GuardError, UsageError
from bulkimport.model import Changes, Payload

SCHEMA = "bulkimport.saved-plan/1"


@dataclass(frozen=True, slots=True)
class Approval:
    """What was shown for one dataset: the payload's SHA-256 and how many items would be deleted.

    `allow_delete` is the allowance with which it was planned.
    """

    sha256: str
    deletions: int
    allow_delete: int | None = None


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """`config_key` and `tenant_key` say what it belongs to; only datasets that were ready have an approval."""

    plan_id: str
    config_key: str
    tenant_key: str
    created_at: str
    approvals: Mapping[str, Approval]


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
        "datasets": {
            name: {"sha256": one.sha256, "deletions": one.deletions, "allow_delete": one.allow_delete}
            for name, one in plan.approvals.items()
        },
    }


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
            approvals={
                str(name): Approval(str(one["sha256"]), int(one["deletions"]), one["allow_delete"])
                for name, one in document["datasets"].items()
            },
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


def check_payload_is_as_planned(approval: Approval, payload: Payload) -> None:
    """Raises GuardError where the source is no longer what the plan was made from."""
    if payload.sha256 != approval.sha256:
        raise GuardError(
            "The payload differs from the one that was planned: the source, or the config of its fields, has changed "
            f"since (SHA-256 {payload.sha256[:12]}… instead of {approval.sha256[:12]}…). Nothing was sent.",
            hint="Make and read a new plan, then apply that one.",
        )


def check_changes_are_as_planned(approval: Approval, changes: Changes | None) -> None:
    """Raises GuardError where more would be deleted than was shown."""
    if changes is None or changes.deleted > approval.deletions:
        found = "an unknown number of" if changes is None else f"{changes.deleted:,}"
        more = "" if changes is None else f", {changes.deleted - approval.deletions:,} more than shown"
        raise GuardError(
            f"This load would delete {found} items, while the plan showed {approval.deletions:,}{more}: "
            "the dataset has changed in Orgvue since. Nothing was sent.",
            hint="Make and read a new plan, then apply that one.",
        )
