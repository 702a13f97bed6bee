"""Which datasets a run refreshes, and what waits for what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bulkimport.errors import UsageError
from bulkimport.model import Config, Dataset
from bulkimport.near_misses import near_misses

TAG_PREFIX = "tag:"
WITH_DEPENDENCIES = "+"


@dataclass(frozen=True, slots=True)
class Selection:
    """The datasets of a run in the order of the config.

    `gates` maps a name to the selected names it waits for; `ungated` to the enabled or disabled ones that it depends
    on but that are not part of the run.
    """

    datasets: tuple[Dataset, ...]
    gates: dict[str, tuple[str, ...]]
    ungated: dict[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dataset.name for dataset in self.datasets)


def select(config: Config, only: Sequence[str] = (), exclude: Sequence[str] = ()) -> Selection:
    """The enabled datasets that `only` names (all without it) less those that `exclude` names.

    A selector is a name, a glob, `tag:NAME`, or one of these after `+`, which adds what it depends on, whatever the
    distance. Options may be repeated and hold comma lists. Raises UsageError for a selector that matches nothing, for
    one of `only` that matches nothing but disabled datasets, and for a selection in which nothing is left.
    """
    wanted = _matches(config, "--only", only, enabled=True) if only else {dataset.name for dataset in config.datasets}
    unwanted = _matches(config, "--exclude", exclude) if exclude else set()
    chosen = tuple(d for d in config.datasets if d.enabled and d.name in wanted and d.name not in unwanted)
    if not chosen:
        what = "the selection is empty" if only or exclude else "the config enables none"
        raise UsageError(
            f"No dataset is left to refresh: {what}" + _disabled(config, wanted - unwanted),
            hint="Widen --only, narrow --exclude, or enable a dataset in the config. Nothing was sent.",
        )
    return selection_of(chosen)


def selection_of(datasets: Iterable[Dataset]) -> Selection:
    """A selection of exactly these datasets."""
    chosen = tuple(datasets)
    names = {dataset.name for dataset in chosen}
    return Selection(
        datasets=chosen,
        gates={d.name: tuple(n for n in d.depends_on if n in names) for d in chosen},
        ungated={d.name: tuple(n for n in d.depends_on if n not in names) for d in chosen},
    )


def dependents(datasets: Iterable[Dataset], names: Iterable[str]) -> set[str]:
    """The names among `datasets` that depend on one of `names`, directly or not."""
    found: set[str] = set()
    reached = set(names)
    remaining = list(datasets)
    while new := {d.name for d in remaining if d.name not in found and reached.intersection(d.depends_on)}:
        found |= new
        reached |= new
    return found


def _matches(config: Config, option: str, values: Sequence[str], *, enabled: bool = False) -> set[str]:
    """All that the selectors match. With `enabled` each must match an enabled dataset: one that was asked for by name
    and is left out is no success."""
    selectors = [text for value in values for text in (part.strip() for part in value.split(",")) if text]
    if not selectors:
        raise UsageError(f"{option} names no dataset.", hint="Write names, globs such as `people*`, or `tag:NAME`.")
    by_name = {dataset.name: dataset for dataset in config.datasets}
    found: set[str] = set()
    problems = []
    for selector in selectors:
        matched = _match(by_name, selector.removeprefix(WITH_DEPENDENCIES))
        if not matched:
            problems.append(_nothing_matches(by_name, option, selector))
        elif enabled and not any(by_name[name].enabled for name in matched):
            problems.append(f"{option} {selector} matches only what the config disables: {', '.join(sorted(matched))}")
        if selector.startswith(WITH_DEPENDENCIES):
            matched |= _dependencies(by_name, matched)
        found |= matched
    if problems:
        raise UsageError("\n".join(problems), hint="Nothing was sent.")
    return found


def _match(by_name: dict[str, Dataset], selector: str) -> set[str]:
    if selector.startswith(TAG_PREFIX):
        tag = selector.removeprefix(TAG_PREFIX)
        return {name for name, dataset in by_name.items() if any(fnmatchcase(own, tag) for own in dataset.tags)}
    if selector in by_name:  # also where the name looks like a glob
        return {selector}
    return {name for name in by_name if fnmatchcase(name, selector)}


def _dependencies(by_name: dict[str, Dataset], names: set[str]) -> set[str]:
    found: set[str] = set()
    todo = set(names)
    while todo:
        direct = {other for name in todo for other in by_name[name].depends_on if other in by_name}
        todo = direct - found
        found |= direct
    return found


def _nothing_matches(by_name: dict[str, Dataset], option: str, selector: str) -> str:
    text = selector.removeprefix(WITH_DEPENDENCIES)
    if text.startswith(TAG_PREFIX):
        tags = sorted({tag for dataset in by_name.values() for tag in dataset.tags})
        near = [TAG_PREFIX + tag for tag in near_misses(text.removeprefix(TAG_PREFIX), tags)]
        known = [TAG_PREFIX + tag for tag in tags]
    else:
        near, known = near_misses(text, by_name), list(by_name)
    if near:
        return f"{option} {selector} matches no dataset; did you mean {' or '.join(near)}?"
    shown = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    return f"{option} {selector} matches no dataset; known are: {shown or 'none'}"


def _disabled(config: Config, names: set[str]) -> str:
    disabled = [d.name for d in config.datasets if not d.enabled and d.name in names]
    return f" ({', '.join(disabled)} {'is' if len(disabled) == 1 else 'are'} disabled)." if disabled else "."
