import pytest

from bulkimport.errors import GuardError
from bulkimport.model import Field, ImportOptions
from bulkimport.properties import check_properties, type_conflicts
from tests.support.vocabulary import a_dataset

TYPES = {"employeeID": "number", "name": "text", "salary": "number"}


def test_columns_that_are_properties_pass() -> None:
    check_properties(a_dataset(), ("employeeID", "name"), TYPES, "employeeID")


def test_unknown_columns_are_named_with_what_was_probably_meant() -> None:
    with pytest.raises(GuardError) as caught:
        check_properties(a_dataset(), ("employeeID", "Name", "xyzzy"), TYPES, "employeeID")
    assert "2 of 3 columns" in caught.value.message
    assert "Name (did you mean name?)" in caught.value.message
    assert "xyzzy" in caught.value.message
    assert (
        "Rename them under `fields` of `people`, name there all that is to go with `extra_columns: drop`, or"
        in caught.value.hint
    )


def test_where_fields_are_named_the_others_can_be_dropped() -> None:
    with pytest.raises(GuardError) as caught:
        check_properties(a_dataset(fields=(Field("name", "name"),)), ("employeeID", "xyzzy"), TYPES, "employeeID")
    assert caught.value.hint.startswith("Rename them under `fields` of `people`, set `extra_columns: drop`, or add")


@pytest.mark.parametrize("name", ["", " "])
def test_a_name_that_cannot_be_seen_is_put_in_quotes(name: str) -> None:
    with pytest.raises(GuardError) as caught:
        check_properties(a_dataset(), ("employeeID", name), TYPES, "employeeID")
    assert f'columns are no properties of the dataset: "{name}". An import' in caught.value.message


def test_a_long_list_of_unknown_columns_is_cut() -> None:
    with pytest.raises(GuardError, match="…") as caught:
        check_properties(a_dataset(), tuple(f"column{n}" for n in range(20)), TYPES, "employeeID")
    assert "column7" in caught.value.message
    assert "column8" not in caught.value.message


def test_a_service_that_tells_no_properties_is_not_second_guessed() -> None:
    check_properties(a_dataset(), ("anything",), {}, None)


def test_a_key_other_than_the_auto_id_would_be_compared_by_one_and_matched_by_the_other() -> None:
    with pytest.raises(GuardError, match="auto-id property"):
        check_properties(a_dataset(key=("name",)), ("name",), TYPES, "employeeID")
    by_name = a_dataset(key=("name",), import_options=ImportOptions(auto_id=False, id_key="name"))
    check_properties(by_name, ("name",), TYPES, "employeeID")


def test_a_links_dataset_needs_no_properties_for_its_sides() -> None:
    links = a_dataset(key=("from_id", "to_id"))
    check_properties(links, ("from_id", "to_id", "kind"), {"link_id": "text", "kind": "text"}, "link_id")


def test_a_field_of_another_type_than_its_property_is_noticed() -> None:
    fields = (
        Field("salary", "salary", "date"),
        Field("name", "name", "number"),
        Field("employeeID", "employeeID", "text"),
        Field("unknown", "unknown", "date"),
    )
    (sentence,) = type_conflicts(a_dataset(fields=fields), TYPES)
    assert sentence == "salary is read as date here, but its property is number."
    assert type_conflicts(a_dataset(), TYPES) == ()


def test_a_key_of_several_columns_is_one_for_links_alone() -> None:
    """Of anything else Orgvue would match the items by its auto-id property, and delete what the guards compared."""
    types = {"name": "text", "dept": "text", "from_id": "text", "to_id": "text", "employeeID": "text"}
    with pytest.raises(GuardError, match=r"key is name \+ dept, but the dataset's auto-id property"):
        check_properties(a_dataset(key=("name", "dept")), ("employeeID", "name", "dept"), types, "employeeID")
    links = a_dataset(key=("from_id", "to_id"))
    check_properties(links, ("from_id", "to_id"), types, "link_id")
    with pytest.raises(GuardError, match="auto-id property"):
        check_properties(links, ("from_id", "to_id", "employeeID"), types, "employeeID")
    named = ImportOptions(auto_id=False, id_key="employeeID")
    check_properties(a_dataset(key=("name", "dept"), import_options=named), ("name", "dept"), types, "employeeID")
