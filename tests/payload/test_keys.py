import json
from pathlib import Path
from typing import Any

import pytest

from bulkimport.payload.hashes import HashFile
from bulkimport.payload.keys import KeyLedger, KeyText, blank_places, key_texts
from bulkimport.payload.spool import PrivateFile
from bulkimport.sources import ExactNumber


@pytest.mark.parametrize(
    ("keys", "texts"),
    [
        (["a", " b "], ["a", " b "]),
        ([5, "5", None, True, 1.5], ["5", "5", "", "true", "1.5"]),
        ([ExactNumber("1" * 30)], ["1" * 30]),
        ([7, 7.0, ExactNumber("7.00"), 1e3, -0.0, "7.0"], ["7", "7", "7", "1000", "0", "7.0"]),
        ([(7.0, "a")], [("7", "a")]),
        ([("a", "b"), ("c", "d")], [("a", "b"), ("c", "d")]),
        ([("a", 1), (None, 2)], [("a", "1"), ("", "2")]),
        ([["a", "b"]], [("a", "b")]),
    ],
)
def test_keys_are_compared_by_their_text(keys: list[Any], texts: list[KeyText]) -> None:
    assert list(key_texts(keys)) == texts


@pytest.mark.parametrize(
    ("texts", "places"),
    [
        ([], []),
        (["a", "b"], []),
        (["", "a", " \t"], [0, 2]),
        ([("a", "b"), ("a", " "), ("", "b")], [1, 2]),
        ([("a", "b")], []),
    ],
)
def test_blank_is_empty_or_white_space_in_any_part(texts: list[KeyText], places: list[int]) -> None:
    assert blank_places(texts) == places


def test_the_sidecar_has_one_array_per_batch_and_blanks_are_counted_over_all(tmp_path: Path) -> None:
    with PrivateFile(str(tmp_path / "keys")) as sidecar, HashFile(str(tmp_path)) as hashes:
        ledger = KeyLedger(sidecar, hashes)
        ledger.add(["a", ""])
        ledger.add([5, None, ExactNumber("1.50"), "5"])
        ledger.add([" "] * 10)
        repeated = [each for found in hashes.repeated() for each in found]

    lines = (tmp_path / "keys").read_text().splitlines()
    assert lines[:2] == ['["a",""]', '[5,null,1.50,"5"]']
    assert len(json.loads(lines[2])) == 10
    assert (ledger.blank, ledger.blank_examples) == (12, [2, 4, 7, 8, 9])
    assert repeated == [hash("5")], "blank keys are no duplicates"


def test_a_composite_key_is_an_array_in_the_sidecar(tmp_path: Path) -> None:
    with PrivateFile(str(tmp_path / "keys")) as sidecar:
        KeyLedger(sidecar, None).add([("a", 1), ("b", "x")])

    assert (tmp_path / "keys").read_text() == '[["a",1],["b","x"]]\n'
