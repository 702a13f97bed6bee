import pytest

from bulkimport.near_misses import near_misses


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("employeeID", ["Employee ID", "name"], ["Employee ID"]),
        ("employeeID", ["employee_id", "employeeld"], ["employee_id", "employeeld"]),
        ("employeeID", ["salary"], []),
        ("salary", [], []),
    ],
)
def test_near_misses_are_names_that_may_have_been_meant(name: str, names: list[str], expected: list[str]) -> None:
    assert near_misses(name, names) == expected


def test_near_misses_ignore_case_and_keep_both_of_two_spellings() -> None:
    assert set(near_misses("PEOPEL", ["people", "People", "links"])) == {"people", "People"}
    assert near_misses("", ["people"]) == []


def test_words_of_punctuation_alone_are_not_all_the_same() -> None:
    assert near_misses("--", ["++", "--"]) == ["--"]
