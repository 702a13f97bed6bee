"""The payload against the items that Orgvue holds: exact counts in bounded memory, whatever the number of items.

What meets while both sides are read is settled at once. The rest is spread over partitions by its key and joined
partition by partition: the payload's part in memory, the held items passing by, since those may be very unevenly spread
(a blank key is as common as it likes). Items that the import would delete or change are written to a backup on the way.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import compress, islice
from operator import not_
from pathlib import Path
from typing import Any

from bulkimport.diff import ComparisonRules, readable
from bulkimport.errors import StateError
from bulkimport.json_stream import BLOCK, JsonObject, blocks_in
from bulkimport.model import Changes, PayloadFormat
from bulkimport.snapshot.backup import Backup, backup_to
from bulkimport.snapshot.meeting import Alone, Meeting, Met, NotUniqueError, Side
from bulkimport.snapshot.partition import PIECE, Partitions, partitions_for
from bulkimport.snapshot.rows import Built, Objects, RowBatch, Window, Written
from bulkimport.snapshot.values import RecordDecoder

EXAMPLES = 20
FINGERPRINTS = 100_000
"""How many created and deleted items each are remembered to recognise items that only changed their key; of more than
these, `rekeyed` is the least number."""

_CSV_ROWS = 2_000
_LONGEST_CELL = 64 << 20


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """`items_path` is the downloaded document of `GET …/items`; `scratch` an existing private folder.

    `columns` are the payload's property keys. Without `implicit_delete` nothing counts as deleted. The backup (gzip
    NDJSON, mode 0600, on the file system of `scratch`) holds the items that would be deleted or changed, as Orgvue gave
    them, and `created_path` the keys of those that would be created; neither is left behind when it would be empty.
    `piece` is about how many bytes of the payload are joined at a time, `block` how many of each side are read at a
    time. `has_unique_rows` tells that no two rows have one text for their key.
    """

    payload_path: str
    payload_format: PayloadFormat
    columns: tuple[str, ...]
    items_path: str
    comparison: ComparisonRules
    implicit_delete: bool
    scratch: str
    backup_path: str | None = None
    created_path: str | None = None
    piece: int = PIECE
    block: int = BLOCK
    has_unique_rows: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`held` counts the items Orgvue has."""

    held: int
    changes: Changes


@dataclass(slots=True)
class _Tally:
    request: CompareRequest
    backup: Backup
    births: Backup
    held: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    created_examples: list[str] = field(default_factory=list)
    deleted_examples: list[str] = field(default_factory=list)
    created_prints: dict[int, str | None] = field(default_factory=dict)
    deleted_prints: dict[int, str | None] = field(default_factory=dict)

    def settle(self, met: Met, values: RecordDecoder) -> None:
        """Items, and beside each the row that has its key."""
        records = met.values()
        if records is not None:
            changed = values.changed(*records)
        else:
            indexes = range(len(met))
            changed = self.request.comparison.changed(list(map(met.row, indexes)), list(map(met.item, indexes)))
        self._count(len(met), map(met.item, changed))

    def join(self, held: Iterable[RowBatch], sent: Iterable[RowBatch], values: RecordDecoder) -> None:
        """All items and rows of some keys; the rows are held in memory."""
        rows = Window()
        for some in sent:
            rows.add(some)
        places = {name: place for place, name in enumerate(rows.names)}
        matched: set[str] = set()
        for items in held:
            found = [name in places for name in items.names]
            if any(found):
                window, at_items = Window(), list(compress(range(len(found)), found))
                window.add(items)
                names = [items.names[place] for place in at_items]
                matched.update(names)
                self.settle(Met(window, rows, at_items, [places[name] for name in names]), values)
            for place in compress(range(len(found)), map(not_, found)):
                self._miss(items.names[place], items.objects[place])
        new = [(name, place) for name, place in places.items() if name not in matched]
        self.create([name for name, _ in new], lambda index: rows.object(new[index][1]))

    def _count(self, matched: int, changed: Iterable[JsonObject]) -> None:
        """Items that the payload mentions, and those of them that it changes."""
        self.held += matched
        self.unchanged += matched
        for item in changed:
            self.unchanged -= 1
            self.updated += 1
            self.backup.keep(item)

    def create(self, identities: list[str], row: Callable[[int], JsonObject]) -> None:
        """Rows that no item has; `row` gives the one at a place of `identities`."""
        comparison, prints = self.request.comparison, self.created_prints
        self.created += len(identities)
        self.created_examples += map(readable, identities[: max(0, EXAMPLES - len(self.created_examples))])
        text_key = comparison.text_key
        self.births.keep_all(
            ({text_key: identity} for identity in identities)
            if text_key is not None
            else (comparison.key_of(row(place)) for place in range(len(identities)))
        )
        for place, identity in enumerate(identities):
            if len(prints) >= FINGERPRINTS:
                break
            self._remember(prints, identity, row(place), sent=True)

    def _miss(self, identity: str, item: JsonObject) -> None:
        """An item that the payload does not mention."""
        self.held += 1
        if not self.request.implicit_delete:
            self.unchanged += 1
            return
        self.deleted += 1
        if len(self.deleted_examples) < EXAMPLES:
            self.deleted_examples.append(readable(identity))
        self._remember(self.deleted_prints, identity, item, sent=False)
        self.backup.keep(item)

    def _remember(self, prints: dict[int, str | None], identity: str, item: JsonObject, *, sent: bool) -> None:
        """Values that several items share are remembered as None: they are no evidence that any two are the same."""
        if len(prints) < FINGERPRINTS:
            values = self.request.comparison.fingerprint(item, self.request.columns, sent=sent)
            if any(values):
                digest = hash(values)
                prints[digest] = None if digest in prints else readable(identity)

    def changes(self) -> Changes:
        common = self.created_prints.keys() & self.deleted_prints.keys()
        candidates = ((self.deleted_prints[one], self.created_prints[one]) for one in common)
        pairs = sorted((old, new) for old, new in candidates if old is not None and new is not None)
        return Changes(
            created=self.created,
            updated=self.updated,
            deleted=self.deleted,
            unchanged=self.unchanged,
            deleted_examples=tuple(self.deleted_examples),
            created_examples=tuple(self.created_examples),
            rekeyed=len(pairs),
            rekeyed_examples=tuple(pairs[:5]),
        )


