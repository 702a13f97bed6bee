"""The JSON Schema against the loader: what one accepts the other accepts, as far as a schema can tell."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bulkimport.config import json_schema
from tests.config.json_schema import fits
from tests.config.support import GOOD, IDS, Folder

SCHEMA = json_schema()
CONFIGS = Path(__file__).parents[2] / "configs"
EXAMPLES = sorted([*CONFIGS.glob("*.yaml"), *CONFIGS.glob("sources/*.yaml")])


def changed(**paths: Any) -> dict[str, Any]:
    """GOOD with values put in; `a__b` is a path, `d` stands for the dataset, ... removes the key."""
    document = copy.deepcopy(GOOD)
    for path, value in paths.items():
        *way, last = path.replace("d__", "datasets__0__", 1).split("__") if path.startswith("d__") else path.split("__")
        place: Any = document
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return document


RIGHT = {
    "all of it": changed(),
    "placeholders": changed(
        limits__requests_per_second="${RPS:-5}",
        d__enabled="${ON:-true}",
        d__guards__max_delete_percent="${PERCENT:-2.5}",
        d__poll={"timeout": "${TIMEOUT:-5m}"},
        d__payload="${FORM:-csv}",
        d__guards__max_rows="${MOST:-null}",
        d__dataset_id="${ID:-" + IDS[3] + "}",
        tenant__base_url="${URL:-https://orgvue.example}",
        d__fields__salary__default="${SALARY:-1}",
        d__source="data/${FILE:-people.csv}",
    ),
    "sandbox": changed(tenant={"base_url": "sandbox"}),
    "loopback": changed(tenant__base_url="http://127.0.0.1:8080/"),
    "several keys": changed(d__key=["from_id", "to_id"]),
    "key in defaults": changed(d__key=..., defaults__key="employeeID"),
    "long source": changed(d__source={"type": "csv", "path": "a.dat", "delimiter": ";", "encoding": "cp1252"}),
    "several files": changed(d__source={"path": ["a.jsonl", "b/*.jsonl.gz"]}),
    "joined columns": changed(d__fields__salary={"from": ["a", "b"], "separator": "-"}),
    "map": changed(d__fields__salary={"map": {"low": 1, "none": None}, "unmapped": "refuse", "trim": None}),
    "constant": changed(d__fields__salary={"value": 5}),
    "blanks": changed(d__blanks="omit", d__trim=True, d__null_values=["NULL"]),
    "command": changed(d__source={"command": ["gpg", "-d", "a.gpg"], "type": "csv", "delimiter": ";", "timeout": "1h"}),
    "command of a variable type": changed(d__source={"command": ["${PROGRAM:-cat}"], "type": "${TYPE:-csv}"}),
    "function": changed(d__source={"python": "hr.people:rows", "arguments": {"year": 2026, "all": True}}),
    "query": changed(d__source={"query": "select 1", "url": "${DB:-sqlite:///a.db}", "parameters": {"a": None}}),
    "query in a file": changed(d__source={"query_file": "a.sql", "url": "sqlite:///a.db", "type": "sql"}),
    "workbook": changed(d__source={"path": "a.XLSX", "sheet": 2, "header_row": 3}),
    "id_key": changed(d__import={"id_key": "employeeID", "auto_id": False, "merge_key": None}),
    "tokens as defaults": changed(d__import__noop_token="#", d__fields__salary__default="#"),
    "tokens in defaults": changed(defaults__import={"clear_token": "#"}, d__fields__salary__default="#"),
    "number as percent": changed(d__guards__max_create_percent=150.5),
    "outlets": changed(
        notify=[{"url": "${ALERT_URL:-json://localhost}", "on": "failure"}, {"url": "json://localhost"}],
        heartbeat={"url": "https://hc.example/x", "start": None},
        metrics={"textfile": "a.prom"},
        telemetry={"otlp_endpoint": "http://localhost:4318", "headers": {"x-key": "abc"}},
    ),
    "only defaults": {key: GOOD[key] for key in ("version", "tenant", "datasets")},
}

WRONG = {
    "unknown key": changed(d__kee="x"),
    "unknown key at the top": changed(limts={}),
    "no column to join": changed(d__fields__salary={"from": []}),
    "list in a map": changed(d__fields__salary={"map": {"a": []}}),
    "unknown blanks": changed(d__blanks="drop"),
    "unknown key in a field": changed(d__fields__salary__typ="number"),
    "unknown key in defaults": changed(defaults__nmae="x"),
    "name in defaults": changed(defaults__name="x"),
    "no version": changed(version=...),
    "other version": changed(version=2),
    "version as text": changed(version="1"),
    "no tenant": changed(tenant=...),
    "no base_url": changed(tenant__base_url=...),
    "no tenant_id": changed(tenant__tenant_id=...),
    "no token": changed(tenant__token=...),
    "two tokens": changed(tenant__token_file="x"),
    "bad tenant_id": changed(tenant__tenant_id="acme-corp"),
    "plain http": changed(tenant__base_url="http://orgvue.example"),
    "path in base_url": changed(tenant__base_url="https://orgvue.example/api"),
    "blank in token": changed(tenant__token="a b"),
    "no channel": changed(notify=[{"on": "failure"}]),
    "no event": changed(notify=[{"url": "json://localhost", "on": []}]),
    "unknown event": changed(notify=[{"url": "json://localhost", "on": ["sucess"]}]),
    "two heartbeats": changed(heartbeat={"url": "https://hc.example", "url_file": "x"}),
    "heartbeat without host": changed(heartbeat={"url": "hc.example"}),
    "other textfile": changed(metrics={"textfile": "a.txt"}),
    "odd header": changed(telemetry={"headers": {"a b": "c"}}),
    "no datasets": changed(datasets=...),
    "datasets as mapping": changed(datasets={}),
    "include as text": changed(include="a.yaml"),
    "no name": changed(d__name=...),
    "no dataset_id": changed(d__dataset_id=...),
    "no source": changed(d__source=...),
    "no key": changed(d__key=...),
    "empty key": changed(d__key=[]),
    "bad name": changed(d__name="a/b"),
    "bad uuid": changed(d__dataset_id="6586F21B-AD4D-4D06-A309"),
    "unknown extension": changed(d__source="people.xml"),
    "unknown extension, long": changed(d__source={"path": "people.xml"}),
    "unknown extension, list": changed(d__source={"path": ["a.csv", "b.xml"]}),
    "unknown type": changed(d__source={"path": "a.csv", "type": "xml"}),
    "delimiter of json": changed(d__source={"path": "a.json", "type": "json", "delimiter": ";"}),
    "no origin": changed(d__source={"type": "csv"}),
    "two origins": changed(d__source={"path": "a.csv", "python": "a:b"}),
    "command without a type": changed(d__source={"command": ["cat", "a"]}),
    "command as text": changed(d__source={"command": "cat a", "type": "csv"}),
    "empty command": changed(d__source={"command": [], "type": "csv"}),
    "command of the type sql": changed(d__source={"command": ["cat", "a"], "type": "sql"}),
    "function without a module": changed(d__source={"python": "people"}),
    "function with a type": changed(d__source={"python": "a:b", "type": "csv"}),
    "function with a delimiter": changed(d__source={"python": "a:b", "delimiter": ";"}),
    "function with a bad argument": changed(d__source={"python": "a:b", "arguments": {"a b": 1}}),
    "function with a nested argument": changed(d__source={"python": "a:b", "arguments": {"a": [1]}}),
    "query without a url": changed(d__source={"query": "select 1"}),
    "query of the type csv": changed(d__source={"query": "select 1", "url": "sqlite://", "type": "csv"}),
    "query with a sheet": changed(d__source={"query": "select 1", "url": "sqlite://", "sheet": "a"}),
    "url that is none": changed(d__source={"query": "select 1", "url": "hr.db"}),
    "sheet of csv": changed(d__source={"path": "a.csv", "type": "csv", "sheet": "a"}),
    "sheet zero": changed(d__source={"path": "a.xlsx", "sheet": 0}),
    "long delimiter": changed(d__source={"path": "a.csv", "delimiter": ";;"}),
    "number as text": changed(d__guards__min_rows="many"),
    "negative": changed(d__guards__min_rows=-1),
    "zero": changed(limits__requests_per_second=0),
    "fraction": changed(retries__attempts=1.5),
    "true as number": changed(retries__attempts=True),
    "above hundred": changed(d__guards__max_delete_percent=101),
    "bare number as duration": changed(timeouts__read=60),
    "word as duration": changed(timeouts__read="soon"),
    "no time as duration": changed(timeouts__read="0s"),
    "text as switch": changed(d__enabled="no"),
    "null as switch": changed(d__enabled=None),
    "text as list": changed(d__tags="nightly"),
    "number as tag": changed(d__tags=[2024]),
    "unknown choice": changed(d__extra_columns="keep"),
    "unknown policy": changed(d__import__on_item_access_denied="stop"),
    "reserved property": changed(d__fields___action={}),
    "format of a number": changed(d__fields__salary__format="%d/%m/%Y"),
    "format without a type": changed(d__fields__location__format="%d/%m/%Y"),
    "text as default of a number": changed(d__fields__salary__default="many"),
    "number as default of a date": changed(d__fields__dob__default=5),
    "list as default": changed(d__fields__location__default=[1]),
    "id_key and auto_id": changed(d__import__id_key="employeeID"),
    "id_key and merge_key": changed(d__import={"id_key": "employeeID", "merge_key": "employeeID"}),
    "block without keys": changed(d__guards=None),
}


@pytest.mark.parametrize("title", RIGHT)
def test_what_the_loader_accepts_fits(folder: Folder, title: str) -> None:
    folder.load(json.dumps(RIGHT[title]), {"TOKEN": "t"})
    assert fits(RIGHT[title], SCHEMA, SCHEMA)


@pytest.mark.parametrize("title", WRONG)
def test_what_the_loader_refuses_does_not_fit(folder: Folder, title: str) -> None:
    assert folder.problems(json.dumps(WRONG[title]), {"TOKEN": "t"})
    assert not fits(WRONG[title], SCHEMA, SCHEMA)


def test_an_included_file_fits(folder: Folder) -> None:
    included = {"version": 1, "datasets": [{key: GOOD["datasets"][0][key] for key in ("name", "dataset_id", "source")}]}
    folder.write("b.json", json.dumps(included))
    main = {**GOOD, "datasets": [], "include": ["b.json"], "defaults": {"key": "employeeID"}}
    folder.load(json.dumps(main), {"TOKEN": "t"})
    assert fits(included, SCHEMA, SCHEMA)
    assert fits(main, SCHEMA, SCHEMA)


def blocks(schema: Any) -> Iterator[Any]:
    """Every part of the schema that describes a block of keys."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from blocks(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from blocks(inner)


