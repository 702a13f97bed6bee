import random
from dataclasses import replace
from pathlib import Path

import pytest

from bulkimport.cli.services import open_service, seeds_of
from bulkimport.clock import SystemClock
from bulkimport.journal import Journal
from bulkimport.log import Redactor
from bulkimport.model import Field, Secret, Tenant
from tests.support.vocabulary import a_config, a_dataset

PEOPLE = a_dataset("people", dataset_id="6586F21B-AD4D-4D06-A309-712AF47184A2")
POSITIONS = a_dataset("positions", dataset_id="0F7C3A0E-4A44-4E0B-8C56-0A4D4B9C1F01")
LINKS = a_dataset(
    "links",
    dataset_id="5B3A9D0E-8F15-4E6C-9E43-1B7E6C2A7D02",
    key=("from_id", "to_id"),
    depends_on=("people", "positions"),
)
CONFIG = a_config(PEOPLE, POSITIONS, LINKS)


def test_the_sandbox_learns_of_a_dataset_what_the_config_does_not_say() -> None:
    (seed,) = seeds_of([PEOPLE], CONFIG)
    assert (seed.dataset_id, seed.name, seed.auto_id, seed.properties) == (
        PEOPLE.dataset_id,
        "people",
        "employeeID",
        None,
    )


def test_fields_that_name_every_column_are_the_properties() -> None:
    fields = (Field("employeeID", "ID", "number"), Field("name", "Name"))
    dropping, passing = (replace(PEOPLE, fields=fields, extra_columns=extra) for extra in ("drop", "pass"))
    (seed,), (open_seed,) = seeds_of([dropping], CONFIG), seeds_of([passing], CONFIG)
    assert seed.properties is not None
    assert [(one.key, one.type) for one in seed.properties] == [("employeeID", "number"), ("name", "text")]
    assert open_seed.properties is None


def test_links_join_the_two_datasets_that_they_depend_on() -> None:
    (seed,) = seeds_of([LINKS], CONFIG)
    assert (seed.type, seed.auto_id) == ("LINKS", None)
    assert seed.joins == (PEOPLE.dataset_id, POSITIONS.dataset_id)
    (alone,) = seeds_of([replace(LINKS, depends_on=("people",))], CONFIG)
    assert alone.joins is None


@pytest.mark.parametrize("base_url", ["sandbox", "https://orgvue.example"])
async def test_offline_nothing_is_started_and_nothing_can_be_sent(base_url: str, tmp_path: Path) -> None:
    config = replace(CONFIG, tenant=Tenant(base_url, "ACME", Secret("t")))
    clock = SystemClock()
    async with (
        Journal.open(tmp_path, clock) as journal,
        open_service(
            config, CONFIG.datasets, journal, tmp_path, clock, random.Random(), Redactor(), online=False
        ) as service,
    ):
        assert service.client.traffic.requests == 0
    assert not (tmp_path / "sandbox").exists()
