"""What a job's result says: the count of each kind of entry, and the judgement on the whole."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, Stage
from bulkimport.wording import counted, safe_text

_BY_ACTION = {
    "create": "created",
    "update": "updated",
    "replace": "updated",
    "createOrUpdate": "updated",
    "createOrReplace": "updated",
    "delete": "deleted",
    "noop": "skipped",
}
_REASONS = 1_000


def outcome(entry: Mapping[str, Any]) -> str:
    """What became of an item: `created`, `updated`, `deleted`, `skipped`, or `failed` for anything unheard of."""
    if entry.get("error") or entry.get("errors"):
        return "failed"
    match entry.get("_status"):
        case "skipped":
            return "skipped"
        case "implicitDelete":
            return "deleted"
        case "success":
            return _BY_ACTION.get(str(entry.get("_action")), "failed")
        case _:
            return "failed"


def reason(entry: Mapping[str, Any]) -> str:
    """Why an item failed, in the service's own words as far as there are any."""
    found = entry.get("errors") or entry.get("error") or entry.get("message")
    texts = [_one_reason(one) for one in (found if isinstance(found, list) else [found]) if one]
    return "; ".join(texts) or f"reported as {entry.get('_status', 'neither applied nor rejected')!s}"


def _one_reason(found: Any) -> str:
    if isinstance(found, Mapping):
        return str(found.get("message") or found.get("name") or found.get("code") or dict(found))
    return str(found)


@dataclass(slots=True)
class Tally:
    """Counts of entries, and the commonest reasons of failure (bounded: reasons beyond the first 1,000 are lumped)."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0
    failed: int = 0
    implicit: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Mapping[str, Any]) -> bool:
        """Counts one entry; True if it failed."""
        kind = outcome(entry)
        setattr(self, kind, getattr(self, kind) + 1)
        if entry.get("_status") == "implicitDelete":
            self.implicit += 1
        if kind != "failed":
            return False
        text = safe_text(reason(entry))
        self.reasons[text if text in self.reasons or len(self.reasons) < _REASONS else "other reasons"] += 1
        return True

    @property
    def counts(self) -> ItemCounts:
        return ItemCounts(self.created, self.updated, self.deleted, self.skipped, self.failed)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a completed job counts."""

    status: DatasetStatus
    error: ErrorReport | None


def judge(
    items: ItemCounts, implicit: int, rows: int, allowed: int, reasons: tuple[str, ...], failed_file: str
) -> Judgement:
    """`succeeded` or `partial`: no more failed items than `allowed`, and an entry for each of the payload's `rows`.

    `implicit` is how many of the deletions answer no row of the payload. `failed_file` is where a person finds the
    failed items.
    """
    answered = items.created + items.updated + items.skipped + items.failed + items.deleted - implicit
    missing = max(0, rows - answered)
    if items.failed <= allowed and not missing:
        return Judgement(DatasetStatus.SUCCEEDED, None)
    of_all = f"of {counted(rows, 'item')}"
    parts, hints = [], []
    if items.failed > allowed:
        limit = f", more than guards.allow_item_errors = {allowed:,}" if allowed else ""
        why = f", mostly: {'; '.join(reasons[:3])}" if reasons else ""
        parts.append(f"Orgvue rejected {items.failed:,} {of_all}{limit}{why}")
        hints.append(
            f"The rejected items and their reasons are in {failed_file}: correct them in the source, run again."
        )
    if missing:
        parts.append(f"its result says nothing of {missing:,} {of_all}, so what became of them is not known")
        hints.append("Compare the dataset in Orgvue with the source, and run again.")
    message = f"The job completed, but {', and '.join(parts)}."
    if items.failed + missing < rows:
        message += " All other items were applied."
    return Judgement(DatasetStatus.PARTIAL, ErrorReport(stage=Stage.RESULT, message=message, hint=" ".join(hints)))
