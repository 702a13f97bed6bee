"""Values of Arrow's types as a payload has them."""

import datetime
import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from bulkimport.sources import ExactNumber
from bulkimport.sources.arrow_types import UnsendableError, typed_column

LONG = "12345678901234567890123456.0000000001"
STAMP = datetime.datetime.fromisoformat("2024-01-02T03:04:05")


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (pa.array(["a", None, ""]), ["a", None, ""]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array(["a"], pa.string_view()), ["a"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array([None]), [None]),
        (pa.array([-128], pa.int8()), [-128]),
        (pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
        (pa.array([True, None]), [True, None]),
        (pa.array([Decimal(LONG)], pa.decimal128(38, 10)), [ExactNumber(LONG)]),
        (pa.array([Decimal("1.10"), None], pa.decimal128(5, 2)), [ExactNumber("1.10"), None]),
        (
            pa.array([Decimal("0E-9"), Decimal("1E-9")], pa.decimal256(38, 9)),
            [ExactNumber("0.000000000"), ExactNumber("0.000000001")],
        ),
        (pa.array([Decimal(12300)], pa.decimal128(5, -2)), [ExactNumber("12300")]),
        (pa.array([0.1, 5e-324, None]), [0.1, 5e-324, None]),
        (pa.array([0.1, 16777216], pa.float32()), [0.1, 16777216.0]),
        (pa.array([0.5], pa.float32()).cast(pa.float16()), [0.5]),
        (pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]), ["0001-01-01", "9999-12-31"]),
        (pa.array([datetime.date(2024, 2, 29)], pa.date64()), ["2024-02-29"]),
        (pa.array([STAMP], pa.timestamp("s")), ["2024-01-02T03:04:05"]),
        (pa.array([1500, 0], pa.timestamp("ms")), ["1970-01-01T00:00:01.500000", "1970-01-01T00:00:00"]),
        (
            pa.array([1, 1000, 0], pa.timestamp("ns")),
            ["1970-01-01T00:00:00.000000001", "1970-01-01T00:00:00.000001", "1970-01-01T00:00:00"],
        ),
        (pa.array([0, None], pa.timestamp("us", "America/New_York")), ["1970-01-01T00:00:00+00:00", None]),
        (pa.array([datetime.time(1, 2, 3), datetime.time(1, 2, 3, 40)]), ["01:02:03", "01:02:03.000040"]),
        (pa.array([uuid.UUID(int=5).bytes, None], pa.uuid()), [str(uuid.UUID(int=5)), None]),
    ],
)
def test_values_are_exact(array: Any, values: list[Any]) -> None:
    assert typed_column(array).values() == values


@pytest.mark.parametrize(
    ("array", "words", "index"),
    [
        (pa.array([1.0, float("-inf")]), "not a number that JSON has", 1),
        (pa.array([0, 2_932_897], pa.date32()), "years 1 to 9999", 1),
        (pa.array([2**40], pa.timestamp("s")), "years 1 to 9999", 0),
        (pa.array([0, 2**50], pa.timestamp("s")), "years 1 to 9999", 1),
        (pa.array([-(2**62)], pa.timestamp("us")), "years 1 to 9999", 0),
        (pa.array([0, 2**62], pa.date64()), "years 1 to 9999", 1),
        (pa.array([2**31 - 1], pa.date32()), "years 1 to 9999", 0),
        (pa.array([0, None, 86_400_000_000], pa.int64()).cast(pa.time64("us")), "before 24:00", 2),
        (pa.array([-1], pa.int32()).cast(pa.time32("s")), "before 24:00", 0),
        (pa.array([86_400_000], pa.int32()).cast(pa.time32("ms")), "before 24:00", 0),
        (pa.array([[1]]), "list<", None),
        (pa.array([b"x"]).dictionary_encode(), "binary", None),
    ],
)
def test_what_has_no_place_in_a_payload_is_told(array: Any, words: str, index: int | None) -> None:
    with pytest.raises(UnsendableError, match=words) as caught:
        typed_column(array)

    assert caught.value.index == index
