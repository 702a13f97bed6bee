import json
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.payload.encode import dumps
from bulkimport.sources import ExactNumber
from bulkimport.sources.base import Record
from bulkimport.sources.records import RecordError, plain_records


def records(text: str, *, exact_decimals: bool = False) -> list[Record]:
    data = text.encode()
    return plain_records(data, orjson.loads(data), exact_decimals=exact_decimals)


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,2})?", fullmatch=True)


@given(st.lists(NUMBERS, min_size=1, max_size=5), st.sampled_from([":", " : ", ":\n"]))
def test_numbers_keep_their_value_to_the_last_digit(numbers: list[str], colon: str) -> None:
    text = "[" + ",".join(f'{{"a"{colon}{number}}}' for number in numbers) + "]"

    written = dumps(records(text))

    values = [each["a"] for each in json.loads(written, parse_float=Decimal, parse_int=Decimal)]
    assert values == [Decimal(number) for number in numbers]


@pytest.mark.parametrize("number", ["65000", "-1", "0", "123456789012345678", "9223372036854775807"])
def test_integers_stay_integers(number: str) -> None:
    [record] = records(f'[{{"a":{number}}}]')

    assert dumps(record) == f'{{"a":{number}}}'.encode()


@pytest.mark.parametrize("number", ["1" * 40, "-" + "9" * 25, "0.12345678901234567890", "1.5e300", "1" * 17 + ".5"])
def test_what_a_float_cannot_hold_is_kept_as_its_text(number: str) -> None:
    assert records(f'[{{"a":{number},"b":1}}]') == [{"a": ExactNumber(number), "b": 1}]


def test_decimals_are_text_where_that_is_asked_for() -> None:
    assert records('[{"a":0.10,"b":5,"c":"x"}]', exact_decimals=True) == [{"a": ExactNumber("0.10"), "b": 5, "c": "x"}]
    assert records('[{"a":0.10}]') == [{"a": 0.1}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":[1]}', "'a' holds an array"),
        ('{"a":{"b":1}}', "'a' holds an object"),
        ('{"a":{}}', "'a' holds an object"),
    ],
)
def test_nested_values_are_refused_by_property(text: str, words: str) -> None:
    with pytest.raises(RecordError, match=words) as caught:
        records(f'[{{"x":1}},{text}]')

    assert caught.value.index == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":1, "a" :2}',
        '{"a":1,"a":2,"b" :3}',
        '{"a":1,"a":2,"b"\t:3}',
        '{"a":1,"a":2,"b"\r\n:3}',
        '{"a":1,"\\u0061":2}',
        '{"a":"\\":","a":2}',
    ],
)
def test_a_property_that_is_there_twice_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="'a' is there more than once") as caught:
        records(f'[{{"a":1}},{text},{{"a":1}}]')

    assert caught.value.index == 1


def test_texts_that_look_like_properties_are_not_mistaken() -> None:
    text = '[{"a":"\\":\\":","b" : "x : y","c\\\\":" :"}]'

    assert records(text) == json.loads(text)
