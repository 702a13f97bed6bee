import pytest

from bulkimport.model import Field, FieldType, Scalar
from bulkimport.payload.convert import Conversion, Value, conversion
from bulkimport.sources import ExactNumber


def change(
    kind: FieldType | None, default: Scalar = None, *, as_text: bool = False, verbatim: tuple[str, ...] = ()
) -> Conversion:
    field = Field("p", "P", kind, default=default)
    found = conversion(field, date_format="YYYY-MM-DD", verbatim=frozenset(verbatim), as_text=as_text)
    assert found is not None
    return found


def test_an_untyped_field_without_default_needs_no_conversion() -> None:
    assert conversion(Field("p", "P"), date_format="YYYY-MM-DD", verbatim=frozenset(), as_text=False) is None


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        (None, ["a", " ", ""], ["a", " ", "dflt"]),
        ("text", ["a", " ", "", "007"], ["a", " ", "dflt", "007"]),
    ],
)
def test_texts_stay_as_they_are_and_empty_ones_get_the_default(
    kind: FieldType | None, cells: list[str], expected: list[Value]
) -> None:
    assert change(kind, "dflt").column(cells) == expected


def test_empty_texts_without_default_stay_empty() -> None:
    assert change("text").column(["a", ""]) == ["a", ""]
    assert change("text").value("") == ""
    assert change("text").value(None) is None


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        ("number", ["1", "22", "007"], [1, 22, 7]),
        ("number", ["1", "", " 2.5 ", "  "], [1, None, 2.5, None]),
        ("number", ["9" * 30, "1"], [ExactNumber("9" * 30), 1]),
        ("number", ["", ""], [None, None]),
        ("boolean", ["Yes", "NO", " t ", "0", "", "TRUE"], [True, False, True, False, None, True]),
        ("date", ["2026-01-02", "", " 2026-01-02 "], ["2026-01-02", None, "2026-01-02"]),
    ],
)
def test_columns_are_converted_cell_by_cell_and_blank_is_null(
    kind: FieldType, cells: list[str], expected: list[Value]
) -> None:
    found = change(kind).column(cells)

    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))
    assert [change(kind).value(cell) for cell in cells] == expected


@pytest.mark.parametrize(
    ("kind", "default", "expected"),
    [
        ("number", "5", 5),
        ("number", 5, 5),
        ("date", "2026-01-01", "2026-01-01"),
        ("boolean", "no", False),
        ("text", 5, "5"),
    ],
)
def test_a_default_fills_what_is_blank_in_the_type_of_the_field(
    kind: FieldType, default: Scalar, expected: Value
) -> None:
    found = change(kind, default)

    assert found.default == expected
    assert found.column([""]) == [expected]
    assert found.value(None) == expected


@pytest.mark.parametrize(("kind", "default"), [("number", "x"), ("date", 5), ("boolean", "maybe"), ("number", True)])
def test_a_default_of_another_type_is_refused(kind: FieldType, default: Scalar) -> None:
    with pytest.raises(ValueError, match="is not a"):
        change(kind, default)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", 5, 5),
        ("number", 1.5, 1.5),
        ("number", ExactNumber("1.50"), ExactNumber("1.50")),
        ("boolean", True, True),
        ("boolean", 1, True),
        ("boolean", 0, False),
        ("text", 5, "5"),
        ("text", True, "true"),
        ("text", ExactNumber("0.10"), "0.10"),
        (None, True, True),
        (None, 5, 5),
    ],
)
def test_json_values_become_values_of_the_type(kind: FieldType | None, value: Value, expected: Value) -> None:
    found = change(kind, "1" if kind != "text" else None).value(value)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", True), ("date", 5), ("boolean", 2), ("boolean", 1.0), ("number", "x"), ("date", True)],
)
def test_json_values_of_another_type_are_refused(kind: FieldType, value: Value) -> None:
    with pytest.raises(ValueError, match="is not"):
        change(kind).value(value)


def test_for_csv_payloads_numbers_and_truth_values_are_text_with_their_digits() -> None:
    assert change("number", as_text=True).column(["007", "0.10", ""]) == ["7", "0.10", None]
    assert change("number", as_text=True).value(5) == "5"
    assert change("boolean", as_text=True).column(["Y", "f"]) == ["true", "false"]
    assert change("boolean", as_text=True).value(True) == "true"


def test_tokens_of_the_import_pass_whatever_the_type() -> None:
    kinds: list[FieldType] = ["number", "date", "boolean"]
    for kind in kinds:
        assert change(kind, verbatim=("~", "-")).column(["~"]) == ["~"]
    assert change("number", verbatim=("0",)).column(["0", "1"]) == ["0", 1]


def test_the_memory_of_texts_is_bounded() -> None:
    found = change("boolean")
    numbers = change("number")
    numbers.column([f"{n}.5" for n in range(20_000)])
    found.column([" " * n + "t" for n in range(3000)])

    assert len(numbers) <= 4096
    assert len(found) <= 1024


def cleaned(field: Field, *, verbatim: tuple[str, ...] = ()) -> Conversion:
    found = conversion(field, date_format="YYYY-MM-DD", verbatim=frozenset(verbatim), as_text=False)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("field", "cells", "expected"),
    [
        (Field("p", "p", trim=True), [" a ", "  "], ["a", ""]),
        (Field("p", "p", trim=True, default="x"), [" a ", "  "], ["a", "x"]),
        (Field("p", "p", null_values=("-",), default="x"), ["-", "a"], ["x", "a"]),
        (Field("p", "p", "number", null_values=("n/a", "0")), ["n/a", "0", "12"], [None, None, 12]),
        (Field("p", "p", "date", null_values=("00/00/0000",), format="%d/%m/%Y"), ["00/00/0000"], [None]),
        (
            Field("p", "p", "boolean", value_map=(("Oui", "yes"), ("Non", False))),
            ["Oui", "Non", "t"],
            [True, False, True],
        ),
        (Field("p", "p", "number", value_map=(("low", 1), ("none", None)), default=9), ["low", "none", "5"], [1, 9, 5]),
        (Field("p", "p", value_map=(("M", "Male"),), unmapped="blank", default="?"), ["M", "x"], ["Male", "?"]),
    ],
)
def test_cells_are_cleaned_before_they_are_read(field: Field, cells: list[str], expected: list[Value]) -> None:
    assert cleaned(field).column(cells) == expected
    assert [cleaned(field).value(cell) for cell in cells] == expected


def test_what_means_something_to_the_import_is_not_cleaned() -> None:
    field = Field("p", "p", trim=True, value_map=(("#", "x"),), null_values=(" ! ",))

    assert cleaned(field, verbatim=("#", " ! ")).column(["#", " ! ", " a "]) == ["#", " ! ", "a"]


def test_a_default_is_not_looked_up() -> None:
    assert cleaned(Field("p", "p", value_map=(("a", "b"),), unmapped="refuse", default="z")).column([""]) == ["z"]


def test_numbers_of_typed_sources_are_looked_up_by_their_text() -> None:
    change = cleaned(Field("p", "p", "number", value_map=(("1", 10),), null_values=("99999",)))

    assert [change.value(value) for value in (1, 99999, 2, 3)] == [10, None, 2, 3]


def test_what_a_map_refuses_is_an_error() -> None:
    change = cleaned(Field("p", "p", value_map=(("a", "b"),), unmapped="refuse"))

    with pytest.raises(ValueError, match="not among"):
        change.column(["a", "x"])
