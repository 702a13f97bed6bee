"""Collecting problems, and words for what was found."""

import pytest

from bulkimport.config.problems import Problems, as_yaml, found, guess
from bulkimport.config.tree import ConfigPlace, Node, ScalarNode
from bulkimport.config.yaml_document import parse
from bulkimport.errors import ConfigError


def value(text: str) -> Node:
    root, _ = parse(text, "f")
    assert root is not None
    return root


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a: 1}", "a mapping"),
        ("[1]", "a list"),
        ("[]", "an empty list"),
        ("~", "nothing (null)"),
        ("true", "true"),
        ("12", "12"),
        ("1.5", "1.5"),
        ("many", "'many'"),
        ("''", "''"),
        ("'12'", "'12'"),
        ('"a\\nb\\e[31m"', "'a b\\x1b[31m'"),
        ("a" * 60, f"'{'a' * 40}…'"),
        ("1" * 60, "1" * 40 + "…"),
    ],
)
def test_what_was_found_is_named_shortly(text: str, expected: str) -> None:
    assert found(value(text)) == expected


def test_values_from_the_environment_are_named_by_their_variables() -> None:
    assert found(ScalarNode(ConfigPlace("f", 1), "s3cret", ("A", "B"))) == "the value of ${A} and ${B}"


def test_a_number_too_long_to_be_written_is_no_exception() -> None:
    assert as_yaml(10**5000) == "a number with thousands of digits"


def test_guesses_name_what_is_near_or_what_is_known() -> None:
    assert guess("kee", ["key", "name"]) == "did you mean `key`?"
    assert guess("zzz", ["key", "name"]) == "known are `key` and `name`"
    assert guess("zzz", []) == ""
    many = guess("zzz", [f"name{number}" for number in range(1015)])
    assert many.startswith("known are `name0`, `name1`")
    assert many.endswith("`name14` and 1,000 more")


def test_all_problems_are_raised_at_once_sorted_and_each_once() -> None:
    problems = Problems()
    problems.raise_if_any()
    assert not problems
    for line in (9, 2, 9):
        problems.add(ConfigPlace("f", line, "a"), "wrong")
    with pytest.raises(ConfigError) as caught:
        problems.raise_if_any()
    assert str(caught.value) == "f:2: a: wrong\nf:9: a: wrong"
    assert problems
