"""Arrow's types as the few kinds of values that a payload knows, exactly.

| column of Arrow | kind | goes out as |
| --- | --- | --- |
| text, also dictionary-encoded | `text` | itself |
| whole numbers of up to 64 bits | `integer` | the number |
| decimals | `decimal` | the number, digit for digit, never in powers of ten |
| floats of any width | `float` | the number, the shortest that reads back as the same; NaN and infinite: refused |
| truth values | `boolean` | themselves |
| dates, times, timestamps | `text` | ISO 8601; a timestamp with a zone in UTC |
| UUIDs | `text` | themselves |
| bytes, durations, lists, structures | | refused |
"""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from bulkimport.sources.base import ExactNumber
from bulkimport.sources.extras import extra_library

_PER_DAY = {unit: 86_400 * 1000**power for power, unit in enumerate(("s", "ms", "us", "ns"))}
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31, counted from 1970

ColumnKind = Literal["text", "integer", "decimal", "float", "boolean"]


class TypedColumn(NamedTuple):
    """`array` is of strings for `text` and `decimal`. `plain`: certainly no text in it has to be escaped in JSON."""

    kind: ColumnKind
    array: Any
    plain: bool = False

    def values(self) -> list[Any]:
        """What a row has: text, int, float, bool, ExactNumber or None."""
        cells: list[Any] = self.array.to_pylist()
        if self.kind == "decimal":
            return [None if cell is None else ExactNumber(cell) for cell in cells]
        return cells


class UnsendableError(ValueError):
    """A column (or, if `index` is given, its value in that row of the batch) has no place in a payload."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


def arrow() -> Any:
    """The library. Raises SourceError where it is missing."""
    return extra_library("pyarrow", "parquet", "Reading Parquet")


def kernels() -> Any:
    """Its functions on columns. Raises SourceError where it is missing."""
    return extra_library("pyarrow.compute", "parquet", "Reading Parquet")


def column_kind(datatype: Any) -> ColumnKind:
    """The kind of a column by its Arrow type. Raises UnsendableError."""
    types = arrow().types
    if types.is_dictionary(datatype):
        return column_kind(datatype.value_type)
    kinds: tuple[tuple[ColumnKind, tuple[Callable[[Any], bool], ...]], ...] = (
        ("text", (types.is_string, types.is_large_string, types.is_string_view, types.is_null, _is_uuid)),
        ("text", (types.is_date, types.is_time, types.is_timestamp)),
        ("integer", (types.is_integer,)),
        ("decimal", (types.is_decimal,)),
        ("float", (types.is_floating,)),
        ("boolean", (types.is_boolean,)),
    )
    for kind, tests in kinds:
        if any(test(datatype) for test in tests):
            return kind
    raise UnsendableError(f"holds values of the type {datatype}")


def typed_column(array: Any) -> TypedColumn:
    """The values of an Arrow array. Raises UnsendableError."""
    pa = arrow()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = column_kind(array.type)
    match kind:
        case "text":
            return TypedColumn(kind, _text(array))
        case "decimal":
            return TypedColumn(kind, _decimal_text(array))
        case "float":
            return TypedColumn(kind, _float(array))
        case _:
            return TypedColumn(kind, array)


def _is_uuid(datatype: Any) -> bool:
    return getattr(datatype, "extension_name", None) == "arrow.uuid"


def _text(array: Any) -> Any:
    pa = arrow()
    if _is_uuid(array.type):
        cells = array.storage.to_pylist()
        return pa.array([None if cell is None else str(uuid.UUID(bytes=cell)) for cell in cells], pa.string())
    if pa.types.is_timestamp(array.type):
        return _timestamp_text(array)
    if pa.types.is_date(array.type):
        _refuse_far_days(array, 1 if pa.types.is_date32(array.type) else _PER_DAY["ms"])
        array = array.cast(pa.date32())
    if pa.types.is_time(array.type):
        _refuse_other_times(array)
        return _short_fraction(array.cast(pa.string()))
    text = array if pa.types.is_string(array.type) else array.cast(pa.string())
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        raise UnsendableError("holds text that is not UTF-8") from None
    return text


def _timestamp_text(array: Any) -> Any:
    pa = arrow()
    pc = kernels()
    zoned = array.type.tz is not None
    plain = array.cast(pa.timestamp(array.type.unit))
    _refuse_far_days(plain, _PER_DAY[array.type.unit])
    if array.type.unit != "ns":
        plain = plain.cast(pa.timestamp("us"))
    text = pc.replace_substring(plain.cast(pa.string()), " ", "T")
    text = _short_fraction(pc.replace_substring_regex(text, r"(\.\d{6})000$", r"\1"))
    return pc.binary_join_element_wise(text, "+00:00", "") if zoned else text


def _short_fraction(text: Any) -> Any:
    """Times of day without a fraction that is zero."""
    pc = kernels()
    return pc.replace_substring_regex(text, r"\.0+$", "")


def _refuse_far_days(moments: Any, per_day: int) -> None:
    """Of moments that count from 1970, so many a day."""
    pa = arrow()
    pc = kernels()
    if per_day == _PER_DAY["ns"]:
        return  # these reach from 1677 to 2262
    number = moments.cast(pa.int32() if per_day == 1 else pa.int64()).cast(pa.int64())
    first, end = _FIRST_DAY * per_day, (_LAST_DAY + 1) * per_day
    _refuse(pc.or_(pc.less(number, first), pc.greater_equal(number, end)), "is not in the years 1 to 9999")


def _refuse_other_times(times: Any) -> None:
    """Than those of a day: some programs know 24:00 and later, for which Arrow has no text."""
    pa = arrow()
    pc = kernels()
    number = times.cast(pa.int32() if pa.types.is_time32(times.type) else pa.int64()).cast(pa.int64())
    wrong = pc.or_(pc.less(number, 0), pc.greater_equal(number, _PER_DAY[times.type.unit]))
    _refuse(wrong, "is not a time of day before 24:00")


def _decimal_text(array: Any) -> Any:
    pa = arrow()
    pc = kernels()
    text = array.cast(pa.string())
    if not pc.any(pc.match_substring(text, "E")).as_py():
        return text
    cells: list[Decimal | None] = array.to_pylist()
    return pa.array([None if cell is None else format(cell, "f") for cell in cells], pa.string())


def _float(array: Any) -> Any:
    pa = arrow()
    pc = kernels()
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    if pa.types.is_float32(array.type):  # 0.1 is meant, not the 0.10000000149011612 that it is as a wider float
        array = array.cast(pa.string()).cast(pa.float64())
    _refuse(pc.invert(pc.is_finite(array)), "is not a number that JSON has")
    return array


def _refuse(wrong: Any, reason: str) -> None:
    pc = kernels()
    index = pc.index(wrong, True).as_py()
    if index >= 0:
        raise UnsendableError(reason, index)
