from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.payload import hashes
from bulkimport.payload.hashes import HashFile


def repeated(folder: Path, texts: list[str], batch: int = 7) -> list[set[int]]:
    with HashFile(str(folder)) as file:
        for start in range(0, len(texts), batch):
            file.add(texts[start : start + batch])
        return list(file.repeated())


@given(st.lists(st.integers(0, 60).map(str), max_size=120), st.integers(0, 4), st.integers(1, 30), st.integers(1, 9))
def test_exactly_what_occurs_more_than_once_is_found(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], bits: int, buffered: int, piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashes, "_PARTITION_BITS", bits)
        patch.setattr(hashes, "_BUFFERED", buffered)
        patch.setattr(hashes, "_PIECE", piece)
        found = repeated(tmp_path_factory.mktemp("h"), texts)

    expected = {hash(text) for text, times in Counter(texts).items() if times > 1}
    assert sorted(each for some in found for each in some) == sorted(expected)


def test_many_texts_are_looked_at_in_partitions_and_leave_no_file(tmp_path: Path) -> None:
    texts = [str(n) for n in range(300_000)] + ["7", "299999"]

    found = repeated(tmp_path, texts, batch=1000)

    assert len(found) > 1
    assert set().union(*found) == {hash("7"), hash("299999")}
    assert list(tmp_path.iterdir()) == []
