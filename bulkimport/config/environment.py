"""Environment variables in values: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bulkimport.config.scalars import FromEnvironment
from bulkimport.config.tree import MappingNode, Node, ScalarNode, SequenceNode
from bulkimport.errors import ConfigProblem
from bulkimport.model import Secret

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$\$\{{|\$\{{(?P<name>{_NAME})(?::-(?P<default>(?:(?!\$\{{)[^}}])*))?\}}|\$\{{")

_SECRET_VARIABLE = re.compile(r"auth|api_?key|credential|pass|pwd|secret|token", re.IGNORECASE)
"""Narrower than what makes an option secret (opaque.py): a variable may hold any word of the config, and what is taken
for a secret is shown nowhere any more."""

PLACEHOLDER_PATTERN = rf"\$\{{{_NAME}(:-[^}}]*)?\}}"
"""As a JSON Schema has it: a text with at least one variable."""


@dataclass(frozen=True, slots=True)
class Substitution:
    """A text after substitution: the variables that it names, whether it stands wholly in the file (only literal text
    and defaults), and in words what is wrong with it."""

    text: str
    variables: tuple[str, ...] = ()
    is_literal: bool = True
    mistakes: tuple[str, ...] = ()


def substitute(text: str, environ: Mapping[str, str]) -> Substitution:
    """Puts the variables' values in. As in a shell, a default stands in for an empty variable too; values are not
    looked through for further variables."""
    variables: dict[str, None] = {}
    mistakes: list[str] = []
    is_literal = True

    def value_of(match: re.Match[str]) -> str:
        nonlocal is_literal
        if match[0] == "$${":
            return "${"
        name, default = match["name"], match["default"]
        if name is None:
            mistakes.append("`${` begins a variable: write ${NAME} or ${NAME:-default}, or $${ for a literal ${")
            return ""
        variables[name] = None
        value = environ.get(name)
        if value is None and default is None:
            mistakes.append(f"the environment variable {name} is not set: set it, or write ${{{name}:-default}}")
            return ""
        if default is not None and not value:
            return str(default)
        is_literal = False
        if not _is_unicode(value or ""):
            mistakes.append(f"the value of the environment variable {name} is not valid UTF-8")
        return value or ""

    return Substitution(_REFERENCE.sub(value_of, text), tuple(variables), is_literal, tuple(mistakes))


def substitute_variables(root: Node, environ: Mapping[str, str]) -> list[ConfigProblem]:
    """Substitutes in every value of the tree, in place; keys are left alone. Values with a mistake become broken."""
    problems = []
    for node in _scalars(root, set()):
        if not isinstance(node.value, str) or "${" not in node.value:
            continue
        done = substitute(node.value, environ)
        problems += [ConfigProblem(node.place.file, node.place.line, node.place.key, text) for text in done.mistakes]
        node.value = FromEnvironment(done.text) if done.variables else done.text
        node.variables, node.is_literal, node.broken = done.variables, done.is_literal, bool(done.mistakes)
    return problems


def secrets_among(roots: Iterable[Node], environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """The values of those variables in the trees whose names say that they are secrets, wherever they went."""
    names = {name for root in roots for node in _scalars(root, set()) for name in node.variables}
    return tuple(Secret(environ[name]) for name in sorted(names) if _SECRET_VARIABLE.search(name) and environ.get(name))


def _scalars(node: Node, seen: set[int]) -> Iterator[ScalarNode]:
    """Each once, however many aliases lead to it."""
    if id(node) in seen:
        return
    seen.add(id(node))
    match node:
        case ScalarNode():
            yield node
        case SequenceNode():
            for item in node.items:
                yield from _scalars(item, seen)
        case MappingNode():
            for entry in node.entries.values():
                yield from _scalars(entry.value, seen)


def _is_unicode(text: str) -> bool:
    """Whether the text is free of the stand-ins that Python reads undecodable bytes as."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
