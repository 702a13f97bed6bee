import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import BlankPolicy, ImportOptions
from bulkimport.payload.blanks import AS_IS, Blanks
from bulkimport.payload.encode import CsvFromRecords, CsvFromRows, JsonFromRecords, JsonFromRows

OPTIONS = ImportOptions(clear_token="#clear", noop_token="#keep")
POLICIES: list[BlankPolicy] = ["as_is", "omit", "null", "clear", "noop"]
ROW = ("", None, 0, False, "x")
EXPECTED: dict[BlankPolicy, dict[str, Any]] = {
    "as_is": {"a": "", "b": None, "c": 0, "d": False, "e": "x"},
    "omit": {"c": 0, "d": False, "e": "x"},
    "null": {"a": None, "b": None, "c": 0, "d": False, "e": "x"},
    "clear": {"a": "#clear", "b": "#clear", "c": 0, "d": False, "e": "x"},
    "noop": {"a": "#keep", "b": "#keep", "c": 0, "d": False, "e": "x"},
}


@pytest.mark.parametrize("policy", POLICIES)
def test_blanks_go_out_as_the_policy_says(policy: BlankPolicy) -> None:
    blanks = Blanks.of(policy, OPTIONS)
    item = {"_action": "createOrUpdate", **EXPECTED[policy]}

    assert json.loads(b"[" + JsonFromRows("abcde", blanks).encode([ROW]) + b"]") == [item]
    assert json.loads(b"[" + JsonFromRecords(blanks).encode([dict(zip("abcde", ROW, strict=True))]) + b"]") == [item]


@pytest.mark.parametrize(("policy", "cell"), [("as_is", ""), ("null", ""), ("clear", "#clear"), ("noop", "#keep")])
def test_cells_of_a_csv_payload_hold_the_token(policy: BlankPolicy, cell: str) -> None:
    blanks = Blanks.of(policy, OPTIONS)
    line = f"createOrUpdate,{cell},{cell},x\r\n".encode()

    assert CsvFromRows("abc", blanks).encode([("", None, "x")]) == line
    assert CsvFromRecords("abc", blanks).encode([{"a": "", "c": "x"}]) == line


@pytest.mark.parametrize("policy", ["clear", "noop"])
def test_a_token_that_is_not_set_cannot_be_sent(policy: BlankPolicy) -> None:
    with pytest.raises(ValueError, match=f"needs import.{policy}_token"):
        Blanks.of(policy, ImportOptions())
    assert Blanks.of("as_is", ImportOptions()) == AS_IS


@given(
    st.sampled_from(POLICIES),
    st.lists(st.tuples(*[st.sampled_from(["", None, "x", 0, 1.5, True])] * 3), min_size=1, max_size=4),
)
def test_rows_and_records_go_out_alike(policy: BlankPolicy, rows: list[tuple[Any, ...]]) -> None:
    blanks = Blanks.of(policy, OPTIONS)
    records = [dict(zip("abc", row, strict=True)) for row in rows]

    assert JsonFromRows("abc", blanks).encode(rows) == JsonFromRecords(blanks).encode(records)
