"""A configuration file as a tree in which every key and every value knows where it stands."""

import json
import re
from dataclasses import dataclass

from bulkimport.config.scalars import Atom

PathPart = str | int
Path = tuple[PathPart, ...]
"""The way to a value: keys and 0-based list indices."""

_BARE_KEY = re.compile(r"[\w-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ConfigPlace:
    """The file as the user would recognise it, the 1-based line, and the dotted key as written in that file."""

    file: str
    line: int
    key: str = ""

    def inside(self, step: PathPart) -> "ConfigPlace":
        """The place of a key or list item, supposed to stand on the same line."""
        return ConfigPlace(self.file, self.line, dotted(self.key, step))


@dataclass(slots=True, eq=False)
class ScalarNode:
    """One value. `variables` are the environment variables that went into it; `broken` means that a problem with it
    was reported, so that nothing more should be said about it."""

    place: ConfigPlace
    value: Atom
    variables: tuple[str, ...] = ()
    is_literal: bool = True
    broken: bool = False


@dataclass(slots=True, eq=False)
class SequenceNode:
    place: ConfigPlace
    items: "list[Node]"


@dataclass(frozen=True, slots=True, eq=False)
class MappingEntry:
    """A key of a mapping: where the key stands, and its value."""

    place: ConfigPlace
    value: "Node"


@dataclass(slots=True, eq=False)
class MappingNode:
    place: ConfigPlace
    entries: dict[str, MappingEntry]

    def get(self, key: str) -> "Node | None":
        entry = self.entries.get(key)
        return None if entry is None else entry.value


Node = ScalarNode | SequenceNode | MappingNode


def dotted(key: str, step: PathPart) -> str:
    """`datasets[0].guards.min_rows`; a step that is no plain word is quoted: `fields["Date of birth"]`."""
    if isinstance(step, int):
        return f"{key}[{step}]"
    if not _BARE_KEY.fullmatch(step):
        return f"{key}[{json.dumps(step)}]"
    return f"{key}.{step}" if key else step


def plain(node: Node) -> object:
    """The tree as dicts, lists and atoms. A broken value is an empty text."""
    match node:
        case ScalarNode():
            return "" if node.broken else node.value
        case SequenceNode():
            return [plain(item) for item in node.items]
        case MappingNode():
            return {key: plain(entry.value) for key, entry in node.entries.items()}


def step_into(node: Node, step: PathPart) -> Node | None:
    """The value under one key or index, None if there is none."""
    if isinstance(node, MappingNode) and isinstance(step, str):
        return node.get(step)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def find(root: Node, path: Path) -> Node | None:
    """The value at the end of a path, None if the path leads nowhere."""
    node: Node | None = root
    for step in path:
        node = step_into(node, step) if node is not None else None
    return node


def nearest(root: Node, path: Path) -> Node:
    """The value at the end of a path, or the last one on the way that exists: for a source in its short form, what is
    said about `source.path` concerns `source`."""
    node = root
    for step in path:
        inner = step_into(node, step)
        if inner is None:
            break
        node = inner
    return node


def text_at(root: Node, path: Path) -> ScalarNode | None:
    """The text at the end of a path, None where there is something else or something broken."""
    node = find(root, path)
    return node if isinstance(node, ScalarNode) and isinstance(node.value, str) and not node.broken else None
