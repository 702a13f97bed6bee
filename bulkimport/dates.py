"""Dates in the form that the import is told to expect."""

import re
from datetime import date, datetime

from bulkimport.model import DateFormat

_ISO = re.compile(r"(?P<Y>\d{4})-(?P<M>\d\d)-(?P<D>\d\d)(?P<time>[T ][0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_PATTERNS = {
    "YYYY-MM-DD": _ISO,
    "DD/MM/YYYY": re.compile(r"(?P<D>\d{1,2})/(?P<M>\d{1,2})/(?P<Y>\d{4})", re.ASCII),
    "MM/DD/YYYY": re.compile(r"(?P<M>\d{1,2})/(?P<D>\d{1,2})/(?P<Y>\d{4})", re.ASCII),
}
_OUTPUTS = {
    "YYYY-MM-DD": "{0.year:04}-{0.month:02}-{0.day:02}",
    "DD/MM/YYYY": "{0.day:02}/{0.month:02}/{0.year:04}",
    "MM/DD/YYYY": "{0.month:02}/{0.day:02}/{0.year:04}",
}


class DateReader:
    """Reads a text by a strptime `pattern` (or, without one, as `output` or ISO 8601) and writes it as `output`.

    `output` is the import's `dateFormat`: how Orgvue reads date strings (API page). A time of day that a pattern asks
    for is left out; without a pattern only midnight is taken for a date. Raises ValueError.
    """

    def __init__(self, pattern: str | None, output: DateFormat) -> None:
        self._pattern = pattern
        self._output = output

    def __call__(self, text: str) -> str:
        return _OUTPUTS[self._output].format(self._date(text))

    def _date(self, text: str) -> date:
        if self._pattern is not None:
            try:
                return datetime.strptime(text, self._pattern).date()  # noqa: DTZ007 (a calendar day has no time zone)
            except ValueError:
                raise ValueError(f"is not a date in the format {self._pattern}") from None
        found = _PATTERNS[self._output].fullmatch(text) or _ISO.fullmatch(text)
        if found is None:
            raise ValueError(f"is not a date ({self._output}); set the field's `format` if it is one")
        if (time := found.groupdict().get("time")) and not _MIDNIGHT.fullmatch(time):
            raise ValueError("has a time of day; set the field's `format` to have it left out")
        try:
            return date(int(found["Y"]), int(found["M"]), int(found["D"]))
        except ValueError:
            raise ValueError(f"is not a day of the calendar ({self._output})") from None
