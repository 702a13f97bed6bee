"""What `fields` says about one property: whether its date pattern can be read back and its default fits its type."""

import re
import warnings
from datetime import date, datetime

from bulkimport.config.expectations import MismatchError, finite_number
from bulkimport.config.models import ExtractDateBlock, FieldBlock, ImportBlock
from bulkimport.config.scalars import FromEnvironment, scalar_value
from bulkimport.dates import DateReader
from bulkimport.model import DateFormat, ExtractOrigin, Scalar

_SAMPLES = (date(1994, 2, 3), date(2031, 12, 25))


def check_date_pattern(pattern: str) -> None:
    """Raises MismatchError for a strptime pattern that loses day, month or year, or that cannot be read at all."""
    for sample in _SAMPLES:
        if _read_date(_written(sample, pattern), pattern) != sample:
            raise MismatchError("a date pattern with day, month and year, such as %d/%m/%Y")


def typed_value(default: Scalar, field: FieldBlock, imports: ImportBlock) -> Scalar:
    """A default, a constant or a value of a map, as the field's type has it. It stands in for the cell, so a date is
    written as `format` says (without one, as Orgvue reads it or in ISO 8601), and the texts that mean "unchanged" and
    "cleared" fit every type.

    Raises MismatchError, whose text says what was expected.
    """
    if default is None:
        return None
    if isinstance(default, str) and default in (imports.noop_token, imports.clear_token):
        return str(default)
    match field.type:
        case "number":
            return _number(default)
        case "boolean":
            flag = scalar_value(default) if isinstance(default, FromEnvironment) else default
            if not isinstance(flag, bool):
                raise MismatchError("true or false, as the type is boolean")
            return flag
        case "text":
            if not isinstance(default, str):
                raise MismatchError("a text, as the type is text: put it in quotes")
        case "date":
            if not isinstance(default, str) or not _is_date(default, field.format, imports.date_format):
                raise MismatchError(f"a date written as {field.format or imports.date_format}")
        case None:
            pass
    return str(default) if isinstance(default, str) else default


def extract_origin(block: ExtractDateBlock) -> ExtractOrigin:
    """Where the date is, as said or as the other keys tell."""
    if block.origin is not None:
        return block.origin
    if block.column is not None:
        return "column"
    return "modified" if block.pattern is None else "file_name"


def _number(default: Scalar) -> int | float:
    try:
        return finite_number(default)
    except MismatchError:
        raise MismatchError("a number, as the type is number") from None


def _is_date(text: str, pattern: str | None, date_format: DateFormat) -> bool:
    """Whether the payload's reader will take the text for a date."""
    if pattern is not None:
        return _read_date(text, pattern) is not None
    try:
        DateReader(None, date_format)(text)
    except ValueError:
        return False
    return True


def _written(day: date, pattern: str) -> str:
    try:
        return day.strftime(pattern)
    except ValueError:
        return ""


def _read_date(text: str, pattern: str) -> date | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of patterns without a year, which do not pass anyway
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 — a calendar day has no time zone
    except (ValueError, re.error):  # re.error: a directive stands in it twice
        return None
