"""Text is split into rows as the csv module splits it in strict mode, whatever the blocks it comes in."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import CsvSource
from bulkimport.sources.rows import RowSplitter
from tests.support.csv_reference import as_the_csv_module_reads

SOURCE = CsvSource(())


def whole_lines(text: str, per_block: Sequence[int]) -> list[str]:
    """`text` in blocks of whole lines, of so many lines each in turn."""
    lines = list(io.StringIO(text, newline=""))
    found = []
    for count in per_block:
        found.append("".join(lines[:count]))
        del lines[:count]
    found.append("".join(lines))
    return [block for block in found if block]


@given(st.text(alphabet='ab,"\n\r\t é', max_size=60), st.lists(st.integers(1, 4), max_size=8))
def test_any_text_is_split_as_the_csv_module_does(text: str, per_block: list[int]) -> None:
    def split() -> list[list[str]]:
        return [row for batch in RowSplitter(iter(whole_lines(text, per_block)), SOURCE).batches() for row in batch]

    expected = as_the_csv_module_reads(text)
    if expected is None:
        with pytest.raises(csv.Error):
            split()
    else:
        assert split() == expected


@given(
    st.lists(st.lists(st.text(alphabet="a ,;\"\n\r'é😀", max_size=6), min_size=2, max_size=4), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(['"', "'"]),
    st.lists(st.integers(1, 3), max_size=10),
)
def test_what_csv_writers_write_reads_back_exactly(
    cells: list[list[str]], line_end: str, delimiter: str, quote: str, per_block: list[int]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(
        text, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_NONNUMERIC, lineterminator=line_end
    ).writerows([[number, *row] for number, row in enumerate(cells)])
    source = CsvSource((), delimiter=delimiter, quotechar=quote)

    batches = RowSplitter(iter(whole_lines(text.getvalue(), per_block)), source).batches()

    assert [row for batch in batches for row in batch] == [[str(number), *row] for number, row in enumerate(cells)]
