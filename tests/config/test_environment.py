"""Environment variables in values."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.config.environment import PLACEHOLDER_PATTERN, substitute, substitute_variables
from bulkimport.config.scalars import FromEnvironment
from bulkimport.config.tree import MappingNode, plain
from bulkimport.config.yaml_document import parse
from tests.config.support import HEAD, PEOPLE, Folder

ENVIRON = {"A": "one", "B": "two", "EMPTY": "", "NESTED": "${A}", "_x9": "three"}

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${A}", "one"),
        ("<${A}/${B}>", "<one/two>"),
        ("${A:-x}", "one"),
        ("${C:-x y}", "x y"),
        ("${C:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-x}", "x"),
        ("${_x9}", "three"),
        ("$${A}", "${A}"),
        ("$${A} ${A}", "${A} one"),
        ("$A $ {A} $$ 5$", "$A $ {A} $$ 5$"),
        ("${NESTED}", "${A}"),
        ("${C:-a:-b}", "a:-b"),
    ],
)
def test_references_are_replaced(text: str, expected: str) -> None:
    done = substitute(text, ENVIRON)
    assert done.text == expected
    assert not done.mistakes


@pytest.mark.parametrize("text", ["${}", "${1A}", "${A-x}", "${A", "${A:x}", "${ A }", "${C:-${A}}", "${A.b}"])
def test_a_malformed_reference_is_told_how_to_write_it(text: str) -> None:
    (mistake,) = substitute(text, {"A": "x", "C": ""}).mistakes[:1]
    assert "write ${NAME} or ${NAME:-default}, or $${ for a literal ${" in mistake


def test_every_unset_variable_is_named_with_what_to_do() -> None:
    done = substitute("${C} ${A} ${D}", ENVIRON)
    assert done.mistakes == (
        "the environment variable C is not set: set it, or write ${C:-default}",
        "the environment variable D is not set: set it, or write ${D:-default}",
    )


def test_what_comes_from_the_environment_is_told_from_what_stands_in_the_file() -> None:
    assert substitute("x", ENVIRON).is_literal
    assert substitute("${C:-x}", ENVIRON).is_literal
    assert not substitute("x${A}", ENVIRON).is_literal
    assert substitute("${A}${C:-x}${A}", ENVIRON).variables == ("A", "C")


def test_a_value_that_is_not_utf_8_is_refused_by_name() -> None:
    (mistake,) = substitute("${BAD}", {"BAD": "a\udcff"}).mistakes
    assert mistake == "the value of the environment variable BAD is not valid UTF-8"


@given(st.text(), st.dictionaries(names, values))
def test_any_text_is_substituted_or_has_mistakes(text: str, environ: dict[str, str]) -> None:
    substitute(text, environ)


@given(names, values, values, values)
def test_a_value_arrives_unchanged_between_its_neighbours(name: str, value: str, before: str, after: str) -> None:
    before, after = before.replace("$", ""), after.replace("$", "")
    assert substitute(f"{before}${{{name}}}{after}", {name: value}).text == before + value + after


@given(values)
def test_an_escaped_text_is_itself(text: str) -> None:
    assert substitute(text.replace("${", "$${"), {}).text == text or "$${" in text


def test_the_schema_pattern_finds_variables() -> None:
    assert re.search(PLACEHOLDER_PATTERN, "a/${NAME}/b")
    assert re.search(PLACEHOLDER_PATTERN, "${N_1:-some thing}")
    assert not re.search(PLACEHOLDER_PATTERN, "$NAME ${1}")


def test_values_are_replaced_wherever_they_stand_and_keys_are_not() -> None:
    root, _ = parse("${A}: ${A}\nlist: [x, '${B}', {k: \"${A}\"}]\nnumber: 5\n", "f")
    assert isinstance(root, MappingNode)
    assert not substitute_variables(root, ENVIRON)
    assert plain(root) == {"${A}": "one", "list": ["x", "two", {"k": "one"}], "number": 5}
    value = root.get("${A}")
    assert value is not None
    assert isinstance(plain(value), FromEnvironment)


def test_a_value_with_aliases_is_reported_once() -> None:
    root, _ = parse("a: &x ${UNSET}\nb: *x\nc: [*x, *x]\n", "f")
    assert root is not None
    assert [(problem.line, problem.key) for problem in substitute_variables(root, {})] == [(1, "a")]


def test_an_unset_variable_is_one_problem_at_its_line_and_key(folder: Folder) -> None:
    text = HEAD + "limits:\n  requests_per_second: ${RPS}\n" + PEOPLE
    assert folder.problem(text) == (
        "all.yaml:4: limits.requests_per_second: "
        "the environment variable RPS is not set: set it, or write ${RPS:-default}"
    )


@pytest.mark.parametrize("spelling", ["${RPS}", '"${RPS}"', "'${NONE:-7}'", "${NONE:-7}"])
def test_a_variable_can_be_a_number(folder: Folder, spelling: str) -> None:
    config = folder.load(HEAD + f"limits:\n  requests_per_second: {spelling}\n" + PEOPLE, {"RPS": "7"})
    assert config.limits.requests_per_second == 7


def test_a_variable_can_be_a_switch_a_duration_or_null(folder: Folder) -> None:
    more = "enabled: ${E}\npoll: {timeout: '${T}'}\nguards: {max_delete_rows: '${N}'}"
    dataset = folder.dataset(more, {"E": "false", "T": "90s", "N": "null"})
    assert (dataset.enabled, dataset.poll.timeout, dataset.guards.max_delete_rows) == (False, 90.0, None)


def test_a_variable_that_looks_like_a_number_stays_text_where_text_is_expected(folder: Folder) -> None:
    dataset = folder.dataset(
        "tags: ['${TAG}']\nfields: {employeeID: {from: '${COLUMN}'}}", {"TAG": "007", "COLUMN": "1"}
    )
    assert dataset.tags == ("007",)
    assert dataset.fields is not None
    assert dataset.fields[0].source_column == "1"


def test_the_value_of_a_variable_is_not_shown_in_a_message(folder: Folder) -> None:
    problem = folder.dataset_problem("guards: {min_rows: '${MIN}'}", {"MIN": "s3cret"})
    assert problem == (
        "all.yaml:8: datasets[0].guards.min_rows: "
        "expected a whole number of at least 0, or null, found the value of ${MIN}"
    )
