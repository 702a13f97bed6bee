"""The JSON Schema of the configuration file, for editors: the models' own, and what it can say of how keys go together.

It accepts every file that the loader accepts, as a main file or (without `tenant`) as an included one, and refuses
what can be refused without knowing other files, the environment, or how large two values are.
"""

from itertools import chain, combinations
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from bulkimport.config.expectations import PLACEHOLDER, JsonSchema
from bulkimport.config.models import IncludedFile, MainFile
from bulkimport.config.shapes import keys_of
from bulkimport.config.source_types import (
    KEYS_OF_ORIGIN,
    KEYS_OF_TYPE,
    TYPES_OF_ORIGIN,
    SourceType,
    foreign,
    has_content,
    origin_keys,
    path_pattern,
)
from bulkimport.config.values import DATABASE_URL_PATTERN, HEADER_NAME_PATTERN, PARAMETER_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_HAS_TEXT: JsonSchema = {"type": "string"}
_HAS_TOKEN: JsonSchema = {
    "required": ["import"],
    "properties": {
        "import": {
            "anyOf": [{"required": [name], "properties": {name: _HAS_TEXT}} for name in ("noop_token", "clear_token")]
        }
    },
}


def json_schema() -> JsonSchema:
    """The schema as a JSON document, draft 2020-12."""
    generated = MainFile.model_json_schema(schema_generator=_Generator)
    definitions = {name.removesuffix("Block"): value for name, value in generated.pop("$defs").items()}
    root = _renamed(generated)
    definitions = {name: _renamed(value) for name, value in sorted(definitions.items())}
    _add_dataset_rules(definitions)
    _add_tenant_rules(definitions["Tenant"])
    definitions["Notify"] |= {**_any_of("url", "url_file"), "not": {"required": ["url", "url_file"]}}
    definitions["Heartbeat"]["not"] = {"required": ["url", "url_file"]}
    headers = definitions["Telemetry"]["properties"]["headers"]
    headers |= {"patternProperties": {HEADER_NAME_PATTERN: headers["additionalProperties"]}}
    headers["additionalProperties"] = False
    _add_source_rules(definitions["Source"])
    _add_field_rules(definitions["Field"])
    _add_import_rules(definitions["Import"])
    definitions["StrictDefault"] = _strict_default()
    _add_file_rules(root)
    title = "Configuration of bulkimport"
    return {"$schema": DIALECT, **root, "title": title, "$defs": definitions}


