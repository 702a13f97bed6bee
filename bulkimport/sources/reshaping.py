"""The records in a JSON document of any length, one to a line and, if asked for, flat. Numbers stay digit for digit."""

import gzip
import re
import zlib
from collections.abc import ItemsView, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import ijson
import orjson

from bulkimport.errors import SourceError
from bulkimport.sources.document import See
from bulkimport.sources.files import CHUNK_SIZE
from bulkimport.sources.json import array_blocks
from bulkimport.sources.landed_file import open_unpacked

BLOCK = 1 << 20
MAX_DEPTH = 32

_BOM = b"\xef\xbb\xbf"
_EDM_DATE = re.compile(r"/Date\((?P<ms>-?\d{1,15})(?P<offset>[+-]\d{1,4})?\)/", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGERS = range(-(2**63), 2**64)
"""What orjson writes by itself."""

_HINT = "Have the report written again, whole."


class _Object(dict[str, Any]):
    """A JSON object that remembers a name that stands in it `twice` (its maker, which is C, minds no exception)."""

    twice: str | None = None

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            self.twice = name
        super().__setitem__(name, value)

    def once(self) -> ItemsView[str, Any]:
        """The properties, each of which has to be there once."""
        if self.twice is not None:
            raise _BadRecordError(f"the property {self.twice!r} is there more than once")
        return self.items()


class _BadRecordError(ValueError):
    pass


def write_records(
    document: Path, name: str, place: Sequence[str], out: BinaryIO, *, flatten: bool, see: See | None = None
) -> int:
    """Adds the objects of the array at `place` in `document` (gzip is unpacked) to `out` as lines; returns their count.

    With `flatten`, nested values become properties whose names are joined by dots (items of arrays by their numbers,
    from 0), and dates of OData 2 (`/Date(1577836800000)/`) become ISO 8601. `name` is what people call the document.
    `see` is told of the values around the array. Raises SourceError.
    """
    count, lines = 0, bytearray()
    with _reading(document, name) as file:
        try:
            for block in array_blocks(partial(_chunks_anew, file, file.tell()), place, name, see):
                for record in ijson.items(block.data, "item", map_type=_Object):
                    lines += _line(record, flatten=flatten)
                    count += 1
                if len(lines) >= BLOCK:
                    out.write(lines)
                    lines.clear()
        except _BadRecordError as error:
            hint = "Have the report corrected, or leave the property out of it."
            raise SourceError(f"{name}, record {count + 1}: {error}", hint) from None
    out.write(lines)
    return count


def see_around(document: Path, name: str, place: Sequence[str], see: See, marks: Sequence[bytes]) -> None:
    """Tells `see` of the values around the array at `place`, if any of `marks` is in the document at all."""
    mark = re.compile(b"|".join(map(re.escape, marks)))
    with _reading(document, name) as file:
        tail = b""
        for chunk in _chunks(file):
            if mark.search(tail + chunk):
                break
            tail = chunk[-max(map(len, marks)) :]
        else:
            return
    with _reading(document, name) as file:
        for _ in array_blocks(partial(_chunks_anew, file, file.tell()), place, name, see):
            pass


def _chunks_anew(file: BinaryIO, start: int) -> Iterator[bytes]:
    file.seek(start)
    return _chunks(file)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK_SIZE), b"")


@contextmanager
def _reading(document: Path, name: str) -> Iterator[BinaryIO]:
    try:
        with open_unpacked(document) as file:
            if file.read(len(_BOM)) != _BOM:
                file.seek(0)
            yield file
    except ijson.IncompleteJSONError:
        raise SourceError(f"{name} is not a whole JSON document: it is cut short or broken", _HINT) from None
    except (ijson.JSONError, UnicodeDecodeError):
        raise SourceError(f"{name} is not JSON", _HINT) from None
    except EOFError:
        raise SourceError(f"{name} is cut short: the gzip data ends too early", _HINT) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{name} cannot be unpacked: {error}", _HINT) from None


def _line(record: _Object, *, flatten: bool) -> bytes:
    flat: dict[str, Any] = {}
    if flatten:
        _flatten(record, "", flat, MAX_DEPTH)
    else:
        flat = {name: _exact(value) for name, value in record.once()}
    try:
        return orjson.dumps(flat, default=_exact, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError as error:
        raise _BadRecordError(f"it cannot be written: {error}") from None


def _flatten(value: Any, name: str, flat: dict[str, Any], depth: int) -> None:
    if not depth:
        raise _BadRecordError(f"{name[:80]} is nested more than {MAX_DEPTH} deep")
    match value:
        case _Object():
            inner: Any = value.once()
        case list():
            inner = enumerate(value)
        case _:
            if name in flat:
                raise _BadRecordError(f"flat, two of its values are called {name!r}")
            flat[name] = _date(value) if isinstance(value, str) and value.startswith("/Date(") else _exact(value)
            return
    for key, item in inner:
        _flatten(item, f"{name}.{key}" if name else str(key), flat, depth - 1)


def _exact(value: Any) -> Any:
    """Numbers that orjson does not write digit for digit, as the text that they are."""
    if isinstance(value, Decimal) or (type(value) is int and value not in _INTEGERS):
        return orjson.Fragment(str(value))
    return value


def _date(text: str) -> str:
    """A moment of OData 2 in ISO 8601: a date alone where it is midnight; any other text as it stands."""
    found = _EDM_DATE.fullmatch(text)
    if found is None:
        return text
    try:
        moment = _EPOCH + timedelta(milliseconds=int(found["ms"]))
    except OverflowError:
        return text
    if found["offset"] is None and not moment.time().replace(tzinfo=None) > _EPOCH.time():
        return moment.date().isoformat()
    zone = "" if found["offset"] is None else "Z"
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds" if moment.microsecond else "seconds") + zone
