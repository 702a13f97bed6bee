"""How the values of one source fit together: one origin, one type, and only the keys that these have."""

import re
from collections.abc import Iterable, Iterator
from glob import has_magic

from bulkimport.config.findings import DatasetValues, Finding, Rule
from bulkimport.config.problems import as_yaml
from bulkimport.config.remote_rules import REMOTE_RULES
from bulkimport.config.source_types import (
    KEYS_OF_ORIGIN,
    KEYS_OF_TYPE,
    PACKED,
    TYPE_OF_EXTENSION,
    TYPES_OF_ORIGIN,
    SourceType,
    bare,
    default_delimiter,
    extension,
    foreign,
    has_content,
    origin_keys,
    scheme,
)
from bulkimport.config.tree import Path, ScalarNode, find
from bulkimport.config.values import DATABASE_URL_PATTERN
from bulkimport.wording import listed


def _type(values: DatasetValues) -> Iterator[Finding]:
    """Every path has a known extension unless `type` is given, and all have the same type."""
    if find(values.tree, ("source", "type")) is not None:
        return
    if _origin_of(values) == "url" and _single_type(values) is None and values.source.url is not None:
        yield Finding("the URL tells no type: say `type: csv`, `json` or `ndjson`", (("source", "url"),))
    types: dict[str, str] = {}
    for index, path in enumerate(values.source.path):
        kind = TYPE_OF_EXTENSION.get(extension(path))
        if kind is None:
            known = listed(TYPE_OF_EXTENSION)
            message = (
                f"the extension of {_shown_path(values, index)} tells no type: known are {known}, texts also with "
            )
            kinds = listed((f"`{kind}`" for kind in TYPES_OF_ORIGIN["path"]), "or")
            message += f"{listed(PACKED, 'or')}; otherwise say with `type` that it is {kinds}"
            yield Finding(message, (_path_of(values, index),))
        elif kind in ("excel", "parquet") and path.lower().endswith(PACKED):
            message = f"{_shown_path(values, index)} would have to be unpacked first: only texts are read packed"
            yield Finding(message, (_path_of(values, index),))
        elif types and kind not in types.values():
            message = f"all files of a source have one type, but {next(iter(types))} is {types[next(iter(types))]} and "
            yield Finding(message + f"{_shown_path(values, index)} is {kind}", (_path_of(values, index),))
        else:
            types[_shown_path(values, index)] = kind


def _type_of_origin(values: DatasetValues) -> Iterator[Finding]:
    """What comes without a name says its type; what has one type only may say no other."""
    origin = _origin_of(values)
    if origin is None:
        return
    types = TYPES_OF_ORIGIN[origin]
    if origin == "command" and find(values.tree, ("source", "type")) is None:
        message = f"what a command writes has no extension: say with `type` that it is {listed(types, 'or')}"
        yield Finding(message, (("source", "command"),))
    if values.source.type is not None and values.source.type not in types:
        are = f"are {listed(types, 'or')}" if types else "have no type"
        yield Finding(f"sources with `{origin}` {are}, not {values.source.type}", (("source", "type"),))


def _program(values: DatasetValues) -> Iterator[Finding]:
    """A command has a program."""
    source, origin = values.source, _origin_of(values)
    if origin == "command" and "command" in source.model_fields_set and not (source.command and source.command[0]):
        yield Finding("expected a program, and its arguments", (("source", "command"),))


def _keys_of_other_types(values: DatasetValues) -> Iterator[Finding]:
    """What only content of another type has is not given."""
    origin = _origin_of(values)
    if origin is not None and not has_content(origin):
        for name in _given(values, dict.fromkeys(name for keys in KEYS_OF_TYPE.values() for name in keys)):
            owners = listed(owner for owner, keys in KEYS_OF_TYPE.items() if name in keys)
            yield Finding(f"`{name}` is for {owners}, not for `{origin}`", (("source", name),))
        return
    kind = _single_type(values)
    if kind is None:
        return
    for name in _given(values, foreign(KEYS_OF_TYPE, kind)):
        owners = listed(owner for owner, keys in KEYS_OF_TYPE.items() if name in keys)
        yield Finding(f"`{name}` is for {owners}; this source is {kind}", (("source", name),))


def _origin(values: DatasetValues) -> Iterator[Finding]:
    """Exactly one key says where the rows come from."""
    if find(values.tree, ("source",)) is None:
        return
    given = origin_keys(_given(values, KEYS_OF_ORIGIN))
    short = isinstance(find(values.tree, ("source",)), ScalarNode)
    if not given and not short:
        known = listed((f"`{name}`" for name in KEYS_OF_ORIGIN), "or")
        yield Finding(f"nothing says where the rows come from: expected {known}", (("source",),))
    if len(given) > 1:
        message = f"rows come from one place, but {' and '.join(f'`{name}`' for name in given)} are given: keep one"
        yield Finding(message, (("source", given[1]),))


