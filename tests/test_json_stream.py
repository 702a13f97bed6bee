import json
import pickle
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.json_stream import ArrayReader, JsonBlock, JsonStreamError, iter_blocks

TRICKY_TEXT = st.text(alphabet='{}[]",: \\\n\té€😀ab', max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TRICKY_TEXT
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY_TEXT, inner, max_size=3),
    max_leaves=6,
)
ARRAYS = st.lists(st.dictionaries(TRICKY_TEXT, VALUES, max_size=4), max_size=12)
LAYOUTS = st.sampled_from(
    [
        {"separators": (",", ":")},
        {"separators": (" , ", " : ")},
        {"indent": 2},
        {"indent": "\t", "ensure_ascii": False},
    ]
)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def read(data: bytes, chunk: int = 7, block: int = 32) -> list[Any]:
    return [each for found in iter_blocks(pieces(data, chunk), block) for each in found.objects]


@given(ARRAYS, LAYOUTS, st.integers(1, 40), st.integers(1, 80))
def test_any_array_in_any_chunks_reads_like_the_whole(
    array: list[dict[str, Any]], layout: dict[str, Any], chunk: int, block: int
) -> None:
    data = json.dumps(array, **layout).encode()

    assert read(data, chunk, block) == orjson.loads(data)


@given(ARRAYS, LAYOUTS, st.integers(1, 40), st.data())
def test_any_truncation_is_an_error(
    array: list[dict[str, Any]], layout: dict[str, Any], chunk: int, data: st.DataObject
) -> None:
    text = json.dumps(array, **layout).encode()
    end = data.draw(st.integers(0, len(text) - 1))

    with pytest.raises(JsonStreamError):
        read(text[:end], chunk)


@given(ARRAYS, st.integers(1, 40))
def test_blocks_are_the_array_in_order_with_their_place_in_the_stream(array: list[dict[str, Any]], chunk: int) -> None:
    text = json.dumps(array).encode()
    number = 1
    for block in iter_blocks(pieces(text, chunk), 24):
        assert orjson.loads(block.data) == block.objects
        assert block.first_record == number
        assert text[block.offset :].lstrip().startswith(block.data[1:-1].lstrip()[:5])
        number += len(block.objects)
    assert number == len(array) + 1


@given(st.binary(max_size=60), st.integers(1, 9))
def test_arbitrary_bytes_read_like_the_whole_or_are_an_error(data: bytes, chunk: int) -> None:
    try:
        found = read(b"[" + data, chunk, 4)
    except JsonStreamError:
        return
    assert found == orjson.loads(b"[" + data)


def test_white_space_and_a_byte_order_mark_around_the_array_are_ignored() -> None:
    assert read(b'\xef\xbb\xbf \r\n[ {"a": 1} ] \n\n', chunk=1) == [{"a": 1}]


@pytest.mark.parametrize("text", [b"[]", b" [ ] ", b"\xef\xbb\xbf[\n]"])
def test_an_empty_array_has_no_blocks(text: bytes) -> None:
    assert list(iter_blocks(pieces(text, 1))) == []


@pytest.mark.parametrize(
    ("text", "record", "offset", "words"),
    [
        (b"", 1, 0, "empty"),
        (b"   ", 1, 3, "empty"),
        (b'{"a":1}', 1, 0, "expected '['"),
        (b'[{"a":1},{"a":tru}]', 2, 14, "literal"),
        (b'[{"a":1},{"a":1}', 3, 16, "cut short"),
        (b'[{"a":1},{"a":"1', 2, 16, "cut short"),
        (b'[{"a":1}] [', 2, 10, "after document"),
        (b'[{"a":NaN}]', 1, 6, "unexpected character"),
        (b'[{"a":1} {"a":2}]', 2, 9, "expected ','"),
        ('[{"é":"é"},{"é":tru}]'.encode(), 2, 19, "literal"),
        (b'[{"a":"\xff"}]', 1, 7, "UTF-8"),
        (b'[{"id":"1"},5]', 2, 12, "expected an object, found a number"),
        (b"[ 5]", 1, 2, "expected an object, found a number"),
        (b'[{"a":",[{"}, {"b":[1,{}],"c":{}} ,\n null]', 3, 37, "expected an object, found null"),
        (b'[{"a":"\\",{"},[{}]]', 2, 14, "expected an object, found an array"),
        ('{"é":1}'.encode(), 1, 0, """found '{"é"""),
        (b"\xff", 1, 0, "found '\ufffd'"),
    ],
)
def test_an_error_names_record_byte_and_problem(text: bytes, record: int, offset: int, words: str) -> None:
    with pytest.raises(JsonStreamError, match=re.escape(words)) as caught:
        read(text, chunk=4, block=1000)

    assert (caught.value.record_number, caught.value.byte_offset) == (record, offset)


