"""Whether the extracts of a run belong together: people of today with positions of yesterday do not."""

from collections.abc import Mapping, Set
from datetime import date

from bulkimport.errors import BulkimportError, GuardError
from bulkimport.wording import listed

_SHOWN = 5

Days = Mapping[str, Set[date]]
"""Dataset → the days that its extract is of; those of which none is known are left out."""


def check_one_day(name: str, days: Days) -> None:
    """Raises GuardError if the dataset `name` has a day while not all extracts are of one and the same.

    All of them are refused then: a tenant that holds two days is what this is to prevent, and which day is right is not
    for a program to say.
    """
    if not days.get(name) or len(frozenset[date]().union(*days.values())) == 1:
        return
    raise GuardError(
        f"The extracts of this run are of different days: {_by_day(days)}. They would not fit together, so none "
        "of them is imported; nothing was sent.",
        hint="See which job did not deliver, and run again once all extracts are of one day; or select those that are "
        "with --only; or, if the days may differ, set run.same_extract_date to false.",
    )


def untold(name: str, other: str, error: BulkimportError) -> GuardError:
    """The refusal of dataset `name` because the day of `other` (maybe the same) cannot be told."""
    whose = "its extract" if name == other else f"the extract of {other}"
    return GuardError(
        f"The day of {whose} cannot be told, so whether the extracts of this run fit together is not known; "
        f"nothing was sent. {error.message}",
        hint=f"Correct `extract_date` of {other} in the config, or its source. {error.hint}",
    )


def late() -> GuardError:
    """The refusal of a dataset whose file came after the days of the others were compared."""
    return GuardError(
        "Its file came after the days of this run's extracts were compared, so whether it fits the others is not "
        "known; nothing was sent.",
        hint="Run again now that the file is there.",
    )


def _by_day(days: Days) -> str:
    names: dict[date, list[str]] = {}
    for name, found in days.items():
        for day in found:
            names.setdefault(day, []).append(name)
    return "; ".join(f"{day.isoformat()}: {_some(names[day])}" for day in sorted(names))


def _some(names: list[str]) -> str:
    shown = names[:_SHOWN]
    return listed([*shown, f"{len(names) - len(shown)} more"]) if len(names) > len(shown) else listed(shown)
