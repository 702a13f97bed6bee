"""The array in a document is read as the whole would be, and so is what is wrong with the document."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.json_stream import JsonStreamError
from bulkimport.sources.document import blocks_at

NAMES = st.sampled_from(["data", "workers", "a.b", "é", 'q"', "", "x"])
TEXT = st.text(alphabet='{}[]",: \\\n\té€😀ab', max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES | TEXT, VALUES, max_size=4)
ARRAYS = st.lists(OBJECTS, max_size=8)
LAYOUTS = st.sampled_from(
    [{"separators": (",", ":")}, {"separators": (" , ", " : ")}, {"indent": 2}, {"indent": "\t", "ensure_ascii": False}]
)


def read(data: bytes, names: tuple[str, ...], chunk: int = 7, block: int = 16) -> list[Any]:
    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), chunk):
            yield data[start : start + chunk]

    return [record for found in blocks_at(pieces(), names, block) for record in found.objects]


def nested(names: tuple[str, ...], value: Any, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """An object in which `value` stands under `names`, and other things around it on every level."""
    inner = value if len(names) == 1 else nested(names[1:], value, before, after)
    first, *_ = names
    return {
        **{name: other for name, other in before.items() if name != first},
        first: inner,
        **{name: other for name, other in after.items() if name != first and name not in before},
    }


@given(
    st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    ARRAYS,
    OBJECTS,
    OBJECTS,
    LAYOUTS,
    st.integers(1, 50),
    st.integers(1, 80),
)
def test_the_array_is_found_whatever_stands_around_it(
    names: tuple[str, ...],
    array: list[Any],
    before: dict[str, Any],
    after: dict[str, Any],
    layout: dict[str, Any],
    chunk: int,
    block: int,
) -> None:
    document = nested(names, array, before, after)

    assert read(json.dumps(document, **layout).encode(), names, chunk, block) == array


@given(ARRAYS, OBJECTS, OBJECTS, LAYOUTS, st.integers(1, 50), st.data())
def test_any_truncation_is_an_error(
    array: list[Any],
    before: dict[str, Any],
    after: dict[str, Any],
    layout: dict[str, Any],
    chunk: int,
    data: st.DataObject,
) -> None:
    text = json.dumps(nested(("data", "workers"), array, before, after), **layout).encode()
    end = data.draw(st.integers(0, len(text) - 1))

    with pytest.raises(JsonStreamError):
        read(text[:end], ("data", "workers"), chunk)


@given(st.text(alphabet='{}[]",:01-.e\\ un\né', max_size=40), st.booleans(), st.integers(1, 9))
def test_the_rest_of_the_document_is_json_as_the_json_module_judges_it(text: str, before: bool, chunk: int) -> None:
    data = f'{{"x":{text},"r":[{{"a":1}}]}}' if before else f'{{"r":[{{"a":1}}],"x":{text}}}'
    try:
        document = json.loads(data, object_pairs_hook=list)
        is_one = [value for name, value in document if name == "r"] == [[[("a", 1)]]]
    except (ValueError, TypeError):
        is_one = False
    if is_one:
        assert read(data.encode(), ("r",), chunk) == [{"a": 1}]
    else:
        with pytest.raises(JsonStreamError):
            read(data.encode(), ("r",), chunk)


@pytest.mark.parametrize(
    ("text", "record", "offset", "words"),
    [
        ('{"data":{"worker":[],"n":0}}', 0, 28, "there is no 'data.workers': 'data' has no 'workers', but 'worker'"),
        ('{"Data":{}}', 0, 11, "there is no 'data.workers': the document has no 'data', but 'Data'"),
        ("{}", 0, 2, "the document has no 'data', but nothing"),
        ('{"data":[]}', 0, 8, "'data' is an array; expected an object with 'data.workers' in it"),
        ('{"data":{"workers":{"id":1}}}', 0, 19, "'data.workers' is an object; expected an array of objects"),
        ('{"data":{"workers":null}}', 0, 19, "'data.workers' is null"),
        ('{"data":{"workers":12}}', 0, 19, "'data.workers' is a number"),
        ('{"data":{"workers":"[]"}}', 0, 19, "'data.workers' is a text"),
        ("[]", 0, 0, "the document is an array; expected an object with 'data' in it"),
        (" 7 ", 0, 1, "the document is a plain value"),
        ("", 0, 0, "the text is empty"),
        ('{"data":{"workers":[{"a":1},7]}}', 2, 28, "expected an object, found a number"),
        ('{"data":{"workers":[{"a":1},{"a":x}]}}', 2, 33, "unexpected character"),
        ('{"data":{"workers":[{"a":1}', 2, 27, "cut short"),
        ('{"data":{"workers":[{"a":1},]}}', 2, 27, "trailing comma"),
        ('{"data":{"workers":[{"a":1}]', 0, 28, "cut short"),
        ('{"data":{"workers":[{"a":1}]}} x', 0, 31, "expected nothing more, found 'x'"),
        ('{"data":{"workers":[{"a":1}] "b":2}}', 0, 29, "expected a comma or the end"),
        ('{"data":{"workers":[]},"data":{"workers":[{"a":1}]}}', 0, 23, "'data' is there more than once"),
        ('{"data":{"workers":[],"workers":[]}}', 0, 22, "'data.workers' is there more than once"),
        ('{"data":{"workers":[]},"x":tru}', 0, 27, "expected a value, found 'tru}'"),
        ('{"data":{"workers":[]},"x":01}', 0, 27, "expected a value, found '01}'"),
    ],
)  # fmt: skip
def test_an_error_says_where_and_what(text: str, record: int, offset: int, words: str) -> None:
    with pytest.raises(JsonStreamError) as caught:
        read(text.encode(), ("data", "workers"), chunk=5, block=1000)

    assert words in caught.value.message
    assert (caught.value.record_number, caught.value.byte_offset) == (record, offset)


@pytest.mark.parametrize("where", ['{{"x":"{0}","r":[]}}', '{{"r":[],"x":"{0}"}}', '{{"{0}":1,"r":[]}}'])
def test_texts_that_are_not_utf_8_are_refused_anywhere(where: str) -> None:
    with pytest.raises(JsonStreamError, match="UTF-8"):
        read(where.format("é").encode("latin-1"), ("r",))


def test_a_name_with_a_dot_or_an_escape_is_compared_as_what_it_means() -> None:
    assert read(b'{"a.b":{"w\\u0065":[{"a":1}]}}', ("a.b", "we")) == [{"a": 1}]


def test_the_same_name_elsewhere_is_not_the_one_that_is_meant() -> None:
    others = '"x":{"workers":[{"a":1}]},"l":[{"data":{"workers":[{"a":2}]}}]'
    text = f'{{{others},"data":{{"x":{{"workers":[{{"a":3}}]}},"workers":[{{"a":4}}]}}}}'

    assert read(text.encode(), ("data", "workers")) == [{"a": 4}]


def test_a_document_nested_without_end_is_refused() -> None:
    with pytest.raises(JsonStreamError, match="nested more than 1000 deep"):
        read(b'{"x":' + b"[" * 2000, ("r",), chunk=100)


def test_a_long_tail_after_the_last_object_is_no_part_of_it() -> None:
    tail = json.dumps({"x": ["y" * 50] * 200, "z": 1.5})[1:]

    assert read(b'{"r":[{"a":1}],' + tail.encode(), ("r",), chunk=64, block=128) == [{"a": 1}]


def test_places_and_texts_of_blocks_are_those_in_the_document() -> None:
    text = json.dumps({"before": list(range(50)), "r": [{"id": n} for n in range(50)], "after": {"r": []}}).encode()
    chunks = [text[start : start + 11] for start in range(0, len(text), 11)]
    number = 1
    for block in blocks_at(chunks, ("r",), 40):
        assert json.loads(block.data) == block.objects
        assert block.first_record == number
        assert text[block.offset :].lstrip().startswith(block.data[1:-1].strip()[:8])
        number += len(block.objects)
    assert number == 51
