"""A config to start from, made of what a source looks like and, online, of the dataset's properties."""

import json
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count
from typing import Any

from bulkimport.payload import ColumnPreview
from bulkimport.wording import printable

NO_ID = "00000000-0000-0000-0000-000000000000"
_PLAIN = re.compile(r"[A-Za-z][\w .%/-]*(?<! )", re.ASCII)
_NO_TEXTS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_KEY_WORDS = re.compile(r"(?:^|[^a-z])(?:id|key|number|no|nr|code)$|[a-z](?:ID|Id|Key|Number|Code)$", re.IGNORECASE)
_LONGEST_KEY = 1000
_LONGEST_STAND_IN = 60
_TYPES = {"number": "number", "date": "date", "datetime": "date", "boolean": "boolean"}
"""Types of properties in Orgvue for which a field has a type of its own."""


@dataclass(frozen=True, slots=True)
class Target:
    """A dataset in Orgvue: `properties` maps property keys to their types."""

    dataset_id: str
    auto_id: str | None
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A column as the config has it: the key of its property, what stands under that, and a remark."""

    column: ColumnPreview
    key: str
    field: Mapping[str, str]
    remark: str


def starter_document(
    name: str, source: Mapping[str, Any], columns: Sequence[ColumnPreview], target: Target | None = None
) -> dict[str, Any]:
    """A whole config, ready for the sandbox; `source` is the config's own block, before variables are put in."""
    entries = _entries(columns, target)
    only_path = list(source) == ["path"]
    dataset = {
        "name": name,
        "dataset_id": target.dataset_id if target else NO_ID,
        "source": source["path"] if only_path else source,
        "key": _key(entries, target),
    }
    if entries:
        dataset["fields"] = {entry.key: entry.field for entry in entries}
        dataset["extra_columns"] = "refuse" if all(column.name for column in columns) else "drop"
    return {"version": 1, "tenant": {"base_url": "sandbox"}, "datasets": [_literal(dataset)]}


def starter_text(
    name: str, source: Mapping[str, Any], columns: Sequence[ColumnPreview], target: Target | None = None
) -> str:
    """The same as YAML, with what is left to do as comments."""
    dataset = starter_document(name, source, columns, target)["datasets"][0]
    where = "" if target else "the UUID on its metadata page in Orgvue"
    entries = _entries(columns, target)
    lines = [
        "version: 1",
        "tenant: {base_url: sandbox}    # for your tenant: base_url, tenant_id and token",
        "datasets:",
        f"  - name: {_scalar(dataset['name'])}",
        f"    dataset_id: {dataset['dataset_id']}{_remark(where)}",
        f"    source: {_value(dataset['source'])}",
        f"    key: {_scalar(dataset['key'])}" + _remark(_key_remark(entries, target)),
    ]
    if entries:
        lines.append("    fields:")
        lines += [
            f"      {_scalar(entry.key)}: {_value(dataset['fields'][entry.key])}{_remark(entry.remark)}"
            for entry in entries
        ]
        if dataset["extra_columns"] == "refuse":
            remark = "a column that is new in the source is not sent unseen"
        else:
            remark = "the source has a column without a name, which cannot be sent"
        lines.append(f"    extra_columns: {dataset['extra_columns']}{_remark(remark)}")
    return "\n".join(lines) + "\n"


def _entries(columns: Sequence[ColumnPreview], target: Target | None) -> list[_Entry]:
    """One for each column that has a name, each with a key of its own."""
    found = []
    names = {column.name for column in columns}
    properties = target.properties.keys() if target else set[str]()
    taken: set[str] = set()
    for column in columns:
        if not column.name:
            continue
        remark = ""
        key = _property_for(column.name, target, names)
        if key is None or key in taken:
            remark = "no property of this name: rename it, or leave it out with extra_columns: drop" if target else ""
            key = column.name
        if not _can_be_key(key):
            key = _free_key(key, names | properties | taken)
            remark = remark or "the column's own name cannot be a property's"
        taken.add(key)
        kind = column.kind
        if target and key in target.properties:
            of_property = _TYPES.get(target.properties[key])
            if of_property and kind not in (of_property, "blank"):
                remark = f"looks like {kind}, but is a {of_property} in Orgvue"
            kind_ = of_property
        else:
            kind_ = kind if kind in _TYPES and not (kind == "number" and column.is_unique) else None
        found.append(_Entry(column, key, _field(column, key, kind_), remark))
    return found


def _can_be_key(name: str) -> bool:
    """Names with a leading underscore are Orgvue's own, and YAML has no long keys on a line."""
    return not name.startswith("_") and len(_quoted(name)) <= _LONGEST_KEY


def _free_key(name: str, taken: Set[str]) -> str:
    """What stands in for a name that cannot be a key; none of those that are `taken`."""
    stem = name.lstrip("_")[:_LONGEST_STAND_IN] or "column"
    return next(key for number in count(1) if (key := stem if number == 1 else f"{stem} {number}") not in taken)


def _field(column: ColumnPreview, key: str, kind: str | None) -> dict[str, str]:
    field: dict[str, str] = {}
    if key != column.name:
        field["from"] = column.name
    if kind is not None:
        field["type"] = kind
    if kind == "date" and column.pattern:
        field["format"] = column.pattern
    return field


def _property_for(column: str, target: Target | None, columns: Set[str]) -> str | None:
    """The property whose key is the column's name, but for case and punctuation if it is not another column's name."""
    if target is None or column in target.properties:
        return column
    wanted = _bare(column)
    return next((key for key in target.properties if _bare(key) == wanted and key not in columns), None)


def _key(entries: Sequence[_Entry], target: Target | None) -> str:
    keys = [entry.key for entry in entries]
    auto_id = target.auto_id if target else None
    if auto_id and (not keys or auto_id in keys):
        return auto_id
    unique = [entry.key for entry in entries if entry.column.is_unique]
    named = [key for key in unique if _KEY_WORDS.search(key)]
    return next(iter([*named, *unique, *keys]), "id")


def _key_remark(entries: Sequence[_Entry], target: Target | None) -> str:
    if target and target.auto_id:
        goes_out = any(entry.key == target.auto_id for entry in entries)
        return "" if goes_out else f"no column goes to the dataset's auto-id property, {printable(target.auto_id)}"
    if any(entry.column.is_unique for entry in entries):
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


def _scalar(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _NO_TEXTS
    return text if is_plain else _quoted(text)


def _quoted(text: str) -> str:
    """In double quotes, with escapes for what YAML allows nowhere or folds as it does the end of a line."""
    characters = [one if one.isprintable() and one not in '"\\' else json.dumps(one)[1:-1] for one in text]
    return f'"{"".join(characters)}"'


def _literal(value: Any) -> Any:
    """The values as a config has them where they name no variables; keys of mappings are as they stand."""
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    return value.replace("${", "$${")
