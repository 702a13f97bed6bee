"""Which stored items an entry of a payload means: by auto id, by `_id`, or by another property."""

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bulkimport.sandbox.dataset import Description
from bulkimport.sandbox.items import ItemError
from bulkimport.sandbox.values import identifier

if TYPE_CHECKING:
    from bulkimport.sandbox.apply import ImportParameters


class Existing(NamedTuple):
    """An item as it is stored."""

    seq: int
    id: str
    auto: str | None
    body: str


class Matcher:
    """Finds items by the keys that one import uses; `by_auto_id` says that those are the auto ids."""

    def __init__(self, db: sqlite3.Connection, info: Description, parameters: "ImportParameters") -> None:
        self._db = db
        self._property = parameters.id_key or parameters.merge_key
        self.by_auto_id = parameters.auto_id or (info.auto_id is not None and self._property == info.auto_id)

    def prepare(self) -> None:
        """Indexes the items by the named property, if it is one that is not indexed already."""
        if self.by_auto_id or self._property is None:
            return
        self._db.execute("CREATE TEMP TABLE keyed (key TEXT NOT NULL, seq INTEGER PRIMARY KEY)")
        cursor = self._db.execute("SELECT seq, body FROM items")
        while rows := cursor.fetchmany(1000):
            keys = ((identifier(json.loads(body).get(self._property)), seq) for seq, body in rows)
            self._db.executemany("INSERT INTO keyed VALUES (?, ?)", [pair for pair in keys if pair[0]])
        self._db.execute("CREATE INDEX temp.by_key ON keyed (key)")

    def find(self, keys: Sequence[str]) -> dict[str, tuple[Existing, ...]]:
        """The items that each key means; a key that means none is absent."""
        wanted = (json.dumps(keys),)
        if self.by_auto_id:
            query = "SELECT auto, seq, id, auto, body FROM items WHERE auto IN (SELECT value FROM json_each(?))"
        elif self._property is None:
            query = "SELECT id, seq, id, auto, body FROM items WHERE id IN (SELECT value FROM json_each(?))"
        else:
            query = (
                "SELECT key, items.seq, id, auto, body FROM keyed JOIN items USING (seq)"
                " WHERE key IN (SELECT value FROM json_each(?)) ORDER BY items.seq"
            )
        found: dict[str, tuple[Existing, ...]] = {}
        for key, *item in self._db.execute(query, wanted):
            found[key] = (*found.get(key, ()), Existing(*item))
        return found

    def ensure_free(self, auto: str | None, seq: int | None) -> None:
        """Raises ItemError if another item than `seq` has this auto id (impossible where auto ids do the matching)."""
        if self.by_auto_id or auto is None:
            return
        other = self._db.execute("SELECT seq FROM items WHERE auto = ?", (auto,)).fetchone()
        if other is not None and other[0] != seq:
            raise ItemError("DuplicateAutoId", f"another item already has the auto id {auto}")
