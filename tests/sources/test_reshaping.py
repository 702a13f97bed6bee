"""JSON documents as lines of records."""

import errno
import gzip
import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulkimport.errors import SourceError
from bulkimport.sources.json import JsonRecords
from bulkimport.sources.reshaping import see_around, write_records


def lines(folder: Path, document: bytes, *place: str, flatten: bool = True) -> list[bytes]:
    path = folder / "page.json"
    path.write_bytes(document)
    out = io.BytesIO()
    count = write_records(path, "the report", place, out, flatten=flatten)
    found = out.getvalue().splitlines()
    assert count == len(found)
    return found


NAMES = st.text(alphabet="ab_é ", min_size=1, max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def leaves(value: Any, name: str = "") -> dict[str, Any]:
    """The plain reading of what flattening means."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, item in pairs for k, v in leaves(item, f"{name}.{key}" if name else str(key)).items()}
    return {name: value}


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=4), st.booleans())
def test_flat_records_have_every_value_under_the_way_to_it(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], packed: bool
) -> None:
    document = json.dumps({"d": {"more": [{"x": 1}], "results": records}}).encode()
    found = lines(tmp_path_factory.mktemp("r"), gzip.compress(document) if packed else document, "d", "results")
    assert [json.loads(line) for line in found] == [leaves(record) for record in records]


def test_records_stay_nested_where_nobody_asked(tmp_path: Path) -> None:
    assert lines(tmp_path, b'\xef\xbb\xbf[{"a": {"b": [1.50]}}]', flatten=False) == [b'{"a":{"b":[1.50]}}']


def test_numbers_stay_digit_for_digit(tmp_path: Path) -> None:
    text = b'[{"a":1.50,"b":123456789012345678901234567890,"c":-0.0,"d":0.10000000000000000555111512312578}]'
    (line,) = lines(tmp_path, text)
    assert line == text[1:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/Date(1577836800000)/", "2020-01-01"),
        ("/Date(-86400000)/", "1969-12-31"),
        ("/Date(1577836801000)/", "2020-01-01T00:00:01"),
        ("/Date(1577836800123+0000)/", "2020-01-01T00:00:00.123Z"),
        ("/Date(1577836800000+0060)/", "2020-01-01T00:00:00Z"),
        ("/Date(999999999999999)/", "/Date(999999999999999)/"),
        ("/Date(x)/", "/Date(x)/"),
    ],
)
def test_dates_of_odata_2_become_iso_8601(tmp_path: Path, text: str, expected: str) -> None:
    (line,) = lines(tmp_path, json.dumps([{"on": text}]).encode())
    assert json.loads(line) == {"on": expected}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b'{"d": [1]}', "the report, record 1, line 1, column 8 (byte 7): expected an object, found a number"),
        (b'{"d": [{}, {"a": 1, "a": 2}]}', "the report, record 2: the property 'a' is there more than once"),
        (b'{"d": [{"b": {"a": 1, "a": 2}}]}', "the report, record 1: the property 'a' is there more than once"),
        (b'{"d": [{"a.b": 1, "a": {"b": 2}}]}', "the report, record 1: flat, two of its values are called 'a.b'"),
        (b'{"d": [{"a": ' + b"[" * 40 + b"]" * 40 + b"}]}", "is nested more than 32 deep"),
        (b'{"d": [{"a": 1}', "the report, record 2, line 1, column 16 (byte 15): the text ends before the array does"),
        (b'{"d": []} {', "the report, line 1, column 11 (byte 10): expected nothing more, found '{'"),
        (
            b'{"d": [{"a": "\xff"}]}',
            "the report, record 1, line 1, column 15 (byte 14): what stands there is not UTF-8",
        ),
        (b'{"e": [], "f": {}}', "there is no 'd': the document has no 'd', but 'e', 'f'"),
        (b'{"d": null}', "the report, line 1, column 7 (byte 6): 'd' is null; expected an array of objects"),
        (b'{"d": [{"id": 1}], "d": [{"id": 2}]}', "the report, line 1, column 20 (byte 19): 'd' is there more"),
        (b'{"d": [{"a": 1e400}]}', "number is infinity"),
        (b"[]", "the report, line 1, column 1 (byte 0): the document is an array; expected an object with 'd' in it"),
    ],
)
def test_what_is_no_report_is_told(tmp_path: Path, document: bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        lines(tmp_path, document, "d")
    assert message in caught.value.message


def written(value: Any) -> str:
    """A value as JSON; an object is a list of pairs in a tuple, so that a name may be there twice."""
    match value:
        case tuple():
            return "{" + ",".join(f"{json.dumps(name)}:{written(inner)}" for name, inner in value) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case _:
            return json.dumps(value)


PATH_NAMES = st.sampled_from(["a", "b", "a.b", "item", ""])
RECORDS = st.lists(st.tuples(st.tuples(st.just("id"), st.integers(0, 9))) | st.none(), max_size=3)
DOCUMENTS = st.recursive(
    st.none() | st.integers(0, 9) | RECORDS,
    lambda inner: st.lists(st.tuples(PATH_NAMES, inner), max_size=3).map(tuple),
    max_leaves=8,
)


@given(DOCUMENTS, st.lists(PATH_NAMES, max_size=2).map(tuple))
@example((("d", [(("id", 1),)]), ("d", [(("id", 2),)])), ("d",))
@example((("a.b", [(("id", 5),)]), ("a", (("b", [(("id", 1),)]),))), ("a", "b"))
@example((("a.b", [(("id", 5),)]), ("a", (("b", [(("id", 1),)]),))), ("a.b",))
@example((("d", None),), ("d",))
def test_records_are_found_as_where_a_document_is_read_without_reshaping(
    tmp_path_factory: pytest.TempPathFactory, document: Any, place: tuple[str, ...]
) -> None:
    path = tmp_path_factory.mktemp("r") / "page.json"
    path.write_text(written(document))
    out = io.BytesIO()

    def outcome(read: Callable[[], list[Any]]) -> object:
        try:
            return read()
        except SourceError as error:
            return error.message, error.hint

    def reshaped() -> list[Any]:
        write_records(path, str(path), place, out, flatten=False)
        return list(map(json.loads, out.getvalue().splitlines()))

    def plainly() -> list[Any]:
        return [record for batch in JsonRecords([str(path)], place).batches() for record in batch]

    assert outcome(reshaped) == outcome(plainly)


def test_cut_gzip_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is cut short: the gzip data ends too early"):
        lines(tmp_path, gzip.compress(json.dumps([{"a": str(number)} for number in range(5000)]).encode())[:-9])


class FullDisk(io.BytesIO):
    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_not_blamed_on_the_report(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b'[{"a": 1}]')
    with pytest.raises(OSError, match="No space left"):
        write_records(tmp_path / "page", "the report", (), FullDisk(), flatten=True)


@pytest.mark.parametrize("names", [("d", "rows"), ("rows",), ("none",)])
def test_the_values_around_the_records_are_seen(tmp_path: Path, names: tuple[str, ...]) -> None:
    document = (
        rb'{"a": "x", "b": null, "c": 7, "d": {"\u0065.f": "y\n", "rows": [{"a": 1}], "g": "\ud800"}, '
        rb'"h": [{"i": "z"}, "z"], "rows": [{"a": "q"}], "j": {"k": {}}, "l": true}'
    )
    (tmp_path / "page").write_bytes(document)
    seen: dict[tuple[str, ...], object] = {}
    with suppress(SourceError):
        see_around(tmp_path / "page", "the report", names, seen.__setitem__, [b'"h"'])
    texts = {way: value for way, value in seen.items() if value is None or isinstance(value, str)}
    assert texts == {("a",): "x", ("b",): None, ("d", "e.f"): "y\n", ("d", "g"): r"\ud800"}
    assert {("c",), ("h",), ("rows",), ("j", "k"), ("l",)} <= seen.keys()
    assert not any("i" in way for way in seen)


def test_a_document_without_any_mark_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b'{"a": "x", "rows": [')
    see_around(tmp_path / "page", "the report", ("rows",), lambda way, value: pytest.fail("seen"), [b'"b"', b"c"])