def _keys_of_other_origins(values: DatasetValues) -> Iterator[Finding]:
    """What only sources from elsewhere have is not given."""
    origin = _origin_of(values)
    if origin is None:
        return
    for name in _given(values, foreign(KEYS_OF_ORIGIN, origin)):
        owners = listed((f"`{owner}`" for owner, keys in KEYS_OF_ORIGIN.items() if name in keys), "or")
        yield Finding(f"`{name}` goes with {owners}, not with `{origin}`", (("source", name),))


def _query(values: DatasetValues) -> Iterator[Finding]:
    """A query goes to a database, or with `type: duckdb` over files."""
    source, origin = values.source, _origin_of(values)
    if origin not in ("query", "query_file") or source.type not in (None, *TYPES_OF_ORIGIN[origin]):
        return
    if source.type is None and _given(values, ["type"]):
        return
    if source.type == "duckdb":
        for name in _given(values, ["url", "parameters"]):
            yield Finding(f"`{name}` is for sql; this source is duckdb", (("source", name),))
    elif not _given(values, ["url"]):
        message = f"`{origin}` needs a database: give its `url`, or say `type: duckdb` for a query over files"
        yield Finding(message, (("source", origin),))
    elif source.url is not None and not re.match(DATABASE_URL_PATTERN, source.url.reveal()):
        example = "postgresql+psycopg://user:${PASSWORD}@host/database"
        yield Finding(f"expected the URL of a database, such as {example}", (("source", "url"),))


def _delimiters(values: DatasetValues) -> Iterator[Finding]:
    """Files of one source have one delimiter; delimiter and quote differ."""
    source = values.source
    if _single_type(values) != "csv":
        return
    if source.path and source.delimiter is None and len({default_delimiter(path) for path in source.path}) > 1:
        message = (
            "these files have different delimiters, a tab in .tsv and a comma otherwise: say which with `delimiter`"
        )
        yield Finding(message, (("source", "path"),))
    if source.delimiter is not None and source.delimiter == source.quotechar:
        paths: tuple[Path, ...] = (("source", "quotechar"), ("source", "delimiter"))
        at = paths if "quotechar" in source.model_fields_set else paths[1:]
        yield Finding("delimiter and quotechar are the same character", at)


def _newest(values: DatasetValues) -> Iterator[Finding]:
    """The newest file is chosen among those of a pattern."""
    source = values.source
    if source.newest and source.path and not any(map(has_magic, source.path)):
        yield Finding("`newest` chooses among the files of a pattern such as people-*.csv", (("source", "newest"),))


def _member(values: DatasetValues) -> Iterator[Finding]:
    """Only archives have members."""
    source = values.source
    if source.member is not None and source.path and not any(path.lower().endswith(".zip") for path in source.path):
        yield Finding("`member` is for .zip files, and none is named here", (("source", "member"),))


def _single_type(values: DatasetValues) -> SourceType | None:
    """The type of the source's content; None where it is wrong, or not one."""
    source = values.source
    if source.type is not None or find(values.tree, ("source", "type")) is not None:
        return source.type
    names = source.path
    if source.url is not None and _origin_of(values) == "url":
        names = [source.url.reveal()]
    kinds = {TYPE_OF_EXTENSION.get(extension(name)) for name in names}
    return kinds.pop() if len(kinds) == 1 else None


def _origin_of(values: DatasetValues) -> str | None:
    """The key that says where the rows come from; None where that is wrong."""
    if isinstance(find(values.tree, ("source",)), ScalarNode):
        return "path"
    given = origin_keys(_given(values, KEYS_OF_ORIGIN))
    return given[0] if len(given) == 1 else None


def _given(values: DatasetValues, names: Iterable[str]) -> list[str]:
    return [name for name in names if find(values.tree, ("source", name)) is not None]


def _path_of(values: DatasetValues, index: int) -> Path:
    for path in (("source", "path", index), ("source", "path")):
        if find(values.tree, path) is not None:
            return path
    return ("source",)


def _shown_path(values: DatasetValues, index: int) -> str:
    path = values.source.path[index]
    return as_yaml(bare(path)) if scheme(path) else values.shown(*_path_of(values, index))


SOURCE_RULES: tuple[Rule, ...] = (
    _origin,
    _type,
    _type_of_origin,
    _program,
    _keys_of_other_types,
    _keys_of_other_origins,
    _query,
    _delimiters,
    _newest,
    _member,
    *REMOTE_RULES,
)