class _Generator(GenerateJsonSchema):
    """Leaves out the titles that only repeat the keys, and defaults of null where null may not be written."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> JsonSchema:
        generated = super().default_schema(schema)
        may_be_null = {"type": "null"} in generated.get("anyOf", [])
        if generated.get("default", "") is None and not may_be_null:
            del generated["default"]
        return generated


def _renamed(node: Any) -> Any:
    """The schema with its references to `#/$defs/PollBlock` changed to `#/$defs/Poll`."""
    if isinstance(node, dict):
        return {k: v.removesuffix("Block") if k == "$ref" else _renamed(v) for k, v in node.items()}
    return [_renamed(item) for item in node] if isinstance(node, list) else node


def _add_file_rules(root: JsonSchema) -> None:
    """With `tenant` it is a main file, which has a version, and whose datasets have a key unless the defaults do.
    Without it is one to be included, which has nothing that concerns the whole run."""
    del root["required"]
    root["anyOf"] = [{"required": ["datasets"]}, {"required": ["include"]}]
    has_default_key: JsonSchema = {"required": ["defaults"], "properties": {"defaults": {"required": ["key"]}}}
    has_default_token: JsonSchema = {"required": ["defaults"], "properties": {"defaults": _HAS_TOKEN}}
    strict: JsonSchema = {"properties": {"fields": {"additionalProperties": {"$ref": "#/$defs/StrictDefault"}}}}
    main: JsonSchema = {
        "required": ["version"],
        "allOf": [
            _unless(has_default_key, _in_datasets({"required": ["key"]})),
            _unless(has_default_token, _in_datasets(_unless(_HAS_TOKEN, strict))),
        ],
    }
    of_main_file = [key for key in keys_of(MainFile) if key not in keys_of(IncludedFile)]
    root |= {"if": {"required": ["tenant"]}, "then": main, "else": {"not": _any_of(*of_main_file)}}


def _add_dataset_rules(definitions: JsonSchema) -> None:
    dataset = definitions["Dataset"]
    dataset["required"].remove("key")  # it may stand in `defaults`
    for name in ("Dataset", "Defaults"):
        fields = definitions[name]["properties"]["fields"]["anyOf"][0]
        fields["patternProperties"] = {"^[^_]": fields.pop("additionalProperties")}
        fields["additionalProperties"] = False


def _add_tenant_rules(tenant: JsonSchema) -> None:
    """One of `token` and `token_file`; the sandbox needs neither, nor an id."""
    tenant["not"] = {"required": ["token", "token_file"]}
    tenant["if"] = {"properties": {"base_url": {"type": "string", "pattern": "^https?://"}}, "required": ["base_url"]}
    tenant["then"] = {"required": ["tenant_id"], **_any_of("token", "token_file")}


_DUCKDB: JsonSchema = {"required": ["type"], "properties": {"type": {"anyOf": [{"const": "duckdb"}, PLACEHOLDER]}}}
"""DuckDB reads files, every other query needs a database."""


def _add_source_rules(source: JsonSchema) -> None:
    """One origin; without a type the extension of a path tells it; what one type or origin alone has goes with it."""
    known = {"type": "string", "pattern": path_pattern()}
    known_path = {"properties": {"path": {"anyOf": [known, {"type": "array", "items": known}]}, "url": known}}
    database = {"anyOf": [{"type": "string", "pattern": DATABASE_URL_PATTERN}, PLACEHOLDER]}
    for name in ("arguments", "parameters"):
        mapping = source["properties"][name]
        mapping.pop("propertyNames", None)
        mapping["patternProperties"] = {PARAMETER_PATTERN: mapping.pop("additionalProperties")}
        mapping["additionalProperties"] = False
    source["allOf"] = [
        _any_of(*KEYS_OF_ORIGIN),
        *(
            {"not": {"required": list(pair)}}
            for pair in combinations(KEYS_OF_ORIGIN, 2)
            if len(origin_keys(pair)) == len(pair)
        ),
        {"if": _any_of("type", "query", "query_file"), "else": known_path},
        {"if": {"required": ["command"]}, "then": {"required": ["type"]}},
        {
            "if": _any_of("query", "query_file"),
            "then": {"anyOf": [_DUCKDB, {"required": ["url"], "properties": {"url": database}}]},
        },
        _only_with({"required": ["type"], "properties": {"type": {"const": "duckdb"}}}, ["url", "parameters"]),
        *(_types_of(origin, types) for origin, types in TYPES_OF_ORIGIN.items()),
        *(
            _only_with({"properties": {"type": {"const": kind}}, "required": ["type"]}, foreign(KEYS_OF_TYPE, kind))
            for kind in KEYS_OF_TYPE
        ),
        *(_only_with(_is_origin(name), foreign(KEYS_OF_ORIGIN, name)) for name in KEYS_OF_ORIGIN),
    ]


def _types_of(origin: str, types: tuple[SourceType, ...]) -> JsonSchema:
    """Only the types that there are for an origin may be said; where rows come ready, nothing about their reading."""
    rules: JsonSchema = {"properties": {"type": {"anyOf": [{"enum": list(types)}, PLACEHOLDER]}}} if types else {}
    if not has_content(origin):
        rules["not"] = _any_of(
            *(() if types else ("type",)), *dict.fromkeys(chain.from_iterable(KEYS_OF_TYPE.values()))
        )
    return {"if": _is_origin(origin), "then": rules}


def _is_origin(name: str) -> JsonSchema:
    """Whether rows come from there: what may also be a further key of another origin is one only without that."""
    others = [origin for origin, further in KEYS_OF_ORIGIN.items() if name in further]
    return {"required": [name], "not": _any_of(*others)} if others else {"required": [name]}


def _only_with(condition: JsonSchema, others: list[str]) -> JsonSchema:
    """Where `condition` holds, none of `others` may be there."""
    return {"if": condition, "then": {"not": _any_of(*others)} if others else {}}


def _add_field_rules(field: JsonSchema) -> None:
    """`format` is for dates, and a default has the type of its property, or is a text with a meaning of its own."""
    field["allOf"] = [
        {
            "if": {"required": ["format"], "properties": {"format": _HAS_TEXT}},
            "then": {"required": ["type"], "properties": {"type": {"anyOf": [{"const": "date"}, PLACEHOLDER]}}},
        },
        _default_of("text", "string"),
        _default_of("date", "string"),
        _default_of("number", "number", "string"),
        _default_of("boolean", "boolean", "string"),
    ]


def _strict_default() -> JsonSchema:
    """For fields of datasets without noop_token and clear_token, which alone are texts that fit every type."""
    return {"allOf": [_default_of("number", "number"), _default_of("boolean", "boolean")]}


def _default_of(field_type: str, *json_types: str) -> JsonSchema:
    return {
        "if": {"required": ["type"], "properties": {"type": {"const": field_type}}},
        "then": {"properties": {"default": {"anyOf": [{"type": [*json_types, "null"]}, PLACEHOLDER]}}},
    }


def _add_import_rules(imports: JsonSchema) -> None:
    """At most one of the three ways to match items."""
    by: dict[str, JsonSchema] = {"auto_id": {"const": True}, "id_key": _HAS_TEXT, "merge_key": _HAS_TEXT}
    imports["allOf"] = [
        {"not": {"required": [one, other], "properties": {one: by[one], other: by[other]}}}
        for one, other in (("auto_id", "id_key"), ("auto_id", "merge_key"), ("id_key", "merge_key"))
    ]


def _unless(condition: JsonSchema, rule: JsonSchema) -> JsonSchema:
    return {"if": {"not": condition}, "then": rule}


def _in_datasets(rule: JsonSchema) -> JsonSchema:
    return {"properties": {"datasets": {"items": rule}}}


def _any_of(*names: str) -> JsonSchema:
    return {"anyOf": [{"required": [name]} for name in names]}
