"""Files like those of real systems, and the same with something broken: read exactly, or refused at the right line.

Every number below comes from a seed, so that a failure can be looked at again.
"""

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from backports import zstd

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource
from bulkimport.sources.csv import CsvTable
from tests.support.csv_reference import as_the_csv_module_reads

NAMES = ["employeeID", "Full name", "Größe", "cost centre", "note", "manager", "salary", "start"]
CELLS = [
    *("", "Ann", "O'Neill", "Zoë", "0042", "1.234,56", "03/04/2026", '5" pipe', "Lee, Ann", "a;b|c\td"),
    *('He said "no", twice', "two\nlines", "two\r\nlines", "€ 12", " padded ", '"quoted"', "=SUM(A1)", "\xa0", "N/A"),
]
BREAKS = ['"', ",", ";", "\n", "\r", " ", ' "', "\t", "\ufeff", "x", '""', ",,"]


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/people.csv", content)
    return file.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd.compress,
    ".zip": zipped,
}


@dataclass(frozen=True)
class Export:
    """One file as some system writes it; `text` is what it says in `source.encoding`."""

    columns: tuple[str, ...]
    rows: list[list[str]]
    text: str
    mark: str
    source: CsvSource
    packing: str

    def written(self, folder: Path, text: str) -> CsvSource:
        path = folder / f"people.csv{self.packing}"
        path.write_bytes(PACKINGS[self.packing]((self.mark + text).encode(self.source.encoding)))
        return CsvSource((str(path),), self.source.delimiter, self.source.encoding)


def export(rng: random.Random) -> Export:
    encoding = rng.choice(["utf-8", "utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-16"])
    delimiter = rng.choice([",", ";", "\t", "|"])
    trailing = [""] * rng.choice([0, 0, 1, 2])
    columns = tuple(rng.sample(NAMES, rng.randint(2, len(NAMES))))
    rows = [[rng.choice(CELLS) for _ in columns] for _ in range(rng.choice([1, 5, 40, 3000]))]
    for number, row in enumerate(rows):
        row[0] = str(number)  # as keys are; a row of one blank cell would be an empty line
    careful = rng.choice([0.0, 0.1, 1.0])
    ends = ["\r\n", "\n", "\r"]
    end = rng.choice(ends)
    text = ""
    for row in [list(columns), *rows]:
        text += delimiter.join(quoted(cell, delimiter, rng.random() < careful) for cell in [*row, *trailing]) + end
        if rng.random() < 0.01:
            text += end
            end = rng.choice(ends)
    mark = rng.choice(["", "\ufeff"]) if encoding in ("utf-8", "utf-16-le", "utf-16-be") else ""
    packing = rng.choice(list(PACKINGS))
    return Export(columns, rows, text, mark, CsvSource((), delimiter, encoding), packing)


def quoted(cell: str, delimiter: str, always: bool) -> str:
    """As most systems do it: in quotes where it has to be, or always."""
    if always or set(cell) & {delimiter, '"', "\r", "\n"}:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def all_rows(table: CsvTable) -> list[list[str]]:
    return [row for batch in table.batches() for row in batch]


@pytest.mark.parametrize("seed", range(30))
def test_what_systems_write_is_read_exactly(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    file = export(rng)
    text = file.text
    if rng.random() < 0.3:
        text = f"sep={file.source.delimiter}\r\n{text}"

    read = CsvTable(file.written(tmp_path, text))

    assert read.columns == file.columns
    assert all_rows(read) == file.rows


class Read(NamedTuple):
    columns: tuple[str, ...]
    rows: list[list[str]]


def read_or_refused(source: CsvSource) -> Read | SourceError:
    try:
        table = CsvTable(source)
        return Read(table.columns, all_rows(table))
    except SourceError as error:
        return error


def broken(rng: random.Random, text: str) -> str:
    """`text` after one accident: something lost, doubled, cut off or put in."""
    place = rng.randrange(len(text))
    match rng.randrange(5):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + text[place + rng.choice([1, 1, 5]) :]
        case 2:
            return text[:place] + text[max(0, place - 3) :]
        case 3:
            return f"{text}\nTotal: 12 rows\n"
        case _:
            return text[:place] + rng.choice(BREAKS) + text[place:]


@pytest.mark.parametrize("seed", range(120))
def test_a_broken_file_says_what_the_csv_module_reads_of_it_or_is_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    file = export(rng)
    encoding = file.source.encoding
    text = broken(rng, file.text).encode(encoding, "replace").decode(encoding).removeprefix("\ufeff")
    source = file.written(tmp_path, text)
    expected = as_the_csv_module_reads(text, file.source.delimiter)

    read = read_or_refused(source)

    if isinstance(read, Read):
        assert expected is not None
        header, *rows = expected
        assert [name.strip() for name in header if name.strip()] == list(read.columns)
        assert read.rows == [row[: len(read.columns)] for row in rows]
    else:
        assert expected is None or not is_a_table(expected) or "\ufeff" in text
        assert read.path == source.paths[0]
        lines = len(io.StringIO(text, newline="").readlines())
        assert read.line is None or 1 <= read.line <= 1 + lines


def is_a_table(rows: list[list[str]]) -> bool:
    """Whether each row has a cell for each column, and each column a name of its own but for blank ones at the end."""
    if not rows:
        return False
    names = [name.strip() for name in rows[0]]
    while names and not names[-1]:
        names.pop()
    good = names and all(names) and len(set(names)) == len(names)
    return bool(good) and all(len(row) == len(rows[0]) and not any(row[len(names) :]) for row in rows[1:])
