"""The whole way from a file to a configuration or to all that is wrong with it."""

import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.config import json_schema, load
from bulkimport.errors import ConfigError
from bulkimport.model import Config, CsvSource
from tests.config.json_schema import fits
from tests.config.support import GOOD, HEAD, IDS, PEOPLE, Folder, dataset

SCHEMA = json_schema()

CONTRACT = """version: 1
tenant:
  base_url: https://orgvue.eu-west-1.concentra.io
  tenant_id: ACME
  token: ${ORGVUE_API_TOKEN}
limits:
  requests_per_second: 100
  concurrent_requests: 50
  requests_per_day: 500000
timeouts: {connect: 10s, read: 60s}
retries: {attempts: 6, max_wait: 30s, total: 5m}
run:
  max_parallel_datasets: 16
  fail_fast: false
defaults:
  poll: {initial: 1s, max: 30s, timeout: 30m}
datasets:
  - name: people
    dataset_id: 6586F21B-AD4D-4D06-A309-712AF47184A2
    source: data/people.csv
    key: employeeID
    payload: json
    extra_columns: pass
    import:
      implicit_delete: true
      auto_id: true
      date_format: YYYY-MM-DD
      on_property_access_denied: fail
      on_item_access_denied: fail
      on_action_validation_failure: fail
    guards:
      min_rows: 1
      max_rows: null
      max_delete_rows: 500
      max_delete_percent: 5
      max_create_percent: null
      max_update_percent: null
      duplicates: refuse
      required: [employeeID]
      allow_item_errors: 0
    depends_on: []
    tags: []
    enabled: true
"""

SHORT = """version: 1
tenant: {base_url: "https://orgvue.eu-west-1.concentra.io", tenant_id: ACME, token: "${ORGVUE_API_TOKEN}"}
datasets:
  - {name: people, dataset_id: 6586F21B-AD4D-4D06-A309-712AF47184A2, source: data/people.csv, key: employeeID}
"""


def test_the_defaults_are_those_of_the_contract(folder: Folder) -> None:
    environ = {"ORGVUE_API_TOKEN": "t"}
    assert folder.load(CONTRACT, environ) == folder.load(SHORT, environ)


def test_the_path_is_kept_as_it_was_named(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("conf/all.yaml", HEAD + PEOPLE)
    monkeypatch.chdir(folder.path)
    config = load("./conf/all.yaml", {})
    assert config.path == "./conf/all.yaml"
    assert config.datasets[0].source == CsvSource((str(folder.path / "conf/data/people.csv"),))
    assert load(Path("conf/all.yaml"), {}).path == "conf/all.yaml"


def test_a_missing_source_is_no_matter_of_the_configuration(folder: Folder) -> None:
    assert folder.load(HEAD + PEOPLE).datasets
    assert not (folder.path / "data").exists()


def test_all_mistakes_are_told_at_once(folder: Folder) -> None:
    text = f"""version: 1
tenant:
  base_url: https://orgvue.example
  tenant_id: ACME
  token: ${{UNSET_TOKEN}}
limts:
  requests_per_second: 10
run:
  state_dir: state
datasets:
  - name: people
    dataset_id: not-a-uuid
    source: data/people.csv
    key: employeeID
    paylod: json
  - name: people
    dataset_id: {IDS[0]}
    source: data/people.csv
    key: employeeID
  - name: staff
    dataset_id: {IDS[1]}
    source: data/people.csv
    key: employeeID
    depends_on: [crew]
  - name: crew
    dataset_id: {IDS[1]}
    source: data/people.csv
    key: employeeID
    depends_on: [staff]
"""
    places = [problem.split(": ")[:2] for problem in folder.problems(text)]
    assert places == [
        ["all.yaml:5", "tenant.token"],
        ["all.yaml:6", "limts"],
        ["all.yaml:12", "datasets[0].dataset_id"],
        ["all.yaml:15", "datasets[0].paylod"],
        ["all.yaml:16", "datasets[1].name"],
        ["all.yaml:24", "datasets[2].depends_on[0]"],
        ["all.yaml:26", "datasets[3].dataset_id"],
    ]


@pytest.mark.parametrize("text", ["", "datasets: []\n"])
def test_a_configuration_without_datasets_is_an_error(folder: Folder, text: str) -> None:
    assert folder.problem(HEAD + text) == (
        "all.yaml:1: datasets: there are no datasets, here or in included files: expected at least one"
    )


def test_an_included_file_without_datasets_is_none(folder: Folder) -> None:
    folder.write("b.yaml", "version: 1\n")
    assert folder.load(HEAD + "include: [b.yaml]\n" + PEOPLE).datasets
    assert "there are no datasets" in folder.problem(HEAD + "include: [b.yaml]\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("datasets: {people: {}}\n", "all.yaml:3: datasets: expected a list, such as [first, second], found a mapping"),
        ("datasets:\n", "all.yaml:3: datasets: expected a list, such as [first, second], found nothing (null)"),
        (
            "datasets: [people]\n",
            "all.yaml:3: datasets[0]: expected a mapping with name, dataset_id, source and key, found ",
        ),
        ("datasets:\n  - ${UNSET}\n", "all.yaml:4: datasets[0]: the environment variable UNSET is not set"),
    ],
)
def test_datasets_are_a_list_of_mappings(folder: Folder, text: str, expected: str) -> None:
    assert folder.problem(HEAD + text).startswith(expected)


def test_a_disabled_dataset_is_checked_all_the_same(folder: Folder) -> None:
    assert "datasets[0].kee" in folder.problem(HEAD + "datasets:\n" + dataset("a", 0, "enabled: false", "kee: x"))


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "all.yaml"


def outcome(path: Path, content: bytes, environ: dict[str, str]) -> Config | list[str]:
    path.write_bytes(content)
    try:
        return load(path, environ)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]


@given(content=st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_any_content_loads_or_has_problems(scratch: Path, content: bytes) -> None:
    assert outcome(scratch, content, {})


ODD_TEXTS = ["${A}", "${B}", "${C}", "$${", "people", "30s", "a.csv", IDS[0], "sandbox", "/", "~", "_id", "%d/%m/%Y"]
odd_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(ODD_TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key or index in it."""
    steps = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for step in steps:
        yield value, step
        yield from places(value[step])


@given(data=st.data())
def test_any_change_to_a_good_configuration_loads_or_has_problems(scratch: Path, data: st.DataObject) -> None:
    document = copy.deepcopy(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        container, step = data.draw(st.sampled_from(list(places(document))))
        kind = data.draw(st.sampled_from(["replace", "remove", "add"]))
        if kind == "add" and isinstance(container, dict):
            key = data.draw(st.text(max_size=5) | st.sampled_from(["key", "source", "path", "id_key"]))
            container[key] = data.draw(odd_values)
        elif kind == "remove":
            del container[step]
        else:
            container[step] = data.draw(odd_values)
    content = json.dumps(document).encode()
    result = outcome(scratch, content, {"TOKEN": "s3cret", "A": "5", "B": "x y"})
    assert result
    assert "s3cret" not in str(result)
    if isinstance(result, Config):
        assert fits(document, SCHEMA, SCHEMA)
