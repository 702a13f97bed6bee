"""What must hold before anything is sent. Each guard is a pure function of facts; the first violation is what ends it.

Every refusal gives the numbers, names some of the keys and ends with the command to run once the cause is dealt with:
for deletions the very command that lets them through.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from bulkimport.errors import GuardError
from bulkimport.model import Changes, DanglingEnds, Dataset, Payload
from bulkimport.wording import Typed, composite, counted, key_shown, listed

Again = Callable[..., str]
"""The command that tries it again, with whatever more words it is to have."""

NEVER_FIRES_BELOW = 10
"""`max_delete_percent` lets this many deletions pass whatever their share: one leaver in ten is no accident."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the command line permits one dataset this once: up to `deletions`, in place of its delete guards."""

    deletions: int | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What stands for the items that Orgvue holds now: the items themselves (`live`), the last successful run's
    numbers (`last_run`), or nothing (`none`, only on request). `changes` is exact for `live`; for `last_run` it is the
    least that must happen for the counts to come out. Any other baseline than `none` without numbers is a ValueError.
    """

    kind: str
    held: int | None
    changes: Changes | None
    since: str | None = None

    def __post_init__(self) -> None:
        if self.kind != "none" and (self.held is None or self.changes is None):
            raise ValueError(f"a baseline `{self.kind}` without numbers would let everything through")


def check_rows(dataset: Dataset, payload: Payload, again: Again) -> None:
    """What can be said without knowing what Orgvue holds. Raises GuardError.

    A payload without rows passes here: it is `check_changes` that knows whether there is anything to lose.
    """
    problem = next(_row_problems(dataset, payload, again()), None)
    if problem is not None:
        raise problem


def _row_problems(dataset: Dataset, payload: Payload, command: str) -> Iterator[GuardError]:
    guards, rows, key = dataset.guards, payload.rows, composite(dataset.key)
    count = counted(rows, "row")
    if rows and guards.min_rows is not None and rows < guards.min_rows:
        yield _refusal(
            f"The source has {count}, fewer than guards.min_rows = {guards.min_rows:,}.",
            "Look at the source: it may be cut. "
            f"If {rows:,} is right, lower guards.min_rows of `{dataset.name}`, then: {command}",
        )
    if guards.max_rows is not None and rows > guards.max_rows:
        yield _refusal(
            f"The source has {count}, more than guards.max_rows = {guards.max_rows:,}.",
            f"Look at the source. If {rows:,} is right, raise guards.max_rows of `{dataset.name}`, then: {command}",
        )
    if payload.blank_keys:
        have = "has" if payload.blank_keys == 1 else "have"
        yield _refusal(
            f"{payload.blank_keys:,} of {count} {have} a blank key ({key}){_first_rows(payload.blank_examples)}; "
            "an item without its key cannot be matched.",
            f"Complete the key in the source, then: {command}",
        )
    if payload.duplicate_keys:
        examples = "; ".join(f"{key_shown(p.key)} in rows {_numbers(p.rows)}" for p in payload.duplicate_examples[:3])
        yield _refusal(
            f"{counted(payload.duplicate_keys, 'key comes', 'keys come')} more than once ({key}): {examples}. "
            "Orgvue cannot load duplicate identifiers.",
            "Remove the duplicates from the source, or set guards.duplicates to `first` or `last` to keep one row of "
            f"each, then: {command}",
        )
    if payload.missing:
        columns = ", ".join(f"{column} in {missing:,}" for column, missing in payload.missing)
        yield _refusal(
            f"Required columns are blank or missing: {columns} of {count}.",
            f"Complete them in the source, or take them out of guards.required of `{dataset.name}`, then: {command}",
        )


def check_links(dataset: Dataset, dangling: Sequence[DanglingEnds], sides: Sequence[str], again: Again) -> str | None:
    """What there is to say of links with an end that none of the datasets `sides` has; None if there are none.

    Raises GuardError for more of them than Orgvue may reject, where the config wants that.
    """
    if not dangling:
        return None
    text = " ".join(
        f"{one.links:,} of {counted(one.of, 'link')} {'has' if one.links == 1 else 'have'} a {one.end} that is no key "
        f"of {listed(sides, 'or')}: {_some(one.examples)}{', …' if one.links > len(one.examples) else ''}."
        for one in dangling
    )
    limits = dataset.guards
    if limits.dangling_links == "refuse" and sum(one.links for one in dangling) > limits.allow_item_errors:
        raise _refusal(
            text,
            "Correct the links, or the sources of what they join. To have all others imported, set "
            f"guards.dangling_links of `{dataset.name}` to `warn`, then: {again()}",
        )
    return f"{text} Orgvue rejects links whose ends it does not hold."


def _some(keys: Sequence[str]) -> str:
    return ", ".join(map(key_shown, keys))


def _first_rows(rows: tuple[int, ...]) -> str:
    return f", the first in {'row' if len(rows) == 1 else 'rows'} {_numbers(rows[:5])}" if rows else ""


def _numbers(rows: tuple[int, ...]) -> str:
    return ", ".join(map(str, rows))


def check_changes(dataset: Dataset, payload: Payload, baseline: Baseline, allowance: Allowance, again: Again) -> None:
    """What can be said once the dataset's present items are known. Raises GuardError."""
    _check_emptiness(dataset, payload, baseline, allowance, again)
    changes, held = baseline.changes, baseline.held
    if changes is None or held is None:
        _check_is_counted(dataset, allowance, again)
        return
    if (limit := _broken_delete_limit(dataset, changes, held, allowance)) is not None:
        raise _refusal(
            f"{_would_delete(baseline, changes, held)}, more than {limit}.{_and_rekeyed(changes)}",
            "Look at the source first. If the deletions are right: "
            + again(*_allow_delete(dataset, str(changes.deleted))),
        )
    command = again()
    _check_share(dataset, held, "create", changes.created, dataset.guards.max_create_percent, command)
    _check_share(dataset, held, "update", changes.updated, dataset.guards.max_update_percent, command)


