"""The sample in configs/: its data is what the generator writes, and is what a company's data look like."""

import csv
import gzip
import io
import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from bulkimport.config import load
from bulkimport.model import Config
from bulkimport.payload import PayloadRequest, prepare
from bulkimport.sandbox.apply import ImportParameters, ImportTask, apply_import
from bulkimport.sandbox.catalog import Catalog
from bulkimport.sandbox.world import DatasetSeed, PropertySeed
from tests.support.sample import FOLDER, generate, packed

CONFIGS = FOLDER.parent


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return generate()


def rows(content: bytes, encoding: str = "utf-8", delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter, strict=True))


def sample(name: str) -> Config:
    return load(CONFIGS / name, {})


def test_the_committed_files_are_what_the_generator_writes(files: dict[str, bytes]) -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(files)
    for name, content in files.items():
        stored = (FOLDER / name).read_bytes()
        # Compressed bytes depend on the version of zlib; what they hold does not.
        assert (gzip.decompress(stored) if name.endswith(".gz") else stored) == content, name


def test_packing_depends_on_the_content_alone() -> None:
    assert packed("a.gz", b"x") == packed("b.gz", b"x")
    assert packed("a.csv", b"x") == b"x"


def test_the_sample_is_small_enough_to_carry_along() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_500_000


def test_people_form_one_hierarchy(files: dict[str, bytes]) -> None:
    people = rows(files["people.csv"])
    managers = {person["Employee ID"]: person["Manager ID"] for person in people}
    assert len(managers) == len(people) == 3000
    assert [manager for manager in managers.values() if not manager] == [""]
    for person in managers:
        chain = [person]
        while managers[chain[-1]]:
            chain.append(managers[chain[-1]])
            assert len(chain) < 10


def test_people_look_like_people(files: dict[str, bytes]) -> None:
    people = rows(files["people.csv"])
    assert all(len(person["Employee ID"]) == 6 and person["Employee ID"].startswith("0") for person in people)
    assert len({person["Email"] for person in people}) == len(people)
    assert all(person["Email"].isascii() and person["Email"].endswith("@example.com") for person in people)
    assert sum(not (person["First name"] + person["Last name"]).isascii() for person in people) > 500
    for person in people:
        born = datetime.strptime(person["Date of birth"], "%d/%m/%Y")  # noqa: DTZ007 — a date has no time zone
        started = datetime.strptime(person["Start date"], "%d/%m/%Y")  # noqa: DTZ007 — a date has no time zone
        assert 18 * 365 < (started - born).days < 65 * 366
    pay = {
        grade: [int(p["Salary"]) for p in people if p["Grade"] == str(grade) and p["Salary"]] for grade in range(1, 11)
    }
    means = [sum(salaries) / len(salaries) for salaries in pay.values()]
    assert means == sorted(means)
    assert Counter(bool(person["Salary"]) == (person["Contract"] == "Permanent") for person in people) == {True: 3000}


def test_links_join_people_with_positions_and_leave_some_vacant(files: dict[str, bytes]) -> None:
    people = {person["Employee ID"] for person in rows(files["people.csv"])}
    positions = rows(files["positions.csv"], "cp1252", ";")
    links = [json.loads(line) for line in files["people-to-positions.ndjson.gz"].splitlines()]
    known = {position["Position"] for position in positions}
    held = {link["to_id"] for link in links}
    assert len(known) == len(positions) == 2500
    assert {link["from_id"] for link in links} < people
    assert held < known
    assert len({(link["from_id"], link["to_id"]) for link in links}) == len(links) == 2480
    assert Counter(link["share"] for link in links) == {1.0: 2400, 0.5: 80}
    assert {position["Reports to"] for position in positions} - {""} < known


