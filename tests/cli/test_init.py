import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkimport.config import load
from bulkimport.model import JsonSource
from tests.support.program import invoke


def people(folder: Path) -> Path:
    path = folder / "people.csv"
    path.write_bytes("Employee ID;näme\n1;Zoë\n2;Bob\n".encode("cp1252"))
    return path


def test_a_starter_comes_from_what_the_source_looks_like_and_checks(tmp_path: Path) -> None:
    made = invoke("init", str(people(tmp_path)), "--name", "staff", "--state-dir", str(tmp_path / "state"))
    assert made.code == 0
    assert f'{{path: "{tmp_path}/people.csv", delimiter: ";", encoding: cp1252}}' in made.out

    config = tmp_path / "staff.yaml"
    config.write_text(made.out, "utf-8")
    checked = invoke("check", str(config), "--output", "json", "--state-dir", str(tmp_path / "state"))
    assert (checked.code, checked.document["datasets"][0]["columns"]) == (0, ["Employee ID", "näme"])


def test_online_the_dataset_decides_about_key_and_names(tmp_path: Path) -> None:
    config, state = tmp_path / "all.yaml", str(tmp_path / "state")
    dataset_id = "6586F21B-AD4D-4D06-A309-712AF47184A2"
    entry = {
        "name": "people",
        "dataset_id": dataset_id,
        "source": "people.csv",
        "key": "employeeID",
        "fields": {"employeeID": {}, "name": {}},
        "extra_columns": "drop",
    }
    config.write_text(json.dumps({"version": 1, "tenant": {"base_url": "sandbox"}, "datasets": [entry]}))
    options = ("--config", str(config), "--dataset-id", dataset_id.lower(), "--output", "json", "--state-dir", state)

    made = invoke("init", str(people(tmp_path)), *options).document["datasets"][0]

    assert (made["dataset_id"], made["key"]) == (dataset_id, "employeeID")
    assert made["fields"] == {"employeeID": {"from": "Employee ID"}, "näme": {}}


def test_what_cannot_be_a_source_is_told(tmp_path: Path) -> None:
    missing = invoke("init", str(tmp_path / "none.csv"), "--state-dir", str(tmp_path / "state"))
    assert (missing.code, missing.out) == (1, "")
    assert "does not exist" in " ".join(missing.err.split())

    unknown = invoke("init", "people.xyz", "--state-dir", str(tmp_path / "state"))
    assert (unknown.code, unknown.out) == (2, "")
    assert "tells no type" in " ".join(unknown.err.split())

    half = invoke("init", "people.csv", "--dataset-id", "6586F21B-AD4D-4D06-A309-712AF47184A2")
    assert (half.code, "go together" in half.err) == (2, True)


@pytest.mark.parametrize(
    ("file", "pattern", "name"),
    [
        ("people-1.csv", "people-*.csv", "people"),
        ("a: b, c=d.csv", "a: b, c=d.csv", "a-b-c-d"),
        ("people1.csv", "people[12].csv", "people-12"),
        ("..csv", "..csv", "dataset"),
        (f"{'p' * 100}.csv", f"{'p' * 100}.csv", "p" * 64),
    ],
)
def test_the_name_of_a_file_becomes_one_that_a_dataset_may_have(
    tmp_path: Path, file: str, pattern: str, name: str
) -> None:
    (tmp_path / file).write_text("id,name\n1,Zoe\n2,Bob\n")
    made = invoke("init", str(tmp_path / pattern), "--state-dir", str(tmp_path / "state"))
    config = tmp_path / "made.yaml"
    config.write_text(made.out, "utf-8")

    assert load(config, {}).datasets[0].name == name
    assert invoke("check", str(config), "--state-dir", str(tmp_path / "state")).code == 0


def test_a_name_that_no_dataset_may_have_is_told(tmp_path: Path) -> None:
    found = invoke("init", str(people(tmp_path)), "--name", "a:b", "--state-dir", str(tmp_path / "state"))

    assert (found.code, found.out) == (2, "")
    assert "'a:b' is no name of a dataset" in " ".join(found.err.split())


def test_columns_whose_names_no_property_may_have_are_sent_under_others(tmp_path: Path) -> None:
    path, state = tmp_path / "people.csv", str(tmp_path / "state")
    path.write_text("_id,id,${HOME}\n1,2,x\n3,4,y\n")
    config = tmp_path / "made.yaml"
    config.write_text(invoke("init", str(path), "--state-dir", state).out, "utf-8")

    checked = invoke("check", str(config), "--output", "json", "--state-dir", state)
    assert (checked.code, checked.document["datasets"][0]["columns"]) == (0, ["id 2", "id", "${HOME}"])


TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("_${}:,= "), max_size=12)
FILES = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/*?[") | st.sampled_from("${}:,=.- "),
    max_size=60,
)


@settings(max_examples=30)
@given(file=FILES, names=st.lists(TEXTS, max_size=4, unique=True), output=st.sampled_from(["text", "json"]))
@example(file="${HOME}", names=["_id", "id", "${HOME}", "_", ""], output="text")
@example(file="x", names=["", "\x7f\x85\u2028\ufeff\0", "#", "~", "c" * 2000], output="text")
@example(file="x", names=["${HOME}", "_id"], output="json")
@example(file="x", names=[""], output="json")
def test_whatever_the_names_are_what_is_printed_is_a_config_of_them(
    tmp_path_factory: pytest.TempPathFactory, file: str, names: list[str], output: str
) -> None:
    folder = tmp_path_factory.mktemp("init")
    path, config = folder / f"{file}.json", folder / "made.yaml"
    path.write_text(json.dumps([dict.fromkeys(names, "x")]))
    made = invoke("init", str(path), "--type", "json", "--output", output, "--state-dir", str(folder / "state"))
    config.write_text(made.out, "utf-8")

    dataset = load(config, {}).datasets[0]
    assert dataset.source == JsonSource((str(path),))
    assert [field.source_column for field in dataset.fields or ()] == [name for name in names if name]