def _check_emptiness(
    dataset: Dataset, payload: Payload, baseline: Baseline, allowance: Allowance, again: Again
) -> None:
    if payload.rows:
        return
    held = baseline.held
    if held is None or _is_empty_by_hearsay(dataset, baseline):
        why = (
            "what Orgvue holds was not looked at (guards.baseline = none)"
            if held is None
            else f"Orgvue held no item{_judged_by(baseline)}, but what it holds now was not looked at"
        )
        raise _refusal(
            f"The source has no rows, and {why}: sending it could delete every item.",
            "Look at the source: the extract has probably failed. To empty the dataset all the same, have its items "
            f"read (guards.baseline of `{dataset.name}` set to `live`) and allow as many deletions as there are: "
            + again(*_allow_delete(dataset, "COUNT")),
        )
    if held == 0:
        if dataset.guards.min_rows:
            raise _refusal(
                f"The source has no rows (guards.min_rows = {dataset.guards.min_rows:,}); the dataset is empty, too.",
                f"If an empty source is right, set guards.min_rows of `{dataset.name}` to 0, then: " + again(),
            )
        return
    if allowance.deletions is not None and held <= allowance.deletions:
        return
    raise _refusal(
        f"The source has no rows, while Orgvue holds {counted(held, 'item')}{_judged_by(baseline)}: sending it would "
        + ("delete them all." if dataset.import_options.implicit_delete else "change nothing."),
        "Look at the source: the extract has probably failed. To send it all the same: "
        + again(*_allow_delete(dataset, str(held))),
    )


def _check_is_counted(dataset: Dataset, allowance: Allowance, again: Again) -> None:
    """An allowance is for so many deletions, so they have to be counted."""
    if allowance.deletions is None or not dataset.import_options.implicit_delete:
        return
    permitted = allowance.deletions
    raise _refusal(
        f"Whether this load deletes more than the {permitted:,} that --allow-delete permits cannot be told: what "
        "Orgvue holds was not looked at (guards.baseline = none).",
        f"Set guards.baseline of `{dataset.name}` to `live`, then: {again(*_allow_delete(dataset, str(permitted)))}. "
        f"Or send it whatever it deletes: {again()}",
    )


def _is_empty_by_hearsay(dataset: Dataset, baseline: Baseline) -> bool:
    """Whether only an earlier run knows the dataset to be empty, while items that came since could be deleted."""
    return baseline.kind != "live" and baseline.held == 0 and dataset.import_options.implicit_delete


def _broken_delete_limit(dataset: Dataset, changes: Changes, held: int, allowance: Allowance) -> str | None:
    """The limit that these deletions exceed; an allowance takes the place of the config's."""
    guards, deleted = dataset.guards, changes.deleted
    if allowance.deletions is not None:
        return f"the {allowance.deletions:,} that --allow-delete permits" if deleted > allowance.deletions else None
    if guards.max_delete_rows is not None and deleted > guards.max_delete_rows:
        return f"guards.max_delete_rows = {guards.max_delete_rows:,}"
    percent = guards.max_delete_percent
    if percent is not None and deleted > NEVER_FIRES_BELOW and deleted * 100 > percent * held:
        return f"guards.max_delete_percent = {percent:g}"
    return None


def _check_share(dataset: Dataset, held: int, verb: str, count: int, limit: float | None, command: str) -> None:
    if limit is None or not held or count * 100 <= limit * held:
        return
    raise _refusal(
        f"This load would {verb} {counted(count, 'item')} where Orgvue holds {held:,} ({_percent(count, held)}), "
        f"more than guards.max_{verb}_percent = {limit:g}.",
        f"Look at the source. If this is right, raise guards.max_{verb}_percent of `{dataset.name}`, then: {command}",
    )


def _would_delete(baseline: Baseline, changes: Changes, held: int) -> str:
    text = f"This load would delete {changes.deleted:,} of {counted(held, 'item')} ({_percent(changes.deleted, held)})"
    text += _judged_by(baseline)
    if changes.deleted_examples:
        text += f", among them {_some(changes.deleted_examples[:5])}"
    return text


def _judged_by(baseline: Baseline) -> str:
    return (
        "" if baseline.kind == "live" else f", judged by the last successful run ({baseline.since or 'date unknown'})"
    )


def _and_rekeyed(changes: Changes) -> str:
    return " " + rekeyed_text(changes) if changes.rekeyed > NEVER_FIRES_BELOW else ""


def rekeyed_text(changes: Changes) -> str:
    """Names items that are about to be deleted and created anew under another key."""
    pairs = ", ".join(f"{key_shown(old)} → {key_shown(new)}" for old, new in changes.rekeyed_examples[:3])
    return (
        f"{changes.rekeyed:,} of the items to delete would be created again with the same values under another key "
        f"({pairs}): has the format of the key changed, or its leading zeros been lost?"
    )


def _allow_delete(dataset: Dataset, count: str) -> tuple[str, str]:
    return "--allow-delete", f"{dataset.name}={count}"


def rerun(dataset: Dataset, typed: Typed) -> Again:
    """The command that runs this one dataset again."""
    return partial(typed.command, "run", "--only", dataset.name)


def _percent(part: int, whole: int) -> str:
    """Precise enough not to look like the limit that was just exceeded."""
    share = 100 * part / whole if whole else 100.0
    return f"{share:.4g}%" if share < 1000 else f"{share:,.0f}%"


def _refusal(message: str, hint: str) -> GuardError:
    return GuardError(message, hint=hint)
