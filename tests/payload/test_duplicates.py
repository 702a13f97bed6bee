from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import KeyProblem
from bulkimport.payload import duplicates
from bulkimport.payload.duplicates import Duplicates, RowMarks, find_duplicates
from bulkimport.payload.hashes import HashFile
from bulkimport.payload.keys import KeyLedger, key_texts
from bulkimport.payload.request import DuplicatePolicy
from bulkimport.payload.spool import PrivateFile
from bulkimport.sources import ExactNumber

KEYS = st.sampled_from(["a", "b", "", " ", "1", 1, 2, None, True, "true", ExactNumber("1" * 30), ExactNumber("1" * 31)])


def find(
    folder: Path, keys: list[Any], policy: DuplicatePolicy = "refuse", batch: int = 3
) -> tuple[Duplicates, list[int]]:
    with PrivateFile(str(folder / "keys")) as sidecar, HashFile(str(folder)) as hashes, RowMarks(str(folder)) as marks:
        ledger = KeyLedger(sidecar, hashes)
        for start in range(0, len(keys), batch):
            ledger.add(keys[start : start + batch])
        found = find_duplicates(hashes, sidecar.path, policy, marks)
        kept = list(marks.kept(0, len(keys)))
        assert marks.count == kept.count(0)
        return found, [row for row, flag in enumerate(kept) if flag]


@given(st.lists(KEYS, max_size=25), st.integers(1, 4), st.sampled_from(["refuse", "first", "last"]))
def test_duplicates_are_found_and_all_but_one_row_marked(
    tmp_path_factory: pytest.TempPathFactory, keys: list[Any], suspects: int, policy: DuplicatePolicy
) -> None:
    rows_of: dict[object, list[int]] = {}
    for row, key in enumerate(keys):
        [text] = key_texts([key])
        assert isinstance(text, str)
        rows_of.setdefault(text if text.strip() else row, []).append(row)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_SUSPECTS", suspects)
        found, kept = find(tmp_path_factory.mktemp("d"), keys, policy)

    assert found.count == sum(len(rows) > 1 for rows in rows_of.values())
    expected = {
        "refuse": range(len(keys)),
        "first": sorted(rows[0] for rows in rows_of.values()),
        "last": sorted(rows[-1] for rows in rows_of.values()),
    }
    assert kept == list(expected[policy])


def test_examples_name_some_keys_and_some_of_their_rows(tmp_path: Path) -> None:
    found, _ = find(tmp_path, ["x", "a", "a", "b", 5, "b", "5", *["a"] * 10])

    assert found.count == 3
    assert found.examples == (
        KeyProblem("a", (2, 3, 8, 9, 10)),
        KeyProblem("b", (4, 6)),
        KeyProblem("5", (5, 7)),
    )


def test_examples_are_a_handful(tmp_path: Path) -> None:
    found, _ = find(tmp_path, [str(n) for n in range(100)] * 2)

    assert (found.count, len(found.examples)) == (100, 5)


def test_composite_keys_are_duplicates_only_in_all_their_parts(tmp_path: Path) -> None:
    found, kept = find(tmp_path, [("a", "b"), ("a", "c"), ("ab", ""), ("a", "b"), ("ab", "")], "last")

    assert found.examples == (KeyProblem("a + b", (1, 4)),)
    assert kept == [1, 2, 3, 4]


def test_equal_hashes_of_different_keys_are_no_duplicates(tmp_path: Path) -> None:
    class Colliding(HashFile):
        def repeated(self, *others: HashFile) -> Any:
            yield {hash("a"), hash("b"), 12345}

    with (
        PrivateFile(str(tmp_path / "k")) as sidecar,
        Colliding(str(tmp_path)) as hashes,
        RowMarks(str(tmp_path)) as marks,
    ):
        KeyLedger(sidecar, hashes).add(["a", "b", "c"])

        assert find_duplicates(hashes, sidecar.path, "first", marks) == Duplicates()
        assert marks.count == 0


def test_long_numbers_differ_where_floats_would_not(tmp_path: Path) -> None:
    keys = [ExactNumber("12345678901234567890123"), ExactNumber("12345678901234567890124")]

    (tmp_path / "again").mkdir()
    assert find(tmp_path, keys)[0].count == 0
    assert find(tmp_path / "again", [*keys, keys[0]])[0].count == 1
