"""Checks a tree against its pydantic model, and says in plain words and at the right place what is wrong."""

from collections.abc import Iterator
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bulkimport.config import expectations
from bulkimport.config.expectations import Expectation
from bulkimport.config.models import DatasetBlock, DefaultsBlock, IncludedFile, MainFile
from bulkimport.config.problems import Problems, found, guess
from bulkimport.config.shapes import Block, OneOrMore, Parts, ShortForm, inner_block, keys_of
from bulkimport.config.tree import MappingNode, Path, ScalarNode, find, nearest, plain
from bulkimport.wording import listed

B = TypeVar("B", bound=Block)


def validate(kind: type[B], tree: MappingNode, problems: Problems) -> tuple[B | None, Parts]:
    """The model, or None if there were problems; and in either case the values that are right."""
    parts: Parts = {}
    try:
        return kind.model_validate(plain(tree), context=parts), parts
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _report(details, kind, tree, problems)
        return None, parts


def _report(details: ErrorDetails, kind: type[Block], tree: MappingNode, problems: Problems) -> None:
    *way, last = path = details["loc"]
    parent = find(tree, tuple(way))
    match details["type"]:
        case "missing":
            at = nearest(tree, tuple(way)).place.inside(last)
            problems.add(at, f"is missing: expected {_words(_block_at(kind, tuple(way)), str(last))}")
        case "extra_forbidden" if isinstance(parent, MappingNode):
            owner = _block_at(kind, tuple(way))
            problems.add(parent.entries[str(last)].place, f"unknown key{_advice(owner, str(last))}")
        case expectations.NOT_AS_EXPECTED if last == "[key]":
            above = find(tree, path[:-2])
            if isinstance(above, MappingNode):
                name = str(way[-1])
                problems.add(above.entries[name].place, f"expected {details['ctx']['words']}; {details['ctx']['hint']}")
        case _:
            _report_value(details, tree, problems)


def _report_value(details: ErrorDetails, tree: MappingNode, problems: Problems) -> None:
    node = nearest(tree, details["loc"])
    if isinstance(node, ScalarNode) and node.broken:
        return
    context = details.get("ctx", {})
    match details["type"]:
        case expectations.NOT_AS_EXPECTED:
            expected = context["words"]
        case "list_type":
            expected = "a list, such as [first, second]"
        case _:  # model_type and dict_type: the other shapes in the models
            expected = "a mapping of keys to values"
    is_secret = context.get("is_secret") and isinstance(node, ScalarNode)
    hint = f" ({context['hint']})" if context.get("hint") else ""
    problems.add(node.place, f"expected {expected}{hint if is_secret else f', found {found(node)}{hint}'}")


def _block_at(kind: type[Block], path: Path) -> type[Block]:
    """The model of the mapping at the end of a path."""
    block, is_name = kind, False
    for step in path:
        if is_name or isinstance(step, int):
            is_name = False
            continue
        inner, is_name = inner_block(block, step)
        block = inner or block
    return block


def _words(block: type[Block], key: str) -> str:
    """What a key expects."""
    for name, field in block.model_fields.items():
        if key == (field.alias or name):
            for mark in field.metadata:
                if isinstance(mark, Expectation | OneOrMore | ShortForm):
                    return mark.words
    inner, _ = inner_block(block, key)
    return f"a mapping with {listed(keys_of(inner))}" if inner is not None else "a value"


def _advice(block: type[Block], key: str) -> str:
    """Where an unknown key belongs, or what it may have been meant to be."""
    if block is IncludedFile and key in keys_of(MainFile):
        return f" in an included file, which holds {_quoted(keys_of(IncludedFile))} alone: put it into the main file"
    if block is DefaultsBlock and key in keys_of(DatasetBlock):
        return ": every dataset has its own, so there is no default for it"
    homes = [home for parent in (MainFile, DatasetBlock) for home, keys in _blocks_of(parent) if key in keys]
    if block in (MainFile, IncludedFile) and key in keys_of(DatasetBlock):
        homes.append("datasets")
    if homes:
        return f" here: it belongs under {listed((f'`{home}`' for home in homes), 'or')}"
    return f": {guess(key, keys_of(block))}"


def _blocks_of(parent: type[Block]) -> Iterator[tuple[str, list[str]]]:
    """The keys that hold a block of their own, and that block's keys."""
    for key in keys_of(parent):
        inner, is_named = inner_block(parent, key)
        if inner is not None and not is_named and not issubclass(inner, DefaultsBlock):
            yield key, keys_of(inner)


def _quoted(keys: list[str]) -> str:
    return listed(f"`{key}`" for key in keys)
