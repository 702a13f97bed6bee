"""What can be wrong with the rows of a table, told so that the person finds the line and sees what to change."""

from collections.abc import Sequence

from bulkimport.errors import SourceError
from bulkimport.sources.base import Place
from bulkimport.sources.text import MAX_LINE
from bulkimport.wording import counted

_CUT_HINT = "The file may be cut short, or a delimiter in a cell may lack its quotes."
_SUMMARY_HINT = "The file may be cut short, end in a summary, or have another `delimiter`."
_QUOTE_HINT = 'A quote inside a quoted cell is written twice (""). Have the file corrected.'
_SHOWN = 60


def wrong_width(place: Place, row: Sequence[str], named: int, width: int) -> SourceError:
    """`named` columns have names in the header, which has `width` cells in all."""
    message = f"the row has {counted(len(row), 'cell')}, expected {width} as in the header"
    if len(row) == 1:
        shown = row[0] if len(row[0]) <= _SHOWN else row[0][:_SHOWN] + "…"
        return place.error(f"{message}: {shown!r}", _SUMMARY_HINT)
    if len(row) > width and not any(row[width:]):
        hint = (
            "If every row ends with a delimiter, have the header end with one as well; if not, a delimiter in a cell "
            "may lack its quotes."
        )
        return place.error(message, hint)
    if len(row) == named:
        hint = (
            "The header ends with a delimiter and this row does not: have the header written without it, or correct "
            "the row."
        )
        return place.error(message, hint)
    return place.error(message, _CUT_HINT)


def repeated_header(place: Place) -> SourceError:
    hint = "Were files put together, each with its header? Have one left, or name the files as a list or glob."
    return place.error("the row is the header once more", hint)


def value_without_column(place: Place) -> SourceError:
    hint = "Name the column in the header or remove its cells."
    return place.error("there is a value in a column that has no name", hint)


def blank_before_quote(place: Place) -> SourceError:
    hint = "Have the file written without blanks around its delimiters."
    return place.error("white space stands before the opening quote of a cell, so what the quote means is open", hint)


def other_columns(path: str, columns: Sequence[str], first: str, expected: Sequence[str]) -> SourceError | None:
    """If a file has other columns than the `first` one, whatever their order."""
    lacking = [name for name in expected if name not in columns]
    extra = [name for name in columns if name not in expected]
    if not lacking and not extra:
        return None
    differences = [
        *([f"lacks {', '.join(map(repr, lacking))}"] if lacking else []),
        *([f"has {', '.join(map(repr, extra))} besides"] if extra else []),
    ]
    hint = "Files that are read as one source need the same columns (in any order), or `differing_columns: fill`."
    return SourceError(f"{path} {' and '.join(differences)}, compared with {first}", hint, path, 1)


def malformed(place: Place, reason: str) -> SourceError:
    """`reason` is what the csv module says of the row."""
    if reason.startswith("unexpected end of data"):
        return place.error("a quoted cell of this row is never closed, and swallows the rest of the file", _QUOTE_HINT)
    if "expected after" in reason:
        return place.error(f"a cell of this row goes on after its closing quote ({reason})", _QUOTE_HINT)
    if "field larger than" in reason:
        message = f"a cell of this row has more than {MAX_LINE} characters; a closing quote is probably missing"
        return place.error(message, _QUOTE_HINT)
    return place.error(f"the row is not CSV: {reason}", _QUOTE_HINT)
