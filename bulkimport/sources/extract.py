"""The day that an extract is of: told by its file's name, or by when the file was written."""

import re
from collections.abc import Iterator
from datetime import date, datetime, tzinfo

from bulkimport.errors import SourceError

_PARTS = {"year": r"(?P<year>\d{4})", "month": r"(?P<month>\d{1,2})", "day": r"(?P<day>\d{1,2})"}
_PIECE = re.compile(r"\{(?P<part>\w+)\}|(?P<wildcard>[*?])|(?P<text>[^{}*?]+)|(?P<stray>[{}])")
# Eight digits, perhaps with a time of four or six more behind them, or three groups with the same separator.
_USUAL = re.compile(r"(?<!\d)(\d{4})(?:(\d{2})(\d{2})(?:\d{4}|\d{6})?|([-_. ])(\d{1,2})\4(\d{1,2}))(?!\d)")
_HINT = "Check the name, or say with a pattern where the date stands in it, such as people-{year}-{month}-{day}.csv."


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern for file names: `{year}`, `{month}` and `{day}` once each, `*` and `?` for anything, the rest as it is.

    Raises ValueError that says what is wrong with it.
    """
    found: list[str] = []
    pieces = []
    for piece in _PIECE.finditer(pattern):
        if piece["part"] in _PARTS:
            found.append(piece["part"])
            pieces.append(_PARTS[piece["part"]] if found.count(piece["part"]) == 1 else "")
        elif piece["part"] is not None or piece["stray"] is not None:
            raise ValueError(f"{piece[0]!r} is no part of a date: known are {{year}}, {{month}} and {{day}}")
        else:
            pieces.append({"*": ".*", "?": "."}.get(piece[0], re.escape(piece[0])))
    if sorted(found) != sorted(_PARTS):
        raise ValueError("a pattern has each of {year}, {month} and {day} once")
    return re.compile("".join(pieces), re.DOTALL)


def date_in_name(path: str, pattern: re.Pattern[str] | None = None) -> date:
    """The date in the last part of `path` (`/` separates): where `pattern` says, else the only one that looks like one.

    Without a pattern that is `2026-11-23`, `2026_11_23`, `2026.11.23`, `20261123` or `20261123T020000` and the like,
    the year first: whether 03/04 is in March or in April cannot be known. Raises SourceError.
    """
    name = path.rpartition("/")[2]
    if pattern is not None:
        match = pattern.fullmatch(name)
        day = match and _date(match["year"], match["month"], match["day"])
        if day is None:
            what = "does not fit the pattern for its date" if match is None else "has no date of the calendar in it"
            raise SourceError(f"The name of {path} {what}", _HINT, path)
        return day
    days = set(_usual_dates(name))
    if len(days) != 1:
        what = f"has several dates in it: {', '.join(map(str, sorted(days)))}" if days else "has no date in it"
        raise SourceError(f"The name of {path} {what}", _HINT, path)
    return days.pop()


def modified_on(modified: datetime, zone: tzinfo) -> date:
    """The day in `zone` on which a file was modified; `modified` is aware."""
    return modified.astimezone(zone).date()


def _usual_dates(name: str) -> Iterator[date]:
    for match in _USUAL.finditer(name):
        year, month, day, _, other_month, other_day = match.groups()
        found = _date(year, month or other_month, day or other_day)
        if found is not None and 1970 <= found.year < 2100:
            yield found


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
