import pytest

from bulkimport.cli.selectors import parse_allowances, parse_names
from bulkimport.errors import UsageError
from bulkimport.guards import Allowance
from tests.support.vocabulary import a_config, a_dataset

CONFIG = a_config(a_dataset("people"), a_dataset("org=chart"), a_dataset("positions"))


def test_allowances_name_a_dataset_and_a_count() -> None:
    assert parse_allowances(CONFIG, ["people=120", "positions=0"]) == {
        "people": Allowance(120),
        "positions": Allowance(0),
    }
    assert parse_allowances(CONFIG, []) == {}


@pytest.mark.parametrize("value", ["people", "people=", "people=-1", "people=1.5", "people=all", "people=٣", "=5"])
def test_anything_else_is_a_usage_error(value: str) -> None:
    with pytest.raises(UsageError, match="--allow-delete"):
        parse_allowances(CONFIG, [value])


def test_an_unknown_name_is_told_with_what_was_probably_meant() -> None:
    with pytest.raises(UsageError, match="did you mean people"):
        parse_allowances(CONFIG, ["poeple=3"])
    with pytest.raises(UsageError, match="did you mean positions"):
        parse_names(CONFIG, "--accept-config-change", ["position"])


def test_names_come_repeated_or_in_comma_lists() -> None:
    assert parse_names(CONFIG, "--x", ["people, positions", "people"]) == {"people", "positions"}
