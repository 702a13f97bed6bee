"""What a dataset looks like as an export. Everything here blocks.

The sandbox has no calculated properties, and refuses filters and projections, whose details are not described.
"""

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from bulkimport.sandbox import dataset
from bulkimport.sandbox.private import open_private
from bulkimport.sandbox.values import dump

_Writer = Callable[[IO[bytes], list[str], Callable[[], Iterator[dict[str, Any]]]], None]


def write_export(database: Path, result: Path, kind: str) -> int:
    """Writes the export `kind` of a dataset to `result` and answers the number of its items."""
    with closing(dataset.connect(database)) as db:
        db.execute("BEGIN")
        keys = ["_id", *(prop.key for prop in dataset.describe(db).properties)]
        part = Path(f"{result}.part")
        with open_private(part) as stream:
            WRITERS[kind](stream, keys, lambda: _items(db))
        part.replace(result)
        return dataset.count_items(db)


def _items(db: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for item_id, body in db.execute("SELECT id, body FROM items ORDER BY seq"):
        yield {"_id": item_id, **json.loads(body)}


def _array(stream: IO[bytes], elements: Iterator[Any]) -> None:
    separator = b"["
    for element in elements:
        stream.write(separator + dump(element))
        separator = b",\n"
    stream.write(b"[]" if separator == b"[" else b"]")


def _objects(stream: IO[bytes], keys: list[str], items: Callable[[], Iterator[dict[str, Any]]]) -> None:
    _array(stream, items())


def _rows(stream: IO[bytes], keys: list[str], items: Callable[[], Iterator[dict[str, Any]]]) -> None:
    def rows() -> Iterator[list[Any]]:
        yield keys
        for item in items():
            yield [item.get(key) for key in keys]

    _array(stream, rows())


def _columns(stream: IO[bytes], keys: list[str], items: Callable[[], Iterator[dict[str, Any]]]) -> None:
    separator = b"{"
    for key in keys:
        stream.write(separator + dump(key) + b":")
        _array(stream, (item.get(key) for item in items()))
        separator = b",\n"
    stream.write(b"}")


def _delimited(delimiter: str) -> _Writer:
    def write(stream: IO[bytes], keys: list[str], items: Callable[[], Iterator[dict[str, Any]]]) -> None:
        text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
        lines = csv.writer(text, delimiter=delimiter)
        lines.writerow(keys)
        for item in items():
            lines.writerow([_cell(item.get(key)) for key in keys])
        text.detach()

    return write


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


WRITERS: dict[str, _Writer] = {
    "jsonObjects": _objects,
    "jsonRows": _rows,
    "jsonColumns": _columns,
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
}
