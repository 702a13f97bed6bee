from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.config import load
from bulkimport.model import CsvSource, Field
from bulkimport.payload import ColumnPreview
from bulkimport.report.starter import NO_ID, Target, starter_document, starter_text

COLUMNS = (
    ColumnPreview("Employee No", "text", None, 3, 0, is_unique=True),
    ColumnPreview("Salary", "number", None, 3, 1, is_unique=False),
    ColumnPreview("Born", "date", "%d/%m/%Y", 3, 0, is_unique=True),
)
TARGET = Target(
    "6586F21B-AD4D-4D06-A309-712AF47184A2", "employeeNo", {"employeeNo": "text", "salary": "text", "born": "date"}
)


def test_a_starter_loads_and_says_what_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "starter.yaml"
    path.write_text(starter_text("people", {"path": "p.csv", "delimiter": ";"}, COLUMNS))

    dataset = load(path, {}).datasets[0]
    assert (dataset.name, dataset.dataset_id, dataset.key) == ("people", NO_ID, ("Employee No",))
    assert dataset.source == CsvSource((str(tmp_path / "p.csv"),), ";")
    assert dataset.fields == (
        Field("Employee No", "Employee No"),
        Field("Salary", "Salary", "number"),
        Field("Born", "Born", "date", "%d/%m/%Y"),
    )
    assert dataset.extra_columns == "refuse"


def test_columns_find_their_properties_in_orgvue() -> None:
    entry = starter_document("people", {"path": "p.csv"}, COLUMNS, TARGET)["datasets"][0]

    assert (entry["dataset_id"], entry["key"], entry["source"]) == (TARGET.dataset_id, "employeeNo", "p.csv")
    assert entry["fields"] == {
        "employeeNo": {"from": "Employee No"},
        "salary": {"from": "Salary"},
        "born": {"from": "Born", "type": "date", "format": "%d/%m/%Y"},
    }


def test_what_does_not_fit_is_remarked_upon() -> None:
    odd = (ColumnPreview("salary", "text", None, 3, 0, is_unique=False), *COLUMNS[2:])
    target = Target(TARGET.dataset_id, "id", {"salary": "number"})
    lines = starter_text("people", {"path": "p.csv"}, odd, target).splitlines()

    assert "      salary: {type: number}    # looks like text, but is a number in Orgvue" in lines
    assert any(line.startswith("      Born: {") and "no property of this name" in line for line in lines)
    assert "    key: Born    # no column goes to the dataset's auto-id property, id" in lines


def test_with_what_does_not_fit_it_loads_all_the_same(tmp_path: Path) -> None:
    odd = [ColumnPreview(name, "text", None, 3, 0, is_unique=False) for name in ("Employee ID", "employeeID", "_id")]
    target = Target(TARGET.dataset_id, "key", {"employeeID": "text", "id": "text"})
    (tmp_path / "starter.yaml").write_text(starter_text("people", {"path": "p.csv"}, odd, target))

    assert load(tmp_path / "starter.yaml", {}).datasets[0].fields == (
        Field("Employee ID", "Employee ID"),
        Field("employeeID", "employeeID"),
        Field("id", "_id"),
    )


def test_without_a_column_of_its_own_in_every_row_the_key_is_left_to_choose() -> None:
    text = starter_text("people", {"path": "p.csv"}, COLUMNS[1:2])

    assert "    key: Salary    # no column has a value of its own in every row: choose one" in text


@given(names=st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), min_size=1, unique=True))
def test_any_names_of_columns_make_a_config(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    columns = [ColumnPreview(f"c{name}", "text", None, 1, 0, is_unique=True) for name in names]
    path = tmp_path_factory.mktemp("starter") / "starter.yaml"
    path.write_text(starter_text("people", {"path": "p.csv"}, columns), "utf-8")

    assert [field.name for field in load(path, {}).datasets[0].fields or ()] == [column.name for column in columns]
