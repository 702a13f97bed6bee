"""Which keys of a field go together, and how they arrive."""

import pytest

from bulkimport.model import Field
from tests.config.support import Folder


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("{format: '%d/%m/%Y'}", "fields.p.format: `format` is for dates"),
        ("{value: x, from: a}", "fields.p.from: `value` is a constant, no column is read: leave `from` out"),
        ("{value: null, from: a}", "fields.p.from: `value` is a constant, no column is read: leave `from` out"),
        ("{value: x, map: {a: b}}", "fields.p.map: `value` is a constant"),
        ("{value: x, type: number}", "fields.p.value: expected a number, as the type is number, found 'x'"),
        ("{map: {a: x}, type: number}", "fields.p.map.a: expected a number, as the type is number, found 'x'"),
        ("{map: {a: [x]}}", "fields.p.map.a: expected a text, a number, true or false, or null"),
        ("{separator: '-'}", "fields.p.separator: `separator` stands between columns"),
        ("{from: [a, b, a]}", "fields.p.from[2]: 'a' is joined twice"),
        ("{from: []}", "fields.p.from: expected the name of a column or a list of them"),
        ("{unmapped: refuse}", "fields.p.unmapped: `unmapped` goes with `map`"),
        ("{null_values: x}", "fields.p.null_values: expected a list"),
        ("{null_values: [NULL]}", "fields.p.null_values[0]: expected a text in quotes, such as 'NULL', found nothing"),
    ],
)
def test_mistakes_in_a_field(folder: Folder, field: str, words: str) -> None:
    assert words in folder.dataset_problem(f"fields: {{p: {field}}}")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("blanks: clear", "blanks: `blanks: clear` sends import.clear_token, which is not set"),
        ("blanks: noop", "blanks: `blanks: noop` sends import.noop_token, which is not set"),
        ("{blanks: 'null', payload: csv}", "blanks: a CSV payload has empty cells and no null"),
        ("{blanks: omit, payload: csv}", "blanks: a CSV payload cannot leave a cell out"),
    ],
)
def test_blanks_that_cannot_go_out_so(folder: Folder, more: str, words: str) -> None:
    assert words in folder.dataset_problem(more.strip("{}").replace(", ", "\n"))


def test_a_field_takes_what_the_dataset_says_unless_it_says_otherwise(folder: Folder) -> None:
    more = "trim: true\nnull_values: [n/a]\nfields: {a: , b: {trim: false, null_values: []}}"
    dataset = folder.dataset(more)

    assert (dataset.trim, dataset.null_values) == (True, ("n/a",))
    assert dataset.fields == (Field("a", "a", trim=True, null_values=("n/a",)), Field("b", "b"))


def test_columns_are_joined_and_values_mapped(folder: Folder) -> None:
    more = (
        "fields: {a: {from: [x, y], separator: '-'}, b: {map: {M: Male, '1': null}, unmapped: refuse}, c: {value: 5}, "
        "d: {value: null}}"
    )
    joined, mapped, constant, null = folder.dataset(more).fields or ()

    assert (joined.source_columns, joined.separator) == (("x", "y"), "-")
    assert (mapped.value_map, mapped.unmapped) == ((("M", "Male"), ("1", None)), "refuse")
    assert (constant.source_columns, constant.constant) == ((), 5)
    assert (null.source_columns, null.constant) == ((), None)


def test_blanks_may_be_a_token_that_is_set(folder: Folder) -> None:
    assert folder.dataset("blanks: clear\nimport: {clear_token: '#'}").blanks == "clear"
