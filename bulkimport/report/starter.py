"""A config to start from, made of what a source looks like and, online, of the dataset's properties."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bulkimport.payload import ColumnPreview

NO_ID = "00000000-0000-0000-0000-000000000000"
_PLAIN = re.compile(r"[A-Za-z][\w .%/-]*(?<! )", re.ASCII)
_NO_TEXTS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_KEY_WORDS = re.compile(r"(?:^|[^a-z])(?:id|key|number|no|nr|code)$|[a-z](?:ID|Id|Key|Number|Code)$", re.IGNORECASE)
_TYPES = {"number": "number", "date": "date", "datetime": "date", "boolean": "boolean"}
"""Types of properties in Orgvue for which a field has a type of its own."""


@dataclass(frozen=True, slots=True)
class Target:
    """A dataset in Orgvue: `properties` maps property keys to their types."""

    dataset_id: str
    auto_id: str | None
    properties: Mapping[str, str]


def starter_document(
    name: str, source: Mapping[str, Any], columns: Sequence[ColumnPreview], target: Target | None = None
) -> dict[str, Any]:
    """A whole config, ready for the sandbox; `source` is the config's own block."""
    fields = {key: field for key, field, _ in _fields(columns, target)}
    only_path = list(source) == ["path"]
    dataset = {
        "name": name,
        "dataset_id": target.dataset_id if target else NO_ID,
        "source": source["path"] if only_path else dict(source),
        "key": _key(columns, fields, target),
        "fields": fields,
        "extra_columns": "refuse",
    }
    return {"version": 1, "tenant": {"base_url": "sandbox"}, "datasets": [dataset]}


def starter_text(
    name: str, source: Mapping[str, Any], columns: Sequence[ColumnPreview], target: Target | None = None
) -> str:
    """The same as YAML, with what is left to do as comments."""
    dataset = starter_document(name, source, columns, target)["datasets"][0]
    where = "" if target else "the UUID on its metadata page in Orgvue"
    remarks = {key: remark for key, _, remark in _fields(columns, target)}
    lines = [
        "version: 1",
        "tenant: {base_url: sandbox}    # for your tenant: base_url, tenant_id and token",
        "datasets:",
        f"  - name: {_scalar(name)}",
        f"    dataset_id: {dataset['dataset_id']}{_remark(where)}",
        f"    source: {_value(dataset['source'])}",
        f"    key: {_scalar(dataset['key'])}" + _remark(_key_remark(columns, dataset, target)),
        "    fields:",
    ]
    for key, field in dataset["fields"].items():
        lines.append(f"      {_scalar(key)}: {_value(field)}{_remark(remarks[key])}")
    lines.append(f"    extra_columns: refuse{_remark('a column that is new in the source is not sent unseen')}")
    return "\n".join(lines) + "\n"


def _fields(columns: Sequence[ColumnPreview], target: Target | None) -> list[tuple[str, dict[str, Any], str]]:
    """Property key, field and a remark for each column."""
    found = []
    taken: set[str] = set()
    for column in columns:
        key = _property_for(column.name, target)
        remark = ""
        if key is None or key in taken:
            remark = "no property of this name: rename it, or leave it out with extra_columns: drop" if target else ""
            key = column.name
        taken.add(key)
        kind = column.kind
        if target and key in target.properties:
            of_property = _TYPES.get(target.properties[key])
            if of_property and kind not in (of_property, "blank"):
                remark = f"looks like {kind}, but is a {of_property} in Orgvue"
            kind_ = of_property
        else:
            kind_ = kind if kind in _TYPES and not (kind == "number" and column.is_unique) else None
        found.append((key, _field(column, key, kind_), remark))
    return found


def _field(column: ColumnPreview, key: str, kind: str | None) -> dict[str, Any]:
    field: dict[str, Any] = {}
    if key != column.name:
        field["from"] = column.name
    if kind is not None:
        field["type"] = kind
    if kind == "date" and column.pattern:
        field["format"] = column.pattern
    return field


def _property_for(column: str, target: Target | None) -> str | None:
    """The property whose key is the column's name, but for case and punctuation."""
    if target is None or column in target.properties:
        return column
    wanted = _bare(column)
    return next((key for key in target.properties if _bare(key) == wanted), None)


def _key(columns: Sequence[ColumnPreview], fields: Mapping[str, Any], target: Target | None) -> str:
    if target and target.auto_id:
        return target.auto_id
    unique = [key for key, column in zip(fields, columns, strict=True) if column.is_unique]
    named = [key for key in unique if _KEY_WORDS.search(key)]
    return next(iter([*named, *unique, *fields]), "id")


def _key_remark(columns: Sequence[ColumnPreview], dataset: Mapping[str, Any], target: Target | None) -> str:
    if target and target.auto_id:
        return "" if target.auto_id in dataset["fields"] else "the dataset's auto-id property, which no column goes to"
    if any(column.is_unique for column in columns):
        return "the property that identifies an item"
    return "no column has a value of its own in every row: choose one, or a list of them"


def _remark(text: str) -> str:
    return f"    # {text}" if text else ""


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _value(value: Any) -> str:
    """A scalar, or a flow mapping of them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_value(item)}" for key, item in value.items()) + "}"
    return _scalar(value)


def _scalar(value: Any) -> str:
    text = str(value).replace("${", "$${")
    is_plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _NO_TEXTS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
