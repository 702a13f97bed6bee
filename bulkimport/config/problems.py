"""The mistakes of a configuration while they are being collected, and the words for what was found."""

from collections.abc import Iterable

from bulkimport.config.tree import ConfigPlace, MappingNode, Node, ScalarNode, SequenceNode
from bulkimport.errors import ConfigError, ConfigProblem
from bulkimport.near_misses import near_misses
from bulkimport.wording import listed, number, printable

_LONGEST_VALUE = 40
_MOST_WORDS = 15


class Problems:
    """Collects mistakes, each once however often it is met: a value in `defaults` is met once per dataset."""

    def __init__(self) -> None:
        self._found: dict[ConfigProblem, None] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, place: ConfigPlace, message: str) -> None:
        self._found[ConfigProblem(place.file, place.line, place.key, message)] = None

    def extend(self, problems: Iterable[ConfigProblem]) -> None:
        self._found.update(dict.fromkeys(problems))

    def raise_if_any(self) -> None:
        """Raises ConfigError with all of them."""
        if self._found:
            raise ConfigError(list(self._found))


def found(node: Node) -> str:
    """What stands there, short; for values from the environment the variables' names instead of the value."""
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list" if node.items else "an empty list"
        case ScalarNode(variables=variables) if variables:
            return "the value of " + listed(f"${{{name}}}" for name in variables)
        case ScalarNode(value=value):
            return as_yaml(value)


def as_yaml(value: str | float | None) -> str:
    """A literal value as YAML would show it, shortened."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case str():
            text = printable(value)
            return f"'{text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + '…'}'"
        case _:
            try:
                text = str(value)
            except ValueError:  # Python refuses to write thousands of digits
                text = "a number with thousands of digits"
            return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def guess(wrong: str, known: Iterable[str]) -> str:
    """`did you mean …?` where something known is near, otherwise what is known; empty if nothing is."""
    words = list(known)
    near = near_misses(wrong, words)
    if near:
        return f"did you mean {listed((f'`{word}`' for word in near), 'or')}?"
    if len(words) > _MOST_WORDS:
        return f"known are `{'`, `'.join(words[:_MOST_WORDS])}` and {number(len(words) - _MOST_WORDS)} more"
    return f"known are {listed(f'`{word}`' for word in words)}" if words else ""
