"""What text says as a table, by the csv module alone."""

import csv
import io


def as_the_csv_module_reads(text: str, delimiter: str = ",", quote: str = '"') -> list[list[str]] | None:
    """The rows, without empty lines; None where strict reading fails, or where white space precedes an opening quote.

    Whether it does shows in a second reading that skips spaces before cells: there, such a quote counts.
    """
    rows = _read(text, delimiter, quote)
    blanks_as_spaces = text if delimiter == "\t" else text.replace("\t", " ")
    skipping = _read(blanks_as_spaces, delimiter, quote, skip=True)
    if rows is None or skipping is None or _bare(rows) != _bare(skipping):
        return None
    return rows


def _read(text: str, delimiter: str, quote: str, *, skip: bool = False) -> list[list[str]] | None:
    lines = io.StringIO(text, newline="")
    try:
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=skip, strict=True)
        return [row for row in reader if row]
    except csv.Error:
        return None


def _bare(rows: list[list[str]]) -> list[list[str]]:
    return [[cell.replace("\t", " ").lstrip(" ") for cell in row] for row in rows]