@pytest.mark.parametrize(
    ("element", "name"),
    [("5", "number"), ('[{"b":1}]', "array"), ('"x"', "text"), ("null", "null"), ("true", "truth value")],
)
@pytest.mark.parametrize("block", [8, 1000])
def test_an_element_that_is_no_object_is_an_error_naming_its_record(element: str, name: str, block: int) -> None:
    text = f'[{{"a":1}},{element},{{"a":1}}]'.encode()

    with pytest.raises(JsonStreamError, match=f"expected an object, found .*{name}") as caught:
        read(text, block=block)

    assert caught.value.record_number == 2


def test_records_and_bytes_are_counted_across_blocks() -> None:
    text = b"[" + b'{"a":1},' * 100 + b'{"a":x}]'

    with pytest.raises(JsonStreamError) as caught:
        read(text)

    assert caught.value.record_number == 101
    assert caught.value.byte_offset == text.index(b"x")
    assert str(caught.value).startswith("record 101, byte 806: ")


def test_a_comma_before_the_end_is_an_error_at_a_block_border_too() -> None:
    with pytest.raises(JsonStreamError, match="missing after the last comma"):
        read(b'[{"a":1},{"a":1},]', chunk=8, block=8)


def test_a_missing_quote_does_not_swallow_the_rest_of_the_stream() -> None:
    reader = ArrayReader(64, max_object=1000)

    def consume() -> None:
        for chunk in pieces(b'[{"a":"' + b"x" * 100_000, 100):
            for _ in reader.feed(chunk):
                pass

    with pytest.raises(JsonStreamError, match="no end of this object"):
        consume()


def test_one_chunk_holding_everything_still_gives_small_blocks() -> None:
    text = json.dumps([{"long": "x" * 500}, *({"n": n} for n in range(2000))]).encode()

    blocks = list(iter_blocks([text], 200))

    assert len(blocks) > 50
    assert [each for block in blocks for each in block.objects] == json.loads(text)


def test_nested_objects_that_look_like_borders_are_not_cut() -> None:
    array = [{"n": n, "errors": [{"a": 1}, {"b": "},{"}, {"c": 3}, {"d": 4}, {"e": 5}]} for n in range(50)]

    blocks: list[JsonBlock] = list(iter_blocks(pieces(json.dumps(array).encode(), 50), 300))

    assert len(blocks) > 10
    assert [each for block in blocks for each in block.objects] == array


def test_the_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(JsonStreamError(7, 2, "no")))

    assert (error.byte_offset, error.record_number, error.message) == (7, 2, "no")


def test_what_a_quick_look_makes_of_a_block_is_given_out_and_counted() -> None:
    """A block that it does not understand is read as ever, and so is what only stands behind a wrong border."""
    text = json.dumps([{"n": number, "text": "},{"} for number in range(40)]).encode()

    def quick(data: bytes) -> list[int] | None:
        try:
            numbers = [each["n"] for each in json.loads(data)]
        except ValueError:
            return None
        return None if numbers[0] % 4 else numbers

    blocks = list(iter_blocks(pieces(text, 30), 60, quick))

    assert [each["n"] for block in blocks for each in block.objects] == list(range(40))
    assert {block.values is None for block in blocks} == {True, False}
    for block in blocks:
        assert block.first_record == block.objects[0]["n"] + 1
        assert block.values in (None, [each["n"] for each in block.objects])


def test_a_block_whose_objects_turn_out_to_be_unreadable_is_told() -> None:
    block = next(iter_blocks([b'[{"n": 1e999}]'], 60, lambda data: [1]))

    with pytest.raises(JsonStreamError, match="record 1, byte 1: "):
        _ = block.objects
