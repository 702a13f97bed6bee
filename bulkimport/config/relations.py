"""How the values of one dataset fit together. Each rule looks only at values that are right by themselves, so that one
mistake does not hide another."""

from collections.abc import Iterator
from itertools import pairwise

from bulkimport.config.field_rules import FIELD_RULES
from bulkimport.config.fields import extract_origin
from bulkimport.config.findings import DatasetValues, Finding, Rule
from bulkimport.config.models import RetriesBlock
from bulkimport.config.problems import Problems, found, guess
from bulkimport.config.shapes import Block, Parts, partial
from bulkimport.config.source_rules import SOURCE_RULES
from bulkimport.config.source_types import scheme
from bulkimport.config.tree import MappingNode, Node, Path, ScalarNode, find, nearest


def check_relations(tree: MappingNode, parts: Parts, problems: Problems) -> None:
    """`tree` is the dataset with its defaults, `parts` what validation found right in it."""
    values = DatasetValues(tree, parts)
    for rule in _RULES:
        _report(rule(values), tree, problems)


def check_file_relations(tree: MappingNode, parts: Parts, problems: Problems) -> None:
    """The same for what stands at the top of the main file."""
    _report(_ascending(tree, "retries", partial(RetriesBlock, parts), ("max_wait", "total")), tree, problems)


def _report(findings: Iterator[Finding], tree: MappingNode, problems: Problems) -> None:
    for finding in findings:
        nodes = [nearest(tree, path) for path in finding.paths]
        if not any(isinstance(node, ScalarNode) and node.broken for node in nodes):
            problems.add(_own(tree, nodes).place, finding.message)


def _own(tree: MappingNode, nodes: list[Node]) -> Node:
    """The first of the nodes that is not a default: what the user wrote for this dataset is what to change."""
    start = f"{tree.place.key}."
    own = (node for node in nodes if node.place.file == tree.place.file and node.place.key.startswith(start))
    return next(own, nodes[0])


def _poll_order(values: DatasetValues) -> Iterator[Finding]:
    yield from _ascending(values.tree, "poll", values.poll, ("initial", "max", "timeout"))


def _row_order(values: DatasetValues) -> Iterator[Finding]:
    yield from _ascending(values.tree, "guards", values.guards, ("min_rows", "max_rows"))


def _ascending(tree: MappingNode, key: str, block: Block, names: tuple[str, ...]) -> Iterator[Finding]:
    """Of the values that are written, none may be larger than the next; an unwritten default gives way."""
    written = [name for name in names if name in block.model_fields_set and getattr(block, name) is not None]
    for low, high in pairwise(written):
        if getattr(block, low) > getattr(block, high):
            sizes = f"{found(nearest(tree, (key, low)))} and {found(nearest(tree, (key, high)))}"
            yield Finding(f"{key}.{low} must not be above {key}.{high}, found {sizes}", ((key, low), (key, high)))


def _matching(values: DatasetValues) -> Iterator[Finding]:
    """`auto_id`, `id_key` and `merge_key` exclude one another, and the property must be the key."""
    imports, key = values.imports, values.dataset.key
    named = [name for name in ("id_key", "merge_key") if getattr(imports, name) is not None]
    if len(named) > 1:
        message = "items are matched by id_key or by merge_key, not by both: keep one of them"
        yield Finding(message, (("import", "merge_key"), ("import", "id_key")))
    for name in named:
        if imports.auto_id:
            message = f"auto_id: true and {name} exclude one another: leave one of them out"
            yield Finding(message, (("import", name), ("import", "auto_id")))
        if key and [getattr(imports, name)] != key:
            have = f"key is {values.shown('key')}" if len(key) == 1 else f"key has {len(key)} properties"
            message = (
                f"expected the property that `key` names, found {values.shown('import', name)} while {have}: "
                "the guards count by `key`, so Orgvue must match by it too"
            )
            yield Finding(message, (("import", name), ("key",)))


def _tokens(values: DatasetValues) -> Iterator[Finding]:
    imports = values.imports
    if imports.noop_token is not None and imports.noop_token == imports.clear_token:
        message = "noop_token and clear_token are the same text, which cannot mean both"
        yield Finding(message, (("import", "clear_token"), ("import", "noop_token")))


def _keys(values: DatasetValues) -> Iterator[Finding]:
    key = values.dataset.key or []
    for index, name in enumerate(key):
        if name in key[:index]:
            yield Finding(f"{values.shown('key', index)} stands in the key twice", (("key", index),))


def _needed_properties(values: DatasetValues) -> Iterator[Finding]:
    """Where only the properties in `fields` go out, the key and what is required must be among them."""
    dataset = values.dataset
    if dataset.fields is None or dataset.extra_columns == "pass":
        return
    wanted: list[tuple[str, Path, str]] = [
        *((name, ("key", index), "the key") for index, name in enumerate(dataset.key or [])),
        *((name, ("guards", "required", index), "required") for index, name in enumerate(values.guards.required or [])),
    ]
    for name, path, role in wanted:
        if name not in dataset.fields:
            message = (
                f"{values.shown(*path)} is {role} but not among `fields`, and extra_columns keeps other columns out"
            )
            yield Finding(f"{message}; {guess(name, dataset.fields)}", (path,))


def _blanks(values: DatasetValues) -> Iterator[Finding]:
    """The tokens exist, and only an item of a JSON payload can lack a property."""
    blanks, imports = values.dataset.blanks, values.imports
    for policy, name in (("clear", "clear_token"), ("noop", "noop_token")):
        if blanks == policy and getattr(imports, name) is None:
            yield Finding(f"`blanks: {policy}` sends import.{name}, which is not set", (("blanks",),))
    if blanks == "omit" and values.dataset.payload == "csv":
        yield Finding("a CSV payload cannot leave a cell out: expected another policy", (("blanks",), ("payload",)))
    if blanks == "null" and values.dataset.payload == "csv":
        message = "a CSV payload has empty cells and no null: expected another policy"
        yield Finding(message, (("blanks",), ("payload",)))


def _extract_date(values: DatasetValues) -> Iterator[Finding]:
    """Each origin has its own keys."""
    block = values.dataset.extract_date
    if block is None:
        return
    if block.column is not None and block.pattern is not None:
        yield Finding("the date is in a column or in the name, not in both: keep one", (("extract_date", "pattern"),))
        return
    for name, origin in (("column", "column"), ("format", "column"), ("pattern", "file_name")):
        if getattr(block, name) is not None and extract_origin(block) != origin:
            yield Finding(f"`{name}` goes with `from: {origin}`", (("extract_date", name),))
    is_local = values.source.path and not any(map(scheme, values.source.path))
    if extract_origin(block) != "column" and not is_local and find(values.tree, ("source",)) is not None:
        message = "only files on this machine have a date of their own; of other sources, say the `column`"
        yield Finding(message, (("extract_date",),))
    if block.origin == "column" and block.column is None:
        yield Finding("`from: column` needs `column`, its name", (("extract_date",),))


_RULES: tuple[Rule, ...] = (
    _poll_order,
    _row_order,
    _matching,
    _tokens,
    *SOURCE_RULES,
    _keys,
    _needed_properties,
    *FIELD_RULES,
    _blanks,
    _extract_date,
)