def test_every_block_is_closed_and_every_key_described() -> None:
    described = list(blocks(SCHEMA))
    assert len(described) >= 13
    for block in described:
        assert block["additionalProperties"] is False
        for key, value in block.get("properties", {}).items():
            assert value.get("description", "").endswith("."), key


def test_optional_keys_show_their_defaults_as_a_file_would_write_them() -> None:
    shown = {
        (name, key): value["default"]
        for name, block in SCHEMA["$defs"].items()
        for key, value in block.get("properties", {}).items()
        if "default" in value
    }
    assert shown["Poll", "initial"] == "1s"
    assert shown["Retries", "total"] == "5m"
    assert shown["Guards", "max_delete_percent"] == 5.0
    assert shown["Import", "auto_id"] is True
    assert shown["Dataset", "depends_on"] == []
    for (name, key), default in shown.items():
        assert fits(default, SCHEMA["$defs"][name]["properties"][key], SCHEMA), (name, key)


def test_the_schema_is_a_document_of_its_draft() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert "Block" not in json.dumps(SCHEMA)
    assert json_schema() == SCHEMA


def parts(schema: Any) -> Iterator[Any]:
    """Every object in the schema."""
    if isinstance(schema, dict):
        yield schema
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for value in inner:
        yield from parts(value)


def test_no_pattern_is_empty_since_validators_differ_about_what_fits_it() -> None:
    assert [part for part in parts(SCHEMA) if "" in part.get("patternProperties", {})] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_fit_by_another_validator_too(example: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="it comes with the extra `dev`")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = YAML(typ="safe").load(example)
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)] == []
    assert fits(document, SCHEMA, SCHEMA)
