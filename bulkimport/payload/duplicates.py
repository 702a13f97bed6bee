"""Keys that occur more than once, found exactly in bounded memory.

Equal hashes are only a suspicion; it is confirmed on the keys themselves, as they stand in the sidecar. That takes one
reading of the sidecar for every fifty thousand suspects: none as a rule, one where there are duplicates.
"""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bulkimport.model import KeyProblem
from bulkimport.payload.hashes import HashFile
from bulkimport.payload.keys import KeyText, blank_places, sidecar_texts
from bulkimport.payload.request import DuplicatePolicy
from bulkimport.wording import composite

_SUSPECTS = 50_000
_EXAMPLES = 5


class RowMarks:
    """One byte per row in an unnamed file in `directory`: which rows are to be left out. Raises OSError."""

    def __init__(self, directory: str) -> None:
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 (closed by __exit__)
        self.count = 0

    def mark(self, row: int) -> None:
        """Marks a row (0-based) that was not marked before."""
        self._file.seek(row)
        self._file.write(b"\1")
        self.count += 1

    def kept(self, first: int, count: int) -> bytes:
        """For `count` rows from `first` on, 1 where the row is to be kept and 0 where not."""
        self._file.seek(first)
        return self._file.read(count).ljust(count, b"\0").translate(bytes((1, 0)) + bytes(254))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()


@dataclass(slots=True)
class Duplicates:
    """`count` keys occur more than once; `examples` are some of them, with the numbers of some of their rows."""

    count: int = 0
    examples: tuple[KeyProblem, ...] = ()


def find_duplicates(hashes: HashFile, sidecar: str, policy: DuplicatePolicy, marks: RowMarks) -> Duplicates:
    """Looks for keys that several rows have; blank keys are not among them.

    Marks what `policy` leaves out: all rows of a key but its first or last one, or none (`refuse`). Raises OSError.
    """
    found = Duplicates()
    for suspects in _rounds(hashes.repeated()):
        _confirm(suspects, sidecar, policy, marks, found)
    return found


def _rounds(sets: Iterable[set[int]]) -> Iterator[set[int]]:
    """The sets joined until they are worth a reading of the sidecar."""
    gathered: set[int] = set()
    for each in sets:
        gathered |= each
        if len(gathered) >= _SUSPECTS:
            yield gathered
            gathered = set()
    if gathered:
        yield gathered


def _confirm(suspects: set[int], sidecar: str, policy: DuplicatePolicy, marks: RowMarks, found: Duplicates) -> None:
    kept: dict[KeyText, int] = {}
    repeated: set[KeyText] = set()
    examples: dict[KeyText, list[int]] = {}
    for row, text in _suspected(sidecar, suspects):
        earlier = kept.setdefault(text, row)
        if earlier == row:
            continue
        if text not in repeated:
            repeated.add(text)
            if len(found.examples) + len(examples) < _EXAMPLES:
                examples[text] = [earlier + 1]
        if text in examples and len(examples[text]) < _EXAMPLES:
            examples[text].append(row + 1)
        if policy == "last":
            kept[text] = row
        if policy != "refuse":
            marks.mark(earlier if policy == "last" else row)
    found.count += len(repeated)
    found.examples += tuple(KeyProblem(_shown(text), tuple(rows)) for text, rows in examples.items())


def _suspected(sidecar: str, suspects: set[int]) -> Iterator[tuple[int, KeyText]]:
    """The 0-based rows and texts of the keys whose hash is among `suspects`."""
    first = 0
    for texts in sidecar_texts(sidecar):
        hashes = list(map(hash, texts))
        if not suspects.isdisjoint(hashes):
            blank = set(blank_places(texts))
            for index, (text, value) in enumerate(zip(texts, hashes, strict=True)):
                if value in suspects and index not in blank:
                    yield first + index, text
        first += len(texts)


def _shown(text: KeyText) -> str:
    return text if isinstance(text, str) else composite(text)
