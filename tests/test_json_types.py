from decimal import Decimal
from typing import Any

import orjson
import pytest

from bulkimport.json_types import json_type


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "an object"),
        ("[]", "an array"),
        ('""', "a text"),
        ("true", "a truth value"),
        ("null", "null"),
        ("1", "a number"),
        ("1.5", "a number"),
    ],
)
def test_each_value_of_json_has_its_words(text: str, words: str) -> None:
    value: Any = orjson.loads(text)
    assert json_type(type(value)) == words


def test_an_exact_number_is_a_number_too() -> None:
    assert json_type(Decimal) == "a number"
