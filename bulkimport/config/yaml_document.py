"""YAML text → tree, with the place of every key and value.

Works on the parser's events rather than on its objects: duplicate keys, aliases and tags then become problems with a
line instead of exceptions, and nothing in a file can make Python objects.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from bulkimport.config.scalars import scalar_value
from bulkimport.config.tree import ConfigPlace, MappingEntry, MappingNode, Node, ScalarNode, SequenceNode, dotted
from bulkimport.errors import ConfigError, ConfigProblem
from bulkimport.wording import printable

DEEPEST = 30
"""Levels of nesting: more than any configuration needs, fewer than recursion can bear."""

LARGEST = 500_000
"""Values in a document, each counted as often as aliases repeat it."""

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = {_CORE + name for name in ("null", "bool", "int", "float")}


def parse(text: str, file: str) -> tuple[Node | None, list[ConfigProblem]]:
    """The tree of a document (None if it is empty) and the problems that did not keep it from being read.

    `file` is the name that places and problems carry. Raises ConfigError for text that is not one YAML document.
    """
    composer = _Composer(text, file)
    return composer.document(), composer.problems


class _Composer:
    def __init__(self, text: str, file: str) -> None:
        self.problems: list[ConfigProblem] = []
        self._file = file
        self._text = text
        self._line_starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]
        self._events = _events(text)
        self._anchors: dict[str, tuple[Node, int, int]] = {}  # the value, how deep and how large it is
        self._size = 0
        self._last_line = 1

    def document(self) -> Node | None:
        self._next()  # the start of the stream
        if isinstance(self._next(), StreamEndEvent):
            return None
        root, _ = self._node(self._next(), ConfigPlace(self._file, 1), "", 0)
        self._next()  # the end of the document
        if not isinstance(self._next(), StreamEndEvent):
            raise self._fatal(self._last_line, "a second YAML document begins here: a configuration file holds one")
        return root

    def _next(self) -> Event:
        """The next event of the parser; whatever exception the parser has for bad text becomes a ConfigError."""
        try:
            event = next(self._events)
        except MarkedYAMLError as error:
            raise self._syntax_error(error) from None
        except ReaderError as error:
            reason = f"the character U+{int(error.character):04X} is not allowed"
            raise self._fatal(self._line(error.position), f"not valid YAML: {reason}") from None
        except Exception as error:  # noqa: BLE001 — for odd escapes the parser fails with arbitrary built-in exceptions
            raise self._fatal(self._last_line, f"not valid YAML from here on ({type(error).__name__})") from None
        self._last_line = self._line(event.start_mark.index)
        return event

    def _node(self, event: Event, parent: ConfigPlace, own_key: str, depth: int) -> tuple[Node, int]:
        """The value that begins with `event`, and how deep it is. `parent` gives the line of its key."""
        if depth > DEEPEST:
            raise self._fatal(parent.line, f"values are nested more than {DEEPEST} levels deep")
        self._size += 1
        before = self._size
        node: Node
        match event:
            case AliasEvent():
                return self._alias(event, depth)
            case SequenceStartEvent():
                node, height = self._sequence(event, ConfigPlace(self._file, parent.line, own_key), depth)
            case MappingStartEvent():
                node, height = self._mapping(event, ConfigPlace(self._file, parent.line, own_key), depth)
            case ScalarEvent():
                node, height = self._scalar(event, parent.line, own_key), 0
            case _:
                raise self._fatal(self._last_line, "not valid YAML: a value was expected")
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, height, self._size - before + 1)
        return node, height

    def _alias(self, event: AliasEvent, depth: int) -> tuple[Node, int]:
        line = self._line(event.start_mark.index)
        if event.anchor not in self._anchors:
            raise self._fatal(line, f"the alias *{printable(event.anchor or '')} names no value that stands before it")
        node, height, size = self._anchors[event.anchor]
        self._size += size
        if self._size > LARGEST or depth + height > DEEPEST:
            raise self._fatal(line, "aliases make this file too large or too deep to be a configuration")
        return node, height

    def _scalar(self, event: ScalarEvent, key_line: int, key: str) -> ScalarNode:
        is_plain = event.style is None
        line = key_line if is_plain and not event.value else self._line(event.start_mark.index)
        place = ConfigPlace(self._file, line, key)
        text = self._whole(event.value, line)
        tag = _tag(event)
        if tag is not None and tag not in (_CORE + "str", "!") and tag not in _SCALAR_TAGS:
            self._report(place, f"the tag {printable(tag)} has no meaning here: leave it out")
        is_text = tag in (_CORE + "str", "!") or (tag is None and not is_plain)
        return ScalarNode(place, text if is_text else scalar_value(text))

    def _sequence(self, event: SequenceStartEvent, place: ConfigPlace, depth: int) -> tuple[SequenceNode, int]:
        self._check_collection_tag(event, place, "seq")
        items: list[Node] = []
        height = 0
        while not isinstance(event_inside := self._next(), SequenceEndEvent):
            parent = ConfigPlace(self._file, self._line(event_inside.start_mark.index))
            item, item_height = self._node(event_inside, parent, dotted(place.key, len(items)), depth + 1)
            items.append(item)
            height = max(height, item_height)
        return SequenceNode(place, items), height + 1

    def _mapping(self, event: MappingStartEvent, place: ConfigPlace, depth: int) -> tuple[MappingNode, int]:
        self._check_collection_tag(event, place, "map")
        entries: dict[str, MappingEntry] = {}
        merged: list[Node] = []
        height = 0
        while not isinstance(key_event := self._next(), MappingEndEvent):
            key = self._key(key_event, place, depth)
            key_place = ConfigPlace(self._file, self._line(key_event.start_mark.index), dotted(place.key, key or ""))
            value, value_height = self._node(self._next(), key_place, key_place.key, depth + 1)
            height = max(height, value_height)
            if key == "<<" and isinstance(key_event, ScalarEvent) and key_event.style is None:
                merged.append(value)
            elif key in entries:
                first = entries[key].place.line
                self._report(key_place, f"this key stands here twice, first on line {first}: keep one of them")
            elif key is not None:
                entries[key] = MappingEntry(key_place, value)
        self._merge(entries, merged)
        return MappingNode(place, entries), height + 1

    def _merge(self, entries: dict[str, MappingEntry], merged: list[Node]) -> None:
        """YAML's merge key: `<<: *base` fills in the keys that are not there, the first of several winning."""
        for value in merged:
            for source in value.items if isinstance(value, SequenceNode) else [value]:
                if not isinstance(source, MappingNode):
                    self._report(value.place, "`<<` merges mappings: expected an alias of one, or a list of them")
                    continue
                for key, entry in source.entries.items():
                    entries.setdefault(key, entry)

    def _key(self, event: Event, place: ConfigPlace, depth: int) -> str | None:
        """A key's text; None for what cannot be a key, which is reported."""
        line = self._line(event.start_mark.index)
        if isinstance(event, ScalarEvent):
            return self._whole(event.value, line)
        node, _ = self._node(event, ConfigPlace(self._file, line, place.key), place.key, depth + 1)
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            return node.value
        self._report(ConfigPlace(self._file, line, place.key), "a key must be text, not a list or a mapping")
        return None

    def _check_collection_tag(self, event: Any, place: ConfigPlace, name: str) -> None:
        tag = _tag(event)
        if tag is not None and tag not in (_CORE + name, "!"):
            self._report(place, f"the tag {printable(tag)} has no meaning here: leave it out")

    def _whole(self, text: str, line: int) -> str:
        """The text with surrogate pairs, as JSON escapes them, put together."""
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise self._fatal(line, "not valid YAML: an escape stands for half of a surrogate pair") from None

    def _line(self, index: int) -> int:
        return bisect_right(self._line_starts, index)

    def _report(self, place: ConfigPlace, message: str) -> None:
        self.problems.append(ConfigProblem(place.file, place.line, place.key, message))

    def _syntax_error(self, error: MarkedYAMLError) -> ConfigError:
        mark = error.problem_mark or error.context_mark
        end = self._line(max(0, len(self._text.rstrip()) - 1))
        line = min(self._line(mark.index), end) if mark is not None else end
        begun = self._line(error.context_mark.index) if error.context_mark is not None else line
        since = f" ({error.context} that begins on line {begun})" if error.context and begun != line else ""
        has_variable = "${" in self._text[self._line_starts[line - 1] :].partition("\n")[0]
        hint = "; inside { } and [ ] a variable needs quotes: '${NAME}'" if has_variable else ""
        return self._fatal(line, f"not valid YAML: {printable(str(error.problem))}{since}{hint}")

    def _fatal(self, line: int, message: str) -> ConfigError:
        return ConfigError([*self.problems, ConfigProblem(self._file, line, "", message)])


def _events(text: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    yield from yaml.parse(text)


def _tag(event: Any) -> str | None:
    """The tag that the file gives the value, resolved; None if it gives none."""
    return None if event.ctag is None else str(event.ctag)
