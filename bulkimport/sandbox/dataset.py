"""One dataset: a SQLite file of its own with its description, its items, and the jobs that were applied to it.

An item's row holds its `_id`, its auto id as text (the key it is matched by) and its values as JSON without `_id`.
The record that a job was applied lies beside the items, so that both become true in one transaction.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from bulkimport.sandbox.values import Stored, converter, dump, identifier
from bulkimport.sandbox.world import DatasetSeed, PropertySeed

LINK_ID, LINK_SIDES = "link_id", ("from_id", "to_id")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS description (one INTEGER PRIMARY KEY CHECK (one = 1), document TEXT NOT NULL,
                                        cache_key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS properties (position INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, auto TEXT UNIQUE,
                                  body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS applied (job TEXT PRIMARY KEY, outcome TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Description:
    """What a dataset is, apart from its items."""

    dataset_id: str
    name: str
    type: str
    auto_id: str | None
    label_id: str | None
    tree_id: str | None
    tree_parent_id: str | None
    tags: tuple[str, ...]
    joins: tuple[str, str] | None
    locked: frozenset[str]
    learns: bool
    cache_key: str
    properties: tuple[PropertySeed, ...]

    @property
    def links(self) -> bool:
        return self.type == "LINKS"

    def metadata(self) -> dict[str, Any]:
        """The API's metadata document. A learning dataset names no properties, as it would take any."""
        return {
            "datasetId": self.dataset_id,
            "name": self.name,
            "type": self.type,
            "autoId": self.auto_id,
            "labelId": self.label_id,
            "treeId": self.tree_id,
            "treeParentId": self.tree_parent_id,
            "tags": list(self.tags),
            "cacheKey": self.cache_key,
            "properties": [
                {
                    "key": prop.key,
                    "name": prop.name or prop.key,
                    "type": prop.type,
                    "isRequired": prop.required,
                    "isAutoId": prop.key == self.auto_id,
                    "isReadOnly": prop.read_only,
                }
                for prop in (() if self.learns else self.properties)
            ],
        }


def connect(path: Path, timeout: float = 30.0) -> sqlite3.Connection:
    """Opens (and creates, readable by its owner alone) a database in autocommit mode."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    db = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    return db


def link_id(from_id: str, to_id: str) -> str:
    """The identifier computed for a link; no two pairs share one, whatever their texts hold."""
    return "|".join(side.replace("\\", "\\\\").replace("|", "\\|") for side in (from_id, to_id))


def new_ids(count: int) -> list[str]:
    """Fresh item ids: random UUIDs in upper case."""
    digits = secrets.token_hex(16 * count).upper()
    chunks = (digits[start : start + 32] for start in range(0, 32 * count, 32))
    return [f"{h[:8]}-{h[8:12]}-4{h[13:16]}-A{h[17:20]}-{h[20:]}" for h in chunks]


def plant(path: Path, seed: DatasetSeed) -> None:
    """Makes the dataset exist: creates it with the seed's items, or adds the properties it does not have yet."""
    with closing(connect(path)) as db:
        db.executescript(_SCHEMA)
        db.execute("BEGIN IMMEDIATE")
        is_new = db.execute("SELECT 1 FROM description").fetchone() is None
        if is_new:
            db.execute("INSERT INTO description VALUES (1, ?, ?)", (json.dumps(_document(seed)), fresh_cache_key()))
        add_properties(db, _initial_properties(seed))
        if is_new and seed.items:
            _fill(db, describe(db), seed.items)
        db.execute("COMMIT")


def describe(db: sqlite3.Connection) -> Description:
    document, cache_key = db.execute("SELECT document, cache_key FROM description").fetchone()
    fields = json.loads(document)
    fields["tags"] = tuple(fields["tags"])
    fields["joins"] = tuple(fields["joins"]) if fields["joins"] else None
    fields["locked"] = frozenset(fields["locked"])
    rows = db.execute("SELECT document FROM properties ORDER BY position")
    return Description(
        **fields, cache_key=cache_key, properties=tuple(property_from(json.loads(row)) for (row,) in rows)
    )


