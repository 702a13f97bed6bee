"""Rows one after the other, by their places."""

import json
from collections.abc import Iterator, Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.json_stream import JsonObject, JsonStreamError, iter_blocks
from bulkimport.snapshot.rows import Built, RowBatch, Text, Window, Written

NUMBERS = list(range(7))


def some(numbers: Sequence[int], *, values: bool = True) -> RowBatch:
    objects = [{"id": number} for number in numbers]
    return RowBatch(list(map(str, numbers)), list(numbers) if values else None, Built(objects))


def window_of(*sizes: int) -> Window:
    window, start = Window(), 0
    for size in sizes:
        window.add(some(range(start, start + size)))
        start += size
    return window


def loaded(texts: Sequence[Text]) -> Iterator[object]:
    return (json.loads(bytes(text)) for text in texts)


@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=6), data=st.data())
def test_a_place_means_the_same_for_names_values_objects_and_texts(sizes: list[int], data: st.DataObject) -> None:
    window, total = window_of(*sizes), sum(sizes)
    passed = data.draw(st.integers(0, total))
    window.drop(passed)
    left = list(range(passed, total))
    places = sorted(data.draw(st.sets(st.integers(0, len(left) - 1)))) if left else []

    assert window.names == list(map(str, left))
    assert window.values(range(len(left))) == left
    assert window.values(places) == [left[place] for place in places]
    assert [window.object(place)["id"] for place in places] == [left[place] for place in places]
    assert list(loaded(window.texts(places))) == [{"id": left[place]} for place in places]
    assert list(loaded(window.texts(range(len(left))))) == [{"id": number} for number in left]


def test_values_are_given_only_where_all_rows_have_them() -> None:
    window = window_of(2)
    window.add(some([5], values=False))
    assert window.values(range(2)) is None
    window = Window()
    window.add(some([5], values=False))
    window.add(some([6]))
    window.drop(1)
    assert window.values(range(1)) == [6]


def test_there_is_nothing_beyond_the_last_row() -> None:
    with pytest.raises(IndexError):
        window_of(2, 2).object(4)


def test_the_texts_of_a_block_are_those_that_were_read() -> None:
    text = b'[{"id" : "1", "n": 1.50}, {"id": "2",\n "n": 12345678901234567890123}]'
    (block,) = iter_blocks([text])
    assert [bytes(one) for one in Written(block).texts] == [
        b'{"id" : "1", "n": 1.50}',
        b'{"id": "2",\n "n": 12345678901234567890123}',
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    objects=st.lists(st.dictionaries(st.text(), JSON, max_size=4), min_size=1, max_size=5),
    indent=st.none() | st.just(1),
)
def test_whatever_can_be_read_can_be_cut_out(objects: list[JsonObject], indent: int | None) -> None:
    (block,) = iter_blocks([json.dumps(objects, indent=indent).encode()])
    assert [orjson.loads(bytes(text)) for text in Written(block).texts] == block.objects


def test_what_is_nested_too_deeply_is_told_with_its_place() -> None:
    deep = "[" * 1_015 + "]" * 1_015
    (block,) = iter_blocks([f'[{{"id": "1", "n": {deep}}}]'.encode()])
    with pytest.raises(JsonStreamError, match=r"record 1, byte 1: .*recursion"):
        _ = Written(block).texts
