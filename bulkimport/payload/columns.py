"""What can be wrong with a source's columns, told so that the person sees what to change."""

from collections.abc import Iterable, Sequence

from bulkimport.errors import SourceError
from bulkimport.near_misses import near_misses

_SHOWN = 40


def refuse_reserved(names: Iterable[str], place: str) -> None:
    """Raises SourceError for names that start with an underscore: `_action`, `_id` and their like are Orgvue's own."""
    reserved = [name for name in names if name.startswith("_")]
    if reserved:
        hint = "Names that start with an underscore are Orgvue's own: rename the column, or drop it with `fields`."
        raise SourceError(f"{place}: {', '.join(map(repr, reserved))} cannot be sent as a property", hint, place, 1)


def refuse_twice(names: Sequence[str], place: str) -> None:
    """Raises SourceError for `names`, properties that two columns would fill."""
    if names:
        hint = "Two columns would fill one property: rename one in `fields`, or set `extra_columns: drop`."
        raise SourceError(f"{place}: more than one column goes out as {', '.join(map(repr, names))}", hint, place, 1)


def missing_columns(missing: Sequence[str], found: Sequence[str], place: str, key: tuple[str, ...]) -> SourceError:
    """The error for columns that are not there, with what is."""
    guesses = [f"{guess!r} instead of {name!r}" for name in missing for guess in near_misses(name, found)[:1]]
    what = "the key column" if set(missing) <= set(key) else "the column"
    lacking, there = (", ".join(map(repr, names)) for names in (dict.fromkeys(missing), found[:_SHOWN]))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    message = f"{place} lacks {what} {lacking}; it has {there}{more}"
    if guesses:
        hint = f"Was it renamed? It has {', '.join(guesses)}."
    elif len(found) == 1 and (other := next((mark for mark in ";\t|," if mark in found[0]), None)):
        hint = f"All of its header is one column: is the `delimiter` {other!r}?"
    else:
        hint = "Correct the file, or the names in the configuration."
    return SourceError(message, hint, place, 1)


def unnamed_columns(extra: Sequence[str], place: str) -> SourceError:
    names = ", ".join(map(repr, extra))
    hint = "Add them to `fields`, or set `extra_columns` to `drop` or `pass`."
    return SourceError(f"{place} has columns that `fields` does not name, and these are refused: {names}", hint, place)
