"""Reading one entry of a payload: its action, its identifier, its values, and all that can be wrong with them."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulkimport.sandbox import dataset
from bulkimport.sandbox.dataset import LINK_ID, LINK_SIDES, Description
from bulkimport.sandbox.values import Converter, Stored, converter, identifier, is_unicode
from bulkimport.sandbox.world import PropertySeed

if TYPE_CHECKING:
    from bulkimport.sandbox.apply import ImportParameters
    from bulkimport.sandbox.payload import Row

_DONE = {
    ("create", False): "create",
    ("update", True): "update",
    ("replace", True): "replace",
    ("delete", True): "delete",
    ("noop", True): "noop",
    ("noop", False): "noop",
    ("createOrUpdate", False): "create",
    ("createOrUpdate", True): "update",
    ("createOrReplace", False): "create",
    ("createOrReplace", True): "replace",
}
_ACTIONS = frozenset(name for name, _ in _DONE)


class ItemError(Exception):
    """One item cannot be applied as asked."""

    def __init__(self, name: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.more = more


class DeniedError(Exception):
    """The payload writes a property that may not be written, and the import wants to fail then."""


class Reader:
    """Reads the entries of one payload by the description of its dataset.

    `learnt` collects the properties that a learning dataset gains; `key_name` is what identifies items.
    """

    def __init__(
        self,
        info: Description,
        parameters: "ImportParameters",
        sides: tuple[str | None, str | None] | None,
        reject: Iterable[str],
        stack: ExitStack,
    ) -> None:
        self._info, self._parameters = info, parameters
        self._tokens = (parameters.noop_token, parameters.clear_token)
        self._reject = frozenset(reject)
        self._properties: dict[str, PropertySeed] = {prop.key: prop for prop in info.properties}
        self._convert: dict[str, Converter] = {
            prop.key: converter(prop.type, parameters.date_format) for prop in info.properties
        }
        self._writable = {prop.key: self._convert[prop.key] for prop in info.properties if not prop.read_only}
        self._required = [prop.key for prop in info.properties if prop.required]
        self._limited = {prop.key: frozenset(prop.allowed) for prop in info.properties if prop.allowed is not None}
        self._computed = info.links and info.auto_id == LINK_ID
        self._sides = _Sides(sides, stack) if info.links and sides else None
        self.learnt: list[PropertySeed] = []
        by_property = parameters.id_key or parameters.merge_key
        self.key_name = (info.auto_id or "") if parameters.auto_id else by_property or "_id"

    def look_up_sides(self, rows: list["Row"]) -> None:
        """Prepares the check of the two ends of links for a batch."""
        if self._sides:
            self._sides.look_up(rows)

    def key(self, row: "Row") -> str:
        """The identifier of an entry; blank if it has none that can be read."""
        if self._computed and self.key_name == LINK_ID:
            ends = [self._identifier(side, row.get(side)) for side in LINK_SIDES]
            return dataset.link_id(*ends) if all(ends) else ""
        key = self._identifier(self.key_name, row.get(self.key_name))
        return key.upper() if self.key_name == "_id" else key

    def identifying(self, row: "Row") -> dict[str, Any]:
        """The part of an entry that tells a person which item it is."""
        names = ("_id", self.key_name, self._info.auto_id, *(LINK_SIDES if self._info.links else ()))
        return {name: row[name] for name in names if name in row}

    def action(self, row: "Row", exists: bool) -> str:
        """What the entry's action comes to. Raises ItemError."""
        asked = row.get("_action")
        if next(iter(row), None) != "_action" or not isinstance(asked, str):
            raise ItemError("ActionMissing", "the first key of an item must be _action")
        done = _DONE.get((asked, exists))
        if done is not None:
            return done
        if asked not in _ACTIONS:
            raise ItemError("ActionUnknown", f"{asked!r} is not an action")
        raise ItemError("ItemExists" if exists else "ItemNotFound", f"{asked}: the item {_existence(exists)}")

    def values(self, key: str, row: "Row") -> dict[str, Stored]:
        """The values that an entry sets, None for those it clears. Raises ItemError or DeniedError."""
        if key in self._reject:
            raise ItemError("ItemRejected", f"the item {key} was rejected")
        values: dict[str, Stored] = {}
        noop, clear = self._tokens
        has_tokens = noop is not None or clear is not None
        writable = self._writable
        for name, value in row.items():
            convert = writable.get(name)
            if convert is None:
                convert = self._unusual(name)
                if convert is None:
                    continue
            if has_tokens and value.__class__ is str:
                if value == noop:
                    continue
                if value == clear:
                    values[name] = None
                    continue
            try:
                values[name] = convert(value)
            except ValueError as problem:
                raise ItemError("ValueInvalid", f"{name}: {problem}", property=name) from None
        if self._sides:
            self._sides.check(row)
        if self.key_name == "_id":
            values["_id"] = key
        return values

    def merge(self, old: dict[str, Any], values: dict[str, Stored], *, replace: bool) -> dict[str, Any]:
        """The item after the entry; properties that cannot be written outlive a replacement."""
        if not replace and values.items() <= old.items():
            return old
        kept = {n: v for n, v in old.items() if self._properties[n].read_only} if replace else old
        body = {**kept, **values}
        return {name: value for name, value in body.items() if value is not None and name != "_id"}

    def complete(self, body: dict[str, Any]) -> str | None:
        """Checks an item as it would be stored, computes what is computed, and answers its auto id."""
        if self._computed:
            body[LINK_ID] = dataset.link_id(*(identifier(body.get(side)) for side in LINK_SIDES))
        for name in self._required:
            if body.get(name) in (None, ""):
                raise ItemError("PropertyRequired", f"{name} is required and has no value", property=name)
        for name, allowed in self._limited.items():
            value = identifier(body.get(name))
            if value and value not in allowed:
                raise ItemError("ValueNotAllowed", f"{name}: {value!r} is not one of its values", property=name)
        if self._info.auto_id is None:
            return None
        auto = identifier(body.get(self._info.auto_id))
        if not auto:
            raise ItemError("IdentifierBlank", f"the item has no value for {self._info.auto_id}")
        return auto

    def _identifier(self, name: str, value: Any) -> str:
        convert = self._convert.get(name) or converter("text")
        try:
            text = identifier(convert(value))
        except ValueError:
            return ""
        # SQLite compares texts up to a NUL in places: an identifier that holds one is as good as none.
        return text if text.strip() and is_unicode(text) and "\0" not in text else ""

    def _unusual(self, name: str) -> Converter | None:
        """How to read a key that is not a writable property: not at all (None), or after learning it."""
        if name in ("_action", "_id"):
            return None
        if name in self._properties:
            if self._parameters.on_property_access_denied == "fail":
                raise DeniedError(f"the property {name} may not be written")
            return None
        if not self._info.learns or not is_unicode(name):
            raise ItemError("PropertyNotFound", f"the dataset has no property {name!r}", property=name)
        prop = PropertySeed(name)
        self.learnt.append(prop)
        self._properties[name] = prop
        self._convert[name] = self._writable[name] = converter("text")
        return self._convert[name]


class _Sides:
    """The two datasets that links connect: whether the items at both ends exist."""

    def __init__(self, databases: tuple[str | None, str | None], stack: ExitStack) -> None:
        self._databases: list[sqlite3.Connection | None] = [
            stack.enter_context(closing(dataset.connect(Path(path)))) if path else None for path in databases
        ]
        self._found: list[set[str]] = [set(), set()]

    def look_up(self, rows: list["Row"]) -> None:
        query = "SELECT auto FROM items WHERE auto IN (SELECT value FROM json_each(?))"
        for position, (name, db) in enumerate(zip(LINK_SIDES, self._databases, strict=True)):
            wanted = json.dumps([identifier(row[name]) for row in rows if isinstance(row.get(name), str | int | float)])
            self._found[position] = {auto for (auto,) in db.execute(query, (wanted,))} if db else set()

    def check(self, row: "Row") -> None:
        for name, found in zip(LINK_SIDES, self._found, strict=True):
            value = row.get(name)
            if name in row and identifier(value if isinstance(value, str | int | float) else None) not in found:
                raise ItemError("LinkEndNotFound", f"{name}: there is no item {value!r} to link", property=name)


def _existence(exists: bool) -> str:
    return "exists already" if exists else "does not exist"
