"""Datasets from JSON: those that another process asks for, and those that a client creates."""

from dataclasses import asdict
from typing import Any, get_args
from uuid import UUID

import orjson

from bulkimport.model import FieldType
from bulkimport.sandbox.answers import api_error
from bulkimport.sandbox.dataset import property_from
from bulkimport.sandbox.service import new_id
from bulkimport.sandbox.world import DatasetSeed, PropertySeed


def encode_seeds(seeds: tuple[DatasetSeed, ...]) -> bytes:
    return orjson.dumps([asdict(seed) for seed in seeds])


def decode_seeds(document: bytes) -> tuple[DatasetSeed, ...]:
    return tuple(_seed(entry) for entry in orjson.loads(document))


def created_dataset(body: Any) -> DatasetSeed:
    """The dataset that a body of `POST datasets` describes. Raises a Refusal (400) if it does not."""
    if not isinstance(body, dict):
        raise api_error("BadRequest", "expected an object")
    known = {"name", "type", "autoId", "labelId", "treeId", "treeParentId", "tags", "properties"}
    if unknown := sorted(body.keys() - known):
        raise api_error("BadRequest", f"unknown keys: {', '.join(unknown)}")
    for name in ("name", "type", "autoId", "labelId"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise api_error("BadRequest", f"{name}: expected a text")
    tags, properties = body.get("tags", []), body.get("properties")
    if not isinstance(tags, list) or not isinstance(properties, list):
        raise api_error("BadRequest", "tags and properties: expected arrays")
    seeds = tuple(_property(entry) for entry in properties)
    if body["autoId"] not in {seed.key for seed in seeds}:
        raise api_error("BadRequest", "autoId: no such property")
    return DatasetSeed(
        dataset_id=new_id(),
        name=body["name"],
        type=body["type"],
        auto_id=body["autoId"],
        properties=seeds,
        label_id=body["labelId"],
        tree_id=body.get("treeId"),
        tree_parent_id=body.get("treeParentId"),
        tags=tuple(map(str, tags)),
    )


def uuid_of(text: str) -> str:
    """A dataset id as the sandbox keeps it. Raises a Refusal (400603) for anything but a UUID."""
    try:
        return str(UUID(text)).upper()
    except ValueError:
        raise api_error("PathParameterMustBeUUIDString", f"{text!r} is not a UUID") from None


def _property(entry: Any) -> PropertySeed:
    if not isinstance(entry, dict) or not isinstance(entry.get("key"), str) or not entry["key"]:
        raise api_error("BadRequest", "properties: every property needs a key")
    kind = entry.get("type", "text")
    if kind not in get_args(FieldType):
        raise api_error("BadRequest", f"properties: unknown type {kind!r}")
    return PropertySeed(entry["key"], kind, bool(entry.get("isRequired", False)), entry.get("name"))


def _seed(entry: dict[str, Any]) -> DatasetSeed:
    properties, joins = entry.pop("properties"), entry.pop("joins")
    return DatasetSeed(
        **{
            **entry,
            "properties": None if properties is None else tuple(map(property_from, properties)),
            "joins": None if joins is None else (joins[0], joins[1]),
            "items": tuple(entry["items"]),
            "locked": tuple(entry["locked"]),
            "tags": tuple(entry["tags"]),
        }
    )
