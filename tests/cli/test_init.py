import json
from pathlib import Path

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