def property_from(document: dict[str, Any]) -> PropertySeed:
    allowed = document.pop("allowed", None)
    return PropertySeed(**document, allowed=None if allowed is None else tuple(allowed))


def add_properties(db: sqlite3.Connection, properties: Iterable[PropertySeed]) -> None:
    """Adds those whose key is new; the others stay as they are."""
    rows = [
        (
            prop.key,
            json.dumps(
                {
                    "key": prop.key,
                    "type": prop.type,
                    "required": prop.required,
                    "name": prop.name,
                    "allowed": prop.allowed,
                    "read_only": prop.read_only,
                }
            ),
        )
        for prop in properties
    ]
    db.executemany("INSERT INTO properties (key, document) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)


def fresh_cache_key() -> str:
    return uuid4().hex


def count_items(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM items").fetchone()[0])


def items_json(path: Path, size: int = 128 * 1024) -> Generator[bytes, None, None]:
    """All items as one JSON array, in pieces of about `size` bytes, from one consistent view of the data."""
    with closing(connect(path)) as db:
        pieces: list[str] = []
        length, separator = 0, "["
        for item_id, body in db.execute("SELECT id, body FROM items ORDER BY seq"):
            rest = body[1:] if body == "{}" else "," + body[1:]
            piece = f'{separator}{{"_id":"{item_id}"{rest}'
            separator = ",\n"
            pieces.append(piece)
            length += len(piece)
            if length >= size:
                yield "".join(pieces).encode()
                pieces, length = [], 0
        pieces.append("[]" if separator == "[" else "]")
        yield "".join(pieces).encode()


def _document(seed: DatasetSeed) -> dict[str, Any]:
    return {
        "dataset_id": seed.dataset_id,
        "name": seed.name,
        "type": seed.type,
        "auto_id": seed.auto_id or (LINK_ID if seed.type == "LINKS" else None),
        "label_id": seed.label_id,
        "tree_id": seed.tree_id,
        "tree_parent_id": seed.tree_parent_id,
        "tags": seed.tags,
        "joins": seed.joins,
        "locked": seed.locked,
        "learns": seed.properties is None,
    }


def _initial_properties(seed: DatasetSeed) -> list[PropertySeed]:
    properties = list(seed.properties or ())
    wanted = [*LINK_SIDES, LINK_ID] if seed.type == "LINKS" else []
    if seed.auto_id:
        wanted.append(seed.auto_id)
    known = {prop.key for prop in properties}
    missing = [key for key in dict.fromkeys(wanted) if key not in known]
    return [*properties, *(PropertySeed(key, read_only=seed.type == "LINKS" and key == LINK_ID) for key in missing)]


def _fill(db: sqlite3.Connection, info: Description, items: Iterable[dict[str, Any]]) -> None:
    read = {prop.key: converter(prop.type) for prop in info.properties}
    if info.learns:
        learnt = {key: PropertySeed(key) for item in items for key in item if key not in read and key != "_id"}
        add_properties(db, learnt.values())
        read |= {key: converter("text") for key in learnt}
    for item in items:
        body: dict[str, Stored] = {key: read[key](value) for key, value in item.items() if key != "_id"}
        if info.links and info.auto_id == LINK_ID:
            body[LINK_ID] = link_id(*(identifier(body.get(side)) for side in LINK_SIDES))
        body = {key: value for key, value in body.items() if value is not None}
        auto = identifier(body.get(info.auto_id)) if info.auto_id else ""
        item_id = str(item.get("_id") or new_ids(1)[0]).upper()
        db.execute("INSERT INTO items (id, auto, body) VALUES (?, ?, ?)", (item_id, auto or None, dump(body).decode()))
