"""Moments, JSON and text as they lie in the tables, and what to say when they make no sense."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from bulkimport.clock import parse_timestamp
from bulkimport.errors import StateError

SET_ASIDE = (
    "Make sure that no run is active, then move journal.db, journal.db-wal and journal.db-shm out of the state"
    " directory and run again; earlier runs can then no longer be shown or resumed."
    " `sqlite3 journal.db .recover` may save them."
)
"""What to do about a journal that is beyond this program."""


@contextmanager
def expecting_sound_rows() -> Iterator[None]:
    """Around the reading of rows: what is not as it was written is damage, not a mistake of the program."""
    try:
        yield
    except (ValueError, TypeError, KeyError):
        raise StateError("The journal is damaged: it holds a record that makes no sense.", hint=SET_ASIDE) from None


def marks(values: Collection[object]) -> str:
    """As many question marks as there are values, as a statement has them."""
    return ", ".join("?" * len(values))


def moment_text(moment: datetime) -> str:
    """RFC 3339 to the microsecond: loses nothing, and sorts as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def optional_moment(text: str | None) -> datetime | None:
    """The moment that a column which may be empty holds."""
    return None if text is None else parse_timestamp(text)


def json_text(value: object) -> str:
    """ASCII, so that any text fits; TypeError if JSON cannot hold it."""
    return json.dumps(value, separators=(",", ":"))


def json_object(text: str) -> dict[str, Any]:
    """The reverse of `json_text` for objects; ValueError for anything else."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def storable(text: str) -> str:
    """A path as a column can hold it: the bytes of a name that is not UTF-8 are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