def test_some_deputies_have_left_the_company(files: dict[str, bytes]) -> None:
    people = {person["Employee ID"] for person in rows(files["people.csv"])}
    positions = {position["Position"] for position in rows(files["positions.csv"], "cp1252", ";")}
    deputies = rows(files["deputies.csv"])
    assert len(deputies) == 240
    assert sum(deputy["Deputy"] not in people for deputy in deputies) == 5
    assert {deputy["Position"] for deputy in deputies} < positions


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            "all.yaml",
            {"people": 3000, "positions": 2500, "people-to-positions": 2480, "cost-centres": 36, "locations": 12},
        ),
        ("partial.yaml", {"people": 3000, "positions": 2500, "deputies": 240}),
    ],
)
def test_every_sample_dataset_becomes_a_payload_without_complaint(
    config: str, expected: dict[str, int], tmp_path: Path
) -> None:
    datasets = sample(config).datasets
    payloads = {dataset.name: prepare(PayloadRequest.of(dataset, tmp_path)) for dataset in datasets}
    assert {name: payload.rows for name, payload in payloads.items()} == expected
    for dataset in datasets:
        payload = payloads[dataset.name]
        assert (payload.warnings, payload.blank_keys, payload.duplicate_keys, payload.missing) == ((), 0, 0, ())
        assert payload.format == dataset.payload


def test_employee_numbers_keep_their_zeros_and_dates_become_iso(tmp_path: Path) -> None:
    people = next(dataset for dataset in sample("all.yaml").datasets if dataset.name == "people")
    first = json.loads(Path(prepare(PayloadRequest.of(people, tmp_path)).path).read_bytes())[0]
    assert first["employeeID"] == "000098"
    assert first["dateOfBirth"] == "1964-11-18"
    assert first["salary"] == 53500


def test_the_samples_need_no_environment_and_warn_of_nothing() -> None:
    for name in ("all.yaml", "partial.yaml"):
        config = sample(name)
        assert config.tenant.is_sandbox
        assert config.warnings == ()
        assert config.run.state_dir is None


def test_the_three_lines_for_a_real_tenant_are_shown() -> None:
    text = Path(CONFIGS / "all.yaml").read_text(encoding="utf-8")
    for line in ("base_url: https://orgvue.eu-west-1.concentra.io", "tenant_id: ACME", "token: ${ORGVUE_API_TOKEN}"):
        assert f"#   {line}\n" in text


def test_the_sandbox_accepts_all_of_the_sample_but_the_links_that_lead_nowhere(tmp_path: Path) -> None:
    """The sides of a links dataset are what it depends on, in the order of its key."""
    datasets = {dataset.name: dataset for name in ("all.yaml", "partial.yaml") for dataset in sample(name).datasets}
    rejected = {}
    for name in ("people", "positions", "people-to-positions", "cost-centres", "locations", "deputies"):
        one = datasets[name]
        sides = tuple(datasets[other].dataset_id for other in one.depends_on)
        assert one.fields is not None
        seed = DatasetSeed(
            one.dataset_id,
            name,
            type="LINKS" if sides else "PEOPLE",
            auto_id=None if sides else one.key[0],
            properties=tuple(PropertySeed(field.name, field.type or "text") for field in one.fields),
            joins=(sides[0], sides[1]) if sides else None,
        )
        catalog = Catalog(tmp_path / "sandbox")
        catalog.plant([seed])
        work = ImportTask(
            job_id=name,
            database=str(catalog.path(one.dataset_id)),
            payload=prepare(PayloadRequest.of(one, tmp_path)).path,
            target_type=one.payload,
            result=str(tmp_path / f"{name}.result"),
            parameters=ImportParameters(
                implicit_delete=True,
                auto_id=True,
                on_action_validation_failure=one.import_options.on_action_validation_failure,
            ),
            sides=catalog.sides(catalog.describe(one.dataset_id)),
        )
        assert apply_import(work).errors == ()
        entries = json.loads(Path(work.result).read_bytes())
        rejected[name] = Counter(entry["_status"] for entry in entries)["error"]
    assert rejected == dict.fromkeys(rejected, 0) | {"deputies": 5}