def compare(request: CompareRequest) -> Snapshot:
    """Joins payload and items. Raises JsonStreamError where the items' document is not a whole array of objects, and
    StateError where the files cannot be read or written. Rows of the payload with one key count as one.
    """
    try:
        return _compare(request)
    except OSError as error:
        raise StateError(
            f"The payload could not be compared with the items in Orgvue: {error.strerror or error}"
            f"{f' ({error.filename})' if error.filename else ''}. Nothing was sent.",
            hint="See that the state directory is writable and its disk has room for both, then run again.",
        ) from error


def _compare(request: CompareRequest) -> Snapshot:
    count = partitions_for(Path(request.payload_path).stat().st_size, request.piece)
    try:
        return _joined(request, count, in_order=count > 1)
    except NotUniqueError:
        return _joined(request, count, in_order=False)


def _joined(request: CompareRequest, count: int, *, in_order: bool) -> Snapshot:
    """The comparison by way of the partitions; `in_order` leaves to them only what does not meet on the way there."""
    scratch = Path(request.scratch)
    values = RecordDecoder(request.comparison, request.columns)
    reader = _Reader(request, values)
    with (
        Partitions(scratch, "held", count, reader.objects) as held,
        Partitions(scratch, "sent", count, reader.objects) as sent,
        backup_to(request.backup_path, scratch) as backup,
        backup_to(request.created_path, scratch) as births,
    ):
        tally = _Tally(request, backup, births)
        if in_order:
            _settle_what_meets(request, reader, Side(reader.items(), held), Side(reader.payload(), sent), tally)
            held.finish()
            sent.finish()
        else:
            held.fill(reader.items())
            sent.fill(reader.payload())
        for held_pile, sent_pile in zip(held, sent, strict=True):
            tally.join(held_pile, sent_pile, values)
    return Snapshot(held=tally.held, changes=tally.changes())


def _settle_what_meets(request: CompareRequest, reader: "_Reader", held: Side, sent: Side, tally: _Tally) -> None:
    """Leaves the rest to the partitions."""
    has_unique_texts = request.has_unique_rows and request.comparison.text_key is not None
    with Meeting(held, sent, request.scratch, has_unique_texts=has_unique_texts) as meeting:
        for settled in meeting.settled():
            if isinstance(settled, Alone):
                tally.create(settled.names, settled.row)
            else:
                tally.settle(settled, reader.values)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Both sides, block by block. Raises OSError and JsonStreamError."""

    request: CompareRequest
    values: RecordDecoder

    def items(self) -> Iterator[RowBatch]:
        return self.objects(self.request.items_path)

    def payload(self) -> Iterator[RowBatch]:
        path = self.request.payload_path
        if self.request.payload_format == "json":
            return self.objects(path)
        return (self._rows(Built(objects), None) for objects in _csv_rows(path))

    def objects(self, path: str) -> Iterator[RowBatch]:
        """A JSON array."""
        quick = self.values.records if self.request.payload_format == "json" else None  # a CSV row makes no record
        return (self._rows(Written(block), block.values) for block in blocks_in(path, self.request.block, quick))

    def _rows(self, source: Objects, records: list[Any] | None) -> RowBatch:
        comparison = self.request.comparison
        if records is None:
            keys = [[item.get(name) for item in source.objects] for name in comparison.key]
        else:
            keys = self.values.keys(records)
        are_texts = len(keys) == 1 and {str}.issuperset(map(type, keys[0]))
        return RowBatch(comparison.identities(keys), records, source, are_texts=are_texts)


def _csv_rows(path: str) -> Iterator[list[JsonObject]]:
    if csv.field_size_limit() < _LONGEST_CELL:  # the library's own limit is 128 kB
        csv.field_size_limit(_LONGEST_CELL)
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123 - as above
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        while rows := list(islice(reader, _CSV_ROWS)):
            yield [dict(zip(header, row, strict=True)) for row in rows]
