from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource, ExtraColumns, Field, FieldType, NdjsonSource
from bulkimport.payload.request import PayloadRequest
from bulkimport.payload.shape import RecordShape, TableShape
from bulkimport.sources.base import Record
from bulkimport.sources.csv import CsvTable
from bulkimport.sources.ndjson import NdjsonRecords


def request(fields: tuple[Field, ...] | None, extra: ExtraColumns, key: str = "id") -> PayloadRequest:
    return PayloadRequest(CsvSource(()), (key,), "spool", "keys", "landing", fields=fields, extra_columns=extra)


def of_table(
    folder: Path, header: str, *fields: Field, extra: ExtraColumns = "pass", key: str = "id", named: bool = True
) -> TableShape:
    path = folder / "f.csv"
    path.write_text(header + "\n")
    return TableShape(CsvTable(CsvSource((str(path),))), request(fields if named else None, extra, key))


def of_records(folder: Path, *fields: Field, extra: ExtraColumns = "pass", named: bool = True) -> RecordShape:
    path = folder / "f.ndjson"
    path.write_text("{}\n")
    return RecordShape(NdjsonRecords(NdjsonSource((str(path),))), request(fields if named else None, extra))


def test_without_fields_rows_pass_as_they_are(tmp_path: Path) -> None:
    shape = of_table(tmp_path, "id,name", named=False)
    rows = [["1", ""]]

    assert shape.names == ("id", "name")
    assert shape.shape(rows) is rows


def test_fields_rename_convert_and_fill_and_other_columns_pass(tmp_path: Path) -> None:
    shape = of_table(
        tmp_path,
        "Number,name,pay,x",
        Field("pay", "pay", "number"),
        Field("id", "Number"),
        Field("site", "site", default="London"),
    )

    assert shape.names == ("pay", "id", "site", "name", "x")
    assert list(shape.shape([["1", "Ann", "07", ""], ["2", "Bob", "", "y"]])) == [
        (7, "1", "London", "Ann", ""),
        (None, "2", "London", "Bob", "y"),
    ]


def test_values_are_converted_even_if_no_column_changes_its_name_or_place(tmp_path: Path) -> None:
    shape = of_table(tmp_path, "id,pay", Field("id", "id"), Field("pay", "pay", "number"))

    assert list(shape.shape([["1", "07"]])) == [("1", 7)]


def test_other_columns_are_dropped_or_refused_where_asked(tmp_path: Path) -> None:
    shape = of_table(tmp_path, "id,_x,name", Field("id", "id"), extra="drop")

    assert list(shape.shape([["1", "2", "3"]])) == [("1",)]
    with pytest.raises(SourceError, match="'_x', 'name'"):
        of_table(tmp_path, "id,_x,name", Field("id", "id"), extra="refuse")
    assert of_table(tmp_path, "id", Field("id", "id"), extra="refuse").names == ("id",)


@pytest.mark.parametrize(
    ("header", "fields", "words"),
    [
        ("name", (), "lacks the key column 'id'"),
        ("id", (Field("a", "A"),), "lacks the column 'A'"),
        ("id", (Field("key", "id"),), "lacks the key column 'id'"),
        ("id,_id", (), "'_id' cannot be sent"),
        ("id,a", (Field("_a", "a"),), "'_a' cannot be sent"),
        ("id,a,b", (Field("b", "a"),), "more than one column goes out as 'b'"),
        ("id,a", (Field("a", "a", "number", default="x"),), "The default 'x' of the field 'a' is not a number"),
    ],
)
def test_columns_that_cannot_be_sent_are_refused(
    tmp_path: Path, header: str, fields: tuple[Field, ...], words: str
) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        of_table(tmp_path, header, *fields)

    assert caught.value.hint


@pytest.mark.parametrize(
    ("header", "fields", "message"),
    [
        ("ID,name", (), "lacks the key column 'id'; it has 'ID', 'name'"),
        ("name", (Field("id", "Number"),), "lacks the key column 'Number'; it has 'name'"),
        ("a,name", (Field("id", "a", joined=("b",)),), "lacks the key column 'b'; it has 'a', 'name'"),
    ],
)
def test_of_files_with_different_columns_each_has_to_have_the_key(
    tmp_path: Path, header: str, fields: tuple[Field, ...], message: str
) -> None:
    whole, other = tmp_path / "a.csv", tmp_path / "b.csv"
    whole.write_text("id,Number,a,b\n")
    other.write_text(header + "\n")
    table = CsvTable(CsvSource((str(whole), str(other)), differing_columns="fill"))
    with pytest.raises(SourceError) as caught:
        TableShape(table, request(fields, "drop" if fields else "pass"))
    assert caught.value.message == f"{other} {message}"
    assert caught.value.hint


