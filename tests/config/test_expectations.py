"""One value against what its key expects."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from bulkimport.config import expectations
from bulkimport.config.expectations import Expectation, MismatchError, finite_number
from bulkimport.config.scalars import FromEnvironment

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text().map(FromEnvironment),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)

DURATION = "a duration such as 500ms, 30s, 15m or 2h"
EVERY_KIND = [
    expectations.text("a text"),
    expectations.whole_number(0),
    expectations.whole_number(1).or_null(),
    expectations.exactly(1, "1"),
    expectations.percentage(),
    expectations.percentage(100),
    expectations.switch(),
    expectations.choice("a", "b", "c"),
    expectations.duration(),
]


def mismatch(expectation: Expectation, value: object) -> tuple[str, str]:
    """The words and the hint of the error."""
    with pytest.raises(PydanticCustomError) as caught:
        expectation.check(value)
    context = caught.value.context or {}
    return context["words"], context["hint"]


@pytest.mark.parametrize(
    ("expectation", "value", "expected"),
    [
        (expectations.text("a text"), "x", "x"),
        (expectations.whole_number(0), 0, 0),
        (expectations.whole_number(1), FromEnvironment("12"), 12),
        (expectations.whole_number(1).or_null(), None, None),
        (expectations.whole_number(1).or_null(), FromEnvironment("null"), None),
        (expectations.exactly(1, "1"), FromEnvironment("1"), 1),
        (expectations.percentage(), 250, 250.0),
        (expectations.percentage(100), FromEnvironment("2.5"), 2.5),
        (expectations.switch(), FromEnvironment("false"), False),
        (expectations.choice("a", "b"), FromEnvironment("b"), "b"),
        (expectations.duration(), "1ms", 0.001),
        (expectations.duration(), FromEnvironment("2h"), 7200.0),
    ],
)
def test_what_fits_is_converted(expectation: Expectation, value: object, expected: object) -> None:
    checked = expectation.check(value)
    assert checked == expected
    assert type(checked) is type(expected)


@pytest.mark.parametrize(
    ("expectation", "value", "words", "hint"),
    [
        (expectations.text("a tag"), 5, "a tag", "put it in quotes"),
        (expectations.text("a tag"), "", "a tag", ""),
        (expectations.text("a tag"), None, "a tag", ""),
        (expectations.text("a tag"), ["x"], "a tag", ""),
        (expectations.whole_number(1), 0, "a whole number of at least 1", ""),
        (expectations.whole_number(1), True, "a whole number of at least 1", ""),
        (expectations.whole_number(1), 2.0, "a whole number of at least 1", ""),
        (expectations.whole_number(1), "2", "a whole number of at least 1", ""),
        (expectations.whole_number(1), 2**60, "a whole number of at least 1", "which is too large"),
        (expectations.whole_number(0).or_null(), -1, "a whole number of at least 0, or null", ""),
        (expectations.exactly(1, "one"), True, "one", ""),
        (expectations.exactly(1, "one"), 2, "one", ""),
        (expectations.percentage(100), 100.1, "a percentage from 0 to 100", ""),
        (expectations.percentage(), -0.1, "a percentage of at least 0", ""),
        (expectations.percentage(), math.inf, "a percentage of at least 0", ""),
        (expectations.switch(), "yes", "true or false", "which is only text in YAML 1.2"),
        (expectations.switch(), 1, "true or false", ""),
        (expectations.choice("skip", "fail"), "stop", "skip or fail", ""),
        (expectations.choice("a", "b", "c"), None, "one of a, b, c", ""),
        (
            expectations.duration(),
            30,
            DURATION,
            "a unit is missing: write 30s for seconds",
        ),
        (expectations.duration(), "0s", DURATION, "the shortest is 1ms"),
        (expectations.duration(), "400d", DURATION, "the longest is 366d"),
        (expectations.duration(), True, DURATION, ""),
    ],
)
def test_what_does_not_fit_is_told_so(expectation: Expectation, value: object, words: str, hint: str) -> None:
    assert mismatch(expectation, value) == (words, hint)


@pytest.mark.parametrize("expectation", EVERY_KIND, ids=lambda expectation: expectation.words)
@given(value=anything)
def test_no_value_raises_anything_else(expectation: Expectation, value: object) -> None:
    try:
        expectation.check(value)
    except PydanticCustomError as error:
        assert error.type == expectations.NOT_AS_EXPECTED  # noqa: PT017 — either outcome is right


@pytest.mark.parametrize("value", [True, "5", None, math.nan, 10**400, []])
def test_a_finite_number_is_one_that_json_carries(value: object) -> None:
    with pytest.raises(MismatchError):
        finite_number(value)
    assert finite_number(-2.5) == -2.5
