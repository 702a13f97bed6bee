"""What goes wrong on purpose, and when.

A fault file is a JSON array of rules. Each rule is `{"match": {...}, "action": {...}}`:

match
    step         where: generate, upload, import, poll, result, items, metadata, list, tempget, export, sync, create;
                 `api` is every call to /api/v1, `storage` every presigned one; `job` is the work behind an import.
    dataset      only this dataset, by id or name (not for generate, upload, list and create, which have none;
                 for tempget it is the dataset into which the file was imported).
    and at most one of (counted over the requests that match step and dataset, from 1; none: always)
    nth          only the n-th            first_n   the first n           after_n   all but the first n
    probability  each with this chance, 0 to 1, drawn from a generator started with `seed` (default 0)
    always       true

action: exactly one of
    {"status": 503}         this status; optional "body" (text, or JSON sent as such), "headers" ({name: value}),
                            "retry_after" (seconds, or a text sent as it is: an HTTP date), "process": true (the work
                            is done first and its answer thrown away)
    {"reset_before": true}  the connection is reset (RST) before anything is done
    {"reset_after": true}   the work is done, then the connection is reset instead of an answer
    {"stall": 5}            silence for so many seconds, then everything as usual
    {"stall_after": 5}      the work is done, then silence, then its answer
    {"truncate": 0.5}       the answer stops after this fraction of its body (0 up to, not including, 1)
    {"html": true}          200 with an HTML page instead of the answer (the work is done)
    {"malformed": true}     the answer's status and headers with a body that is not JSON (the work is done)
    {"drip": 0.05}          the answer comes "chunk" bytes at a time (default 1) with this pause in seconds between
    {"redirect": true}      307 to another presigned URL of the same object (upload, tempget, poll, result)
    {"expire": true}        the presigned URL counts as expired (upload, tempget, poll, result)
    {"job_fail": ["..."]}   the job fails with these messages, nothing is applied (step job)
    {"job_reject": ["..."]} the items with these identifiers fail their validation (step job)

All rules count; of those that fire for a request the first in the file acts.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import orjson

Step = Literal[
    "generate", "upload", "import", "poll", "result", "items", "metadata", "list", "tempget", "export", "sync", "create"
]
ActionKind = Literal[
    "status",
    "reset_before",
    "reset_after",
    "stall",
    "stall_after",
    "truncate",
    "html",
    "malformed",
    "drip",
    "redirect",
    "expire",
    "job_fail",
    "job_reject",
]
STORAGE_STEPS = frozenset({"upload", "tempget", "poll", "result"})
STEPS = frozenset(get_args(Step))
_PLACES = STEPS | {"api", "storage", "job"}
_WITHOUT_DATASET = frozenset({"generate", "upload", "list", "create"})
_OCCASIONS = ("nth", "first_n", "after_n", "probability", "always")
_EXTRAS: dict[str, tuple[str, ...]] = {"status": ("body", "headers", "retry_after", "process"), "drip": ("chunk",)}


class FaultFileError(ValueError):
    """A fault file that cannot be used; `problems` lists everything wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Action:
    """What happens: `value` is that of the kind's own key, the rest only concern `status` and `drip`."""

    kind: ActionKind
    value: Any
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: int | str | None = None
    process: bool = False
    chunk: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the plan; see the module's description."""

    step: str
    action: Action
    dataset: str | None = None
    occasion: str = "always"
    value: float = 0
    seed: int = 0

    def covers(self, step: str, dataset: tuple[str, ...]) -> bool:
        """Whether a request of this step about a dataset (its id and name, or nothing) is one the rule counts."""
        places = {step} if step == "job" else {step, "storage" if step in STORAGE_STEPS else "api"}
        if self.step not in places:
            return False
        return self.dataset is None or self.dataset.casefold() in (name.casefold() for name in dataset)