def test_a_key_with_a_default_may_lack_its_column_in_a_file(tmp_path: Path) -> None:
    whole, other = tmp_path / "a.csv", tmp_path / "b.csv"
    whole.write_text("id,name\n")
    other.write_text("name\n")
    table = CsvTable(CsvSource((str(whole), str(other)), differing_columns="fill"))
    assert TableShape(table, request((Field("id", "id", default="1"),), "pass")).names == ("id", "name")


def test_problems_are_told_row_by_row_with_the_source_column(tmp_path: Path) -> None:
    shape = of_table(tmp_path, "id,Pay,on", Field("pay", "Pay", "number"), Field("on", "on", "boolean"))
    rows = [["1", "5", "yes"], ["2", "5k", "perhaps"], ["3", "x" * 99, "no"]]

    with pytest.raises(ValueError, match="is not"):
        shape.shape(rows)

    assert [(problem.index, str(problem)) for problem in shape.problems(rows)] == [
        (1, "column 'Pay': '5k' is not a number"),
        (1, "column 'on': 'perhaps' is not a truth value (true/false, yes/no, y/n, t/f, 1/0)"),
        (2, "column 'Pay': '" + "x" * 56 + "... is not a number"),
    ]


def test_records_pass_as_they_are_and_names_come_in_order_of_appearance(tmp_path: Path) -> None:
    shape = of_records(tmp_path, named=False)
    records: list[Record] = [{"b": 1}, {"a": 2, "b": None}]

    assert shape.shape(records) is records
    assert shape.shape([{"c": 1}]) == [{"c": 1}]
    assert shape.names == ("b", "a", "c")
    shape.finish()


def test_records_are_renamed_converted_and_filled_one_by_one(tmp_path: Path) -> None:
    shape = of_records(
        tmp_path, Field("id", "Number", "text"), Field("pay", "pay", "number"), Field("site", "site", default="London")
    )

    assert shape.shape([{"Number": 1, "x": True}, {"pay": "5", "site": ""}, {"pay": None}]) == [
        {"id": "1", "site": "London", "x": True},
        {"pay": 5, "site": "London"},
        {"pay": None, "site": "London"},
    ]
    assert shape.names == ("id", "site", "x", "pay")


def test_other_properties_are_dropped_or_refused_where_asked(tmp_path: Path) -> None:
    shape = of_records(tmp_path, Field("id", "id"), extra="drop")

    assert shape.shape([{"id": 1, "_x": 2}]) == [{"id": 1}]
    with pytest.raises(SourceError, match="'x'"):
        of_records(tmp_path, Field("id", "id"), extra="refuse").shape([{"id": 1}, {"x": 1}])


