"""What every kind of source is to its reader."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from bulkimport.errors import SourceError
from bulkimport.sources.files import SourceFiles

Record = dict[str, Any]


class ExactNumber:
    """A JSON number as the text it was written as, for what neither a 64-bit integer nor a float can hold."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"ExactNumber({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExactNumber) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one row comes from: its file, and the 1-based number of its line or of its record in that file.

    `line_of_record` looks for the line in which a record begins (None if it is not to be found), once it is asked.
    """

    path: str
    line: int
    unit: str = "line"
    line_of_record: Callable[[], int | None] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        line = self.line_of_record() if self.line_of_record is not None else None
        return f"{self.path}, {self.unit} {self.line}{f', line {line}' if line is not None else ''}"

    def error(self, message: str, hint: str) -> SourceError:
        """A SourceError that starts with this place."""
        return SourceError(f"{self}: {message}", hint, self.path, self.line)


class Rows(Protocol):
    """What tables and records have in common."""

    files: SourceFiles
    warnings: list[str]

    def places(self) -> Iterator[Place]:
        """The place of each row in order, by reading the files once more."""
        ...


class Records(Rows, Protocol):
    """Objects of properties with plain values: text, bool, None, int of 64 bits, float or ExactNumber.

    `columns` are those of the table that the records were, if they were one: known without any record.
    """

    columns: tuple[str, ...] | None

    def batches(self) -> Iterator[list[Record]]:
        """All records in batches of some tens of kilobytes, none empty. Can be called again."""
        ...


def locate(source: Rows, numbers: Collection[int]) -> dict[int, Place]:
    """The places of rows by their 1-based numbers. For errors only: reads the source up to the last of them again."""
    last = max(numbers, default=0)
    found: dict[int, Place] = {}
    for number, place in enumerate(source.places(), 1):
        if number in numbers:
            found[number] = place
        if number >= last:
            break
    return found