class FaultPlan:
    """The rules and how often each has been met."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = [(rule, [0], random.Random(rule.seed)) for rule in rules]

    def next(self, step: str, dataset: tuple[str, ...] = ()) -> Action | None:
        """Counts one request and says what, if anything, goes wrong with it."""
        chosen: Action | None = None
        for rule, count, chance in self._rules:
            if not rule.covers(step, dataset):
                continue
            count[0] += 1
            if _fires(rule, count[0], chance) and chosen is None:
                chosen = rule.action
        return chosen


def _fires(rule: Rule, count: int, chance: random.Random) -> bool:
    match rule.occasion:
        case "nth":
            return count == rule.value
        case "first_n":
            return count <= rule.value
        case "after_n":
            return count > rule.value
        case "probability":
            return chance.random() < rule.value
        case _:
            return True


def parse_rules(document: bytes | str) -> tuple[Rule, ...]:
    """The rules of a fault file; raises FaultFileError with everything that is wrong with it."""
    try:
        entries = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise FaultFileError([f"not JSON: {error}"]) from None
    return rules_from(entries)


def rules_from(entries: Any) -> tuple[Rule, ...]:
    """The same from a document that was parsed already."""
    if not isinstance(entries, list):
        raise FaultFileError([f"expected an array of rules, got {_kind_of(entries)}"])
    problems: list[str] = []
    rules = [_rule(entry, f"rule {number}", problems.append) for number, entry in enumerate(entries, 1)]
    if problems:
        raise FaultFileError(problems)
    return tuple(rule for rule in rules if rule is not None)


Report = Callable[[str], None]


def _rule(entry: Any, where: str, report: Report) -> Rule | None:
    if not isinstance(entry, dict):
        report(f"{where}: expected an object, got {_kind_of(entry)}")
        return None
    for key in sorted(entry.keys() - {"match", "action"}):
        report(f"{where}: unknown key {key!r}; expected match and action")
    match, action = entry.get("match"), entry.get("action")
    if not isinstance(match, dict) or not isinstance(action, dict):
        report(f"{where}: match and action must be objects")
        return None
    step = _step(match, where, report)
    occasion, value = _occasion(match, where, report)
    parsed = _action(action, where, report)
    if step is None or parsed is None:
        return None
    _suits(parsed.kind, step, where, report)
    return Rule(step, parsed, match.get("dataset"), occasion, value, match.get("seed", 0))


def _step(match: dict[str, Any], where: str, report: Report) -> str | None:
    for key in sorted(match.keys() - {"step", "dataset", "seed", *_OCCASIONS}):
        report(f"{where}: match: unknown key {key!r}")
    step = match.get("step")
    if not isinstance(step, str) or step not in _PLACES:
        report(f"{where}: match.step: expected one of {', '.join(sorted(_PLACES))}, got {step!r}")
        step = None
    dataset = match.get("dataset")
    if dataset is not None and not (isinstance(dataset, str) and dataset):
        report(f"{where}: match.dataset: expected an id or a name, got {dataset!r}")
    if dataset is not None and step in _WITHOUT_DATASET:
        report(f"{where}: match.dataset: the dataset is not known at step {step}")
    return step


def _occasion(match: dict[str, Any], where: str, report: Report) -> tuple[str, float]:
    named = [key for key in _OCCASIONS if key in match]
    if "seed" in match and (named != ["probability"] or not _is_count(match["seed"], 0)):
        report(f"{where}: match.seed: expected a whole number beside a probability")
    if len(named) > 1:
        report(f"{where}: match: only one of {', '.join(named)} can hold")
    if not named:
        return "always", 0
    key, value = named[0], match[named[0]]
    if key == "always":
        if value is not True:
            report(f"{where}: match.always: expected true, got {value!r}")
        return "always", 0
    if key == "probability":
        if not _is_number(value) or not 0 <= value <= 1:
            report(f"{where}: match.probability: expected a number from 0 to 1, got {value!r}")
    elif not _is_count(value, 0 if key == "after_n" else 1):
        report(f"{where}: match.{key}: expected a whole number, got {value!r}")
    return key, value if _is_number(value) else 0


def _action(action: dict[str, Any], where: str, report: Report) -> Action | None:
    kinds = [kind for kind in get_args(ActionKind) if kind in action]
    if len(kinds) != 1:
        report(f"{where}: action: expected exactly one of {', '.join(get_args(ActionKind))}, got {sorted(action)}")
        return None
    kind = kinds[0]
    for key in sorted(action.keys() - {kind, *_EXTRAS.get(kind, ())}):
        report(f"{where}: action: {key!r} does not belong to {kind}")
    if not _value_fits(kind, action[kind]):
        report(f"{where}: action.{kind}: {action[kind]!r} is not what it expects")
    for key in _EXTRAS.get(kind, ()):
        if key in action and not _EXTRA_CHECKS[key](action[key]):
            report(f"{where}: action.{key}: {action[key]!r} is not what it expects")
    extras = {key: action[key] for key in _EXTRAS.get(kind, ()) if key in action}
    return Action(kind, action[kind], **extras)


def _suits(kind: str, step: str, where: str, report: Report) -> None:
    if (kind in ("job_fail", "job_reject")) != (step == "job"):
        report(f"{where}: action {kind} cannot happen at step {step}")
    elif kind in ("redirect", "expire") and step not in STORAGE_STEPS | {"storage"}:
        report(f"{where}: action {kind} concerns presigned URLs, which step {step} does not use")


def _value_fits(kind: str, value: Any) -> bool:
    match kind:
        case "status":
            return _is_count(value, 200) and value <= 599
        case "stall" | "stall_after" | "drip":
            return _is_number(value) and value >= 0
        case "truncate":
            return _is_number(value) and 0 <= value < 1
        case "job_fail" | "job_reject":
            return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)
        case _:
            return value is True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


_EXTRA_CHECKS: dict[str, Callable[[Any], bool]] = {
    "body": lambda value: True,
    "headers": _are_headers,
    "retry_after": lambda value: isinstance(value, str) or _is_count(value, 0),
    "process": lambda value: isinstance(value, bool),
    "chunk": lambda value: _is_count(value, 1),
}


def _kind_of(value: Any) -> str:
    return {dict: "an object", list: "an array", str: "a text", type(None): "null"}.get(type(value), repr(value))
