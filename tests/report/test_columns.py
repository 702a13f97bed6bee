from dataclasses import replace

from bulkimport.payload import ColumnPreview
from bulkimport.planner import PlannedDataset
from bulkimport.report.columns import column_document, columns_text
from bulkimport.report.layout import Layout
from tests.support.vocabulary import a_payload

NAME = ColumnPreview("Full name", "text", None, 200, 1, is_unique=False, properties=("name", "label"))
BORN = ColumnPreview("Born", "date", "%d/%m/%Y", 200, 30, is_unique=False, properties=("born",), converted=("born",))
SPARE = ColumnPreview("Spare", "number", None, 200, 0, is_unique=False)
ONE = PlannedDataset("people", "ID-1", "ready", source_columns=(NAME, BORN, SPARE))


def text(one: PlannedDataset) -> str:
    return Layout(width=100).render(columns_text(one, 100))


def test_each_column_is_shown_with_what_it_looks_like_and_where_it_goes() -> None:
    lines = [line.split() for line in text(ONE).splitlines()]

    assert lines[0] == ["people:", "the", "first", "200", "rows", "of", "its", "source"]
    assert ["Full", "name", "text", "<1%", "name,", "label"] in lines
    assert ["Born", "date", "%d/%m/%Y", "15%", "born"] in lines
    assert ["Spare", "number", "-", "dropped"] in lines
    assert "Orgvue" not in text(ONE)


def test_online_the_types_of_properties_stand_beside_what_does_not_fit_them() -> None:
    found = text(replace(ONE, property_types={"name": "text", "label": "number", "born": "date"}))

    assert "Warning: people: Full name looks like text, but goes out as label (number)." in found
    assert found.count("Warning") == 1


def test_a_property_that_orgvue_does_not_have_is_told() -> None:
    assert "no property" in text(replace(ONE, property_types={"name": "text", "label": "text"}))


def test_what_a_field_reads_as_a_type_fits_by_that() -> None:
    odd = replace(BORN, kind="text")

    assert "Warning" not in text(replace(ONE, source_columns=(odd,), property_types={"born": "date"}))


def test_what_comes_from_no_column_is_told_too() -> None:
    payload = a_payload(9, columns=("name", "label", "born", "region", "grade"))

    assert "From no column of it, but by `fields`: region and grade." in text(replace(ONE, payload=payload))
    assert "no column" not in text(replace(ONE, payload=a_payload(9, columns=("name", "label", "born"))))


def test_the_document_tells_the_same() -> None:
    assert column_document(BORN, {"born": "date"}) == {
        "name": "Born",
        "looks_like": "date",
        "date_format": "%d/%m/%Y",
        "blank": 30,
        "sampled_rows": 200,
        "properties": [{"key": "born", "type": "date"}],
    }
    assert column_document(BORN, None)["properties"] == [{"key": "born", "type": None}]
