"""Which of the files that were found are read, and whether they may be: decided from their names, times and sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bulkimport.errors import NOTHING_SENT, GuardError
from bulkimport.wording import duration

PATIENCE = 20
"""How many times `stable_for` a file that keeps changing is waited for."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it was found: `modified` is aware, `size` in bytes."""

    path: str
    modified: datetime
    size: int


def newest(files: Sequence[FoundFile]) -> FoundFile:
    """The one that was modified last, of several such the last by name. A date in a name means nothing here."""
    return max(files, key=lambda file: (file.modified, file.path))


def refuse_old(files: Sequence[FoundFile], max_age: float, now: datetime) -> None:
    """Raises GuardError for the oldest of `files` if it was modified more than `max_age` seconds before `now`."""
    oldest = min(files, key=lambda file: file.modified)
    age = (now - oldest.modified).total_seconds()
    if age > max_age:
        raise GuardError(
            f"{oldest.path} was last written {oldest.modified:%Y-%m-%d %H:%M:%S} UTC, {duration(age)} ago; "
            f"max_age allows {duration(max_age)}",
            hint="See whether the job that writes it has run, then run this dataset again; or raise the source's "
            f"`max_age`. {NOTHING_SENT}",
        )


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of files that may still be written: as they are since `since` (monotonic seconds)."""

    files: tuple[FoundFile, ...]
    since: float

    def seen(self, files: tuple[FoundFile, ...], at: float) -> "Watch":
        """After one more look at them."""
        return self if files == self.files else Watch(files, at)

    def unsettled(self, stable_for: float, now: datetime, at: float) -> tuple[FoundFile, float] | None:
        """The file that has to be left alone longest, and for how many seconds; None if all have come to rest.

        A file rests when it was modified at least `stable_for` seconds ago, or was seen unchanged for that long: the
        clock of a file server may be ahead of ours.
        """
        seen = at - self.since
        latest = max(self.files, key=lambda file: file.modified)
        rest = stable_for - max(seen, (now - latest.modified).total_seconds())
        return (latest, rest) if rest > 0 else None
