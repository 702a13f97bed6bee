"""The header of a table: which columns there are, and what to make of careless ones."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from bulkimport.sources.base import Place

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Header:
    """`columns` are the named ones, in the file's order; `cells` is the header itself, and `width` counts them.

    A row is wider than its columns where the header ends in empty names, as spreadsheets write them: those cells are
    not read, and have to be blank.
    """

    columns: tuple[str, ...]
    cells: list[str]

    @property
    def width(self) -> int:
        return len(self.cells)

    def comes_again(self, row: list[str]) -> bool:
        """Whether a row is the header once more, as where files were put together. One cell alone may be a value."""
        return row == self.cells and len(row) > 1

    def arranged_as(self, columns: tuple[str, ...]) -> Callable[[list[str]], list[str]] | None:
        """What puts the cells of a row in the order of `columns`, with blank ones for those that the header lacks; None
        where they stand so already."""
        if self.columns == columns:
            return None
        blank = len(self.columns)
        pick = itemgetter(*(self.columns.index(name) if name in self.columns else blank for name in columns))
        return lambda row: list(pick([*row, ""]))


def read_header(cells: list[str], place: Place, wanted: frozenset[str]) -> tuple[Header, list[str]]:
    """The header that `cells` are, with warnings. Names in `wanted` are meant as written.

    White space around other names is taken off, with a warning. Raises SourceError for a name that is there twice and
    for a column in the middle that has none.
    """
    names = list(cells)
    while names and not names[-1].strip():
        names.pop()
    if not names:
        raise place.error("the header has no column names", "The first line of a CSV file must name its columns.")
    if "" in map(str.strip, names):
        number = [name.strip() for name in names].index("") + 1
        hint = "Name it in the file, or remove it; which property its cells belong to cannot be known."
        raise place.error(f"column {number} has no name in the header", hint)
    columns = tuple(name if name in wanted else name.strip() for name in names)
    name, times = Counter(columns).most_common(1)[0]
    if times > 1:
        numbers = ", ".join(str(number) for number, other in enumerate(columns, 1) if other == name)
        hint = "Rename or remove one of them in the file; which one is meant cannot be known."
        raise place.error(f"the header names the column {name!r} more than once (columns {numbers})", hint)
    padded = [name for name, column in zip(names, columns, strict=True) if name != column]
    warnings = [f"{place}: white space around column names was ignored: {', '.join(map(repr, padded))}"]
    return Header(columns, cells), warnings if padded else []
