"""Typed values as JSON: exactly, or not at all."""

import datetime
import enum
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import SourceError
from bulkimport.model import NdjsonSource
from bulkimport.sources.landing_file import LandingFile
from bulkimport.sources.ndjson import NdjsonRecords
from bulkimport.sources.typed import TypedRows, exact_value

UTC = datetime.UTC


class Colour(enum.Enum):
    RED = "red"


def written(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "rows.ndjson"
    path.unlink(missing_ok=True)
    with LandingFile(path) as file:
        out = TypedRows(file, "the query on hr")
        out.write(rows)
        out.finish()
    return path.read_text()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Zoë 🎉", '"Zoë 🎉"'),
        (None, "null"),
        (True, "true"),
        (2**63 - 1, "9223372036854775807"),
        (10**30, "1000000000000000000000000000000"),
        (-(10**30), "-1000000000000000000000000000000"),
        (0.1, "0.1"),
        (Decimal("1.10"), "1.10"),
        (Decimal("0E-8"), "0.00000000"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.000000000000000000012"), "-0.000000000000000000012"),
        (Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        (Decimal("1E+5000"), "1E+5000"),
        (datetime.date(1999, 12, 31), '"1999-12-31"'),
        (datetime.time(8, 30), '"08:30:00"'),
        (datetime.datetime(2026, 1, 31, 8, 30), '"2026-01-31T08:30:00"'),  # noqa: DTZ001 (as a database has it)
        (datetime.datetime(2026, 1, 31, 8, 30, 0, 5, UTC), '"2026-01-31T08:30:00.000005+00:00"'),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Colour.RED, '"red"'),
    ],
)
def test_what_has_a_json_of_its_own(value: object, expected: str, tmp_path: Path) -> None:
    assert written(tmp_path, {"x": value}) == f'{{"x":{expected}}}\n'


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "is nan, which is no number that JSON or Orgvue know"),
        (float("-inf"), "is -inf, which is no number that JSON or Orgvue know"),
        (Decimal("NaN"), "is NaN, which is no number that JSON or Orgvue know"),
        (b"x", "holds bytes, which are neither a text nor a number"),
        (memoryview(b"x"), "holds bytes, which are neither a text nor a number"),
        (datetime.timedelta(1), "holds a duration, of which the unit to send cannot be known"),
        ([1], "holds a value of the type list"),
        ({"a": 1}, "holds a value of the type dict"),
        (1j, "holds a value of the type complex"),
        ("\ud800", "is not Unicode text (a lone surrogate)"),
    ],
)
def test_what_has_none_is_refused_with_its_place(value: object, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        written(tmp_path, {"x": 1}, {"x": value})
    assert caught.value.message == f"the query on hr, row 2: column 'x' {reason}"
    assert (caught.value.path, caught.value.line) == ("the query on hr", 2)


def test_no_rows_are_a_file_that_is_not_empty(tmp_path: Path) -> None:
    assert written(tmp_path) == "\n"


def test_lines_without_a_row_keep_the_others_in_their_places(tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    with LandingFile(path) as file:
        out = TypedRows(file, "people.xlsx")
        out.skip(2)
        out.write([{"id": 1}])
        out.skip()
        out.write([{"id": 2}])
    records = NdjsonRecords(NdjsonSource((str(path),), ("id",), "row"))
    assert [record for batch in records.batches() for record in batch] == [{"id": 1}, {"id": 2}]
    assert list(map(str, records.places())) == [f"{path}, row 3", f"{path}, row 5"]


@given(
    st.decimals(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
)
def test_numbers_are_the_same_number(value: Any) -> None:
    import orjson

    text = orjson.dumps(exact_value(value)).decode()
    back = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    assert float(back) == value if isinstance(value, float) else back == value
