"""What makes a refresh the same from one run to the next, and what is said where it is not."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from bulkimport.identity import differences, fingerprint, tenant_key
from bulkimport.model import Config, Dataset, Guards, ImportOptions, Poll, Tenant
from tests.support.vocabulary import a_config, a_dataset


def config_at(base_url: str, tenant_id: str = "ACME") -> Config:
    return replace(a_config(), tenant=Tenant(base_url, tenant_id, None))


def fingerprint_of(dataset: Dataset, base_url: str = "https://orgvue.example", tenant_id: str = "ACME") -> str:
    return fingerprint(config_at(base_url, tenant_id), dataset)


PEOPLE = a_dataset()
BEFORE = fingerprint_of(PEOPLE)


def test_the_tenant_is_its_address_and_its_id() -> None:
    assert tenant_key(config_at("https://orgvue.example")) == "https://orgvue.example/ACME"
    assert tenant_key(a_config()) == "sandbox/ACME"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dataset_id": "X"}, "dataset_id: 6586F21B-AD4D-4D06-A309-712AF47184A2 → X"),
        ({"key": ("email",)}, 'key: ["employeeID"] → ["email"]'),
        ({"import_options": ImportOptions(implicit_delete=False)}, "import.implicit_delete: true → false"),
        ({"import_options": ImportOptions(clear_token="-")}, "import.clear_token: nothing → -"),
    ],
)
def test_a_change_of_where_or_how_is_told(change: dict[str, Any], told: str) -> None:
    assert differences(BEFORE, fingerprint_of(replace(PEOPLE, **change))) == [told]


@pytest.mark.parametrize(
    "change",
    [
        {"guards": Guards(min_rows=9)},
        {"poll": Poll(timeout=1)},
        {"name": "staff"},
        {"tags": ("x",)},
        {"payload": "csv"},
    ],
)
def test_what_leads_to_the_same_items_is_no_change(change: dict[str, Any]) -> None:
    assert fingerprint_of(replace(PEOPLE, **change)) == BEFORE


def test_another_tenant_or_host_is_a_change() -> None:
    assert differences(BEFORE, fingerprint_of(PEOPLE, tenant_id="OTHER")) == [
        "tenant: orgvue.example/ACME → orgvue.example/OTHER"
    ]
    assert differences(BEFORE, fingerprint_of(PEOPLE, "https://orgvue.example:8443"))


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://127.9.9.9:2", "http://[::1]:3", "http://localhost:4"]
)
def test_the_port_of_a_loopback_server_is_chance(address: str) -> None:
    assert fingerprint_of(PEOPLE, address) == fingerprint_of(PEOPLE, "http://127.0.0.1:5")
    assert differences(fingerprint_of(PEOPLE, address), BEFORE)


def test_an_option_that_one_version_does_not_know_is_no_change() -> None:
    """Else the first night after an update would refuse every dataset."""
    older = orjson.loads(BEFORE)
    del older["import"]["clear_token"]
    older["import"]["gone_since"] = True
    assert differences(orjson.dumps(older).decode(), BEFORE) == []


def test_a_damaged_fingerprint_differs_in_everything() -> None:
    assert [told.partition(":")[0] for told in differences("{", BEFORE)] == ["dataset_id", "key", "tenant"]
