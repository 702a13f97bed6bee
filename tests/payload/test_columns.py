import pytest

from bulkimport.errors import SourceError
from bulkimport.payload.columns import missing_columns, refuse_reserved, refuse_twice, unnamed_columns


def test_a_missing_column_is_named_with_what_is_there_and_what_may_have_been_meant() -> None:
    error = missing_columns(["employeeID"], ["Employee ID", "name"], "f.csv", ("employeeID",))

    assert error.message == "f.csv lacks the key column 'employeeID'; it has 'Employee ID', 'name'"
    assert error.hint == "Was it renamed? It has 'Employee ID' instead of 'employeeID'."
    assert (error.path, error.line) == ("f.csv", 1)


def test_a_header_in_one_piece_suggests_another_delimiter() -> None:
    error = missing_columns(["id"], ["number;first name;city"], "f.csv", ("id",))

    assert error.hint == "All of its header is one column: is the `delimiter` ';'?"


def test_a_wide_source_is_not_listed_whole() -> None:
    error = missing_columns(["zz"], [f"column{n}" for n in range(100)], "f.csv", ())

    assert error.message.startswith("f.csv lacks the column 'zz'; it has 'column0', ")
    assert error.message.endswith("'column39' and 60 more")
    assert error.hint


def test_names_of_orgvue_are_reserved() -> None:
    refuse_reserved(["a", "b_"], "f.csv")
    with pytest.raises(SourceError, match=r"f.csv: '_action', '_id' cannot be sent"):
        refuse_reserved(["_action", "a", "_id"], "f.csv")


def test_a_property_has_one_column() -> None:
    refuse_twice([], "f.csv")
    with pytest.raises(SourceError, match="more than one column goes out as 'a', 'b'"):
        refuse_twice(["a", "b"], "f.csv")


def test_refused_columns_are_named() -> None:
    assert "are refused: 'x', 'y'" in unnamed_columns(["x", "y"], "f.csv").message
