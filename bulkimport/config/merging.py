"""`defaults` under each dataset's own keys. Values keep their places, so a mistake points to where it stands."""

from collections.abc import Iterable

from bulkimport.config.models import DefaultsBlock
from bulkimport.config.shapes import keys_of
from bulkimport.config.tree import MappingEntry, MappingNode

MERGED_BLOCKS = ("poll", "guards", "import")
"""Merged key by key; every other key of a dataset takes the place of its default as a whole."""


def merged(dataset: MappingNode, defaults: Iterable[MappingNode]) -> MappingNode:
    """The dataset with what it does not say itself; later `defaults` win over earlier ones."""
    entries: dict[str, MappingEntry] = {}
    known = keys_of(DefaultsBlock)
    for layer in defaults:
        _lay_over(entries, {key: entry for key, entry in layer.entries.items() if key in known})
    _lay_over(entries, dataset.entries)
    return MappingNode(dataset.place, entries)


def _lay_over(lower: dict[str, MappingEntry], upper: dict[str, MappingEntry]) -> None:
    for key, entry in upper.items():
        below, value = lower.get(key), entry.value
        if key in MERGED_BLOCKS and below is not None and isinstance(value, MappingNode):
            if isinstance(below.value, MappingNode):
                value = MappingNode(value.place, {**below.value.entries, **value.entries})
            lower[key] = MappingEntry(entry.place, value)
        else:
            lower[key] = entry