@pytest.mark.parametrize(
    ("record", "words"), [({"_action": "delete"}, "'_action' cannot be sent"), ({"b": 1}, "goes out as 'b'")]
)
def test_properties_that_cannot_be_sent_are_refused(tmp_path: Path, record: dict[str, Any], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        of_records(tmp_path, Field("b", "a")).shape([record])


def test_a_field_that_no_record_has_is_missing(tmp_path: Path) -> None:
    shape = of_records(tmp_path, Field("id", "id"), Field("a", "A"), Field("b", "B", default=1))
    shape.shape([{"id": 1}])

    with pytest.raises(SourceError, match="lacks the column 'A'; it has 'id'"):
        shape.finish()


def test_problems_of_records_show_their_values(tmp_path: Path) -> None:
    shape = of_records(tmp_path, Field("pay", "Pay", "number"))
    records: list[Record] = [{"Pay": 1}, {"Pay": True}, {"Pay": "x"}, {}]

    with pytest.raises(ValueError, match="is not a number"):
        shape.shape(records)

    assert [(problem.index, str(problem)) for problem in shape.problems(records)] == [
        (1, "column 'Pay': True is not a number"),
        (2, "column 'Pay': 'x' is not a number"),
    ]


def test_a_joined_column_of_a_table_is_made_of_its_parts(tmp_path: Path) -> None:
    shape = of_table(tmp_path, "site,no,x", Field("id", "site", joined=("no",), separator="-"))

    assert shape.names == ("id", "x")
    assert list(shape.shape([["UK", "7", "a"], ["UK", "", "b"]])) == [("UK-7", "a"), ("", "b")]
    with pytest.raises(SourceError, match="lacks the column 'no'"):
        of_table(tmp_path, "site,x", Field("id", "site", joined=("no",)))


@pytest.mark.parametrize("kind", [None, "text", "number", "date", "boolean"])
def test_a_constant_may_be_null(tmp_path: Path, kind: FieldType | None) -> None:
    field = Field("note", "note", kind, is_constant=True)
    assert list(of_table(tmp_path, "id,note", field).shape([["1", "x"]])) == [(None, "1")]
    assert of_records(tmp_path, field).shape([{"id": "1", "note": "x"}]) == [{"note": None, "id": "1"}]


def test_a_constant_stands_in_for_the_column_of_its_name(tmp_path: Path) -> None:
    shape = of_table(tmp_path, "id,source", Field("source", "source", is_constant=True, constant="HR"))

    assert shape.names == ("source", "id")
    assert list(shape.shape([["1", "x"]])) == [("HR", "1")]


def test_columns_without_a_field_are_cleaned_as_the_dataset_says(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,a\n")
    asked = replace(request(None, "pass"), trim=True, null_values=("NULL",))
    shape = TableShape(CsvTable(CsvSource((str(path),))), asked)

    assert list(shape.shape([[" 1 ", "NULL"]])) == [("1", "")]


def test_records_join_map_and_fill_as_tables_do(tmp_path: Path) -> None:
    shape = of_records(
        tmp_path,
        Field("id", "site", joined=("no",), separator="-"),
        Field("sex", "g", value_map=(("1", "Male"), ("2", None)), default="?"),
        Field("source", "source", is_constant=True, constant="HR"),
    )

    assert shape.shape([{"site": "UK", "no": 7, "g": 1}, {"site": "UK", "g": 2, "source": "x"}, {"no": 1}]) == [
        {"id": "UK-7", "sex": "Male", "source": "HR"},
        {"id": "", "sex": "?", "source": "HR"},
        {"id": "", "sex": "?", "source": "HR"},
    ]


def test_a_joined_value_that_cannot_be_read_is_told_with_its_columns(tmp_path: Path) -> None:
    field = Field("n", "a", "number", joined=("b",))
    table, records = of_table(tmp_path, "id,a,b", field), of_records(tmp_path, field)

    assert [str(one) for one in table.problems([["1", "x", "y"]])] == ["column 'a + b': 'xy' is not a number"]
    assert [str(one) for one in records.problems([{"a": "x", "b": "y"}])] == ["column 'a + b': 'xy' is not a number"]


def of_typed_rows(folder: Path, *fields: Field, extra: ExtraColumns = "pass", named: bool = True) -> RecordShape:
    """No row at all, of a table with the columns id and name."""
    path = folder / "f.ndjson"
    path.write_text("\n")
    records = NdjsonRecords(NdjsonSource((str(path),), ("id", "name"), "row"))
    return RecordShape(records, request(fields if named else None, extra))


def test_the_columns_of_typed_rows_are_judged_without_a_row(tmp_path: Path) -> None:
    assert of_typed_rows(tmp_path, named=False).names == ("id", "name")
    assert of_typed_rows(tmp_path, Field("id", "id"), Field("x", "y", default=1)).names == ("id", "x", "name")
    assert of_typed_rows(tmp_path, Field("id", "id"), extra="drop").names == ("id",)
    with pytest.raises(SourceError, match="lacks the column 'salary'; it has 'id', 'name'"):
        of_typed_rows(tmp_path, Field("id", "id"), Field("pay", "salary"))
    with pytest.raises(SourceError, match="lacks the key column 'id'"):
        of_typed_rows(tmp_path, Field("number", "name"), extra="drop")
    with pytest.raises(SourceError, match="and these are refused: 'name'"):
        of_typed_rows(tmp_path, Field("id", "id"), extra="refuse")
