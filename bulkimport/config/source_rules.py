"""How the values of one source fit together: one origin, one type, and only the keys that these have."""

from collections.abc import Iterable, Iterator

from bulkimport.config.findings import Finding, Rule, Values
from bulkimport.config.source_types import (
    KEYS_OF_ORIGIN,
    KEYS_OF_TYPE,
    TYPE_OF_EXTENSION,
    SourceType,
    default_delimiter,
    extension,
    foreign,
)
from bulkimport.config.tree import Path, ScalarNode, find
from bulkimport.wording import listed


def _type(values: Values) -> Iterator[Finding]:
    """Every path has a known extension unless `type` is given, and all have the same type."""
    if not values.source.path or find(values.tree, ("source", "type")) is not None:
        return
    types: dict[str, str] = {}
    for index, path in enumerate(values.source.path):
        kind = TYPE_OF_EXTENSION.get(extension(path))
        if kind is None:
            known = listed(TYPE_OF_EXTENSION)
            message = f"the extension of {_shown_path(values, index)} tells no type: known are {known}, each also with "
            yield Finding(
                message + ".gz; otherwise say `type: csv`, `json`, `ndjson` or `parquet`", (_path_of(values, index),)
            )
        elif types and kind not in types.values():
            message = f"all files of a source have one type, but {next(iter(types))} is {types[next(iter(types))]} and "
            yield Finding(message + f"{_shown_path(values, index)} is {kind}", (_path_of(values, index),))
        else:
            types[_shown_path(values, index)] = kind


def _keys_of_other_types(values: Values) -> Iterator[Finding]:
    """What only content of another type has is not given."""
    kind = _single_type(values)
    if kind is None:
        return
    for name in _given(values, foreign(KEYS_OF_TYPE, kind)):
        owners = listed(owner for owner, keys in KEYS_OF_TYPE.items() if name in keys)
        yield Finding(f"`{name}` is for {owners}; this source is {kind}", (("source", name),))


def _origin(values: Values) -> Iterator[Finding]:
    """Exactly one key says where the rows come from."""
    if find(values.tree, ("source",)) is None:
        return
    given = _given(values, KEYS_OF_ORIGIN)
    short = isinstance(find(values.tree, ("source",)), ScalarNode)
    if not given and not short:
        known = " or ".join(f"`{name}`" for name in KEYS_OF_ORIGIN)
        yield Finding(f"nothing says where the rows come from: expected {known}", (("source",),))
    if len(given) > 1:
        message = f"rows come from one place, but {' and '.join(f'`{name}`' for name in given)} are given: keep one"
        yield Finding(message, (("source", given[1]),))


def _keys_of_other_origins(values: Values) -> Iterator[Finding]:
    """What only sources from elsewhere have is not given."""
    given = _given(values, KEYS_OF_ORIGIN)
    if len(given) != 1:
        return
    for name in _given(values, foreign(KEYS_OF_ORIGIN, given[0])):
        owners = listed(f"`{owner}`" for owner, keys in KEYS_OF_ORIGIN.items() if name in keys)
        yield Finding(f"`{name}` goes with {owners}, not with `{given[0]}`", (("source", name),))


def _query(values: Values) -> Iterator[Finding]:
    """A query says what runs it, and nothing else is run."""
    given = _given(values, ("query", "query_file"))
    kind = values.source.type
    is_wrong = find(values.tree, ("source", "type")) is not None and kind is None
    if given and kind != "duckdb" and not is_wrong:
        said = f"this source is {kind}" if kind else "say `type: duckdb`"
        yield Finding(f"`{given[0]}` is for duckdb; {said}", (("source", given[0]),))
    if kind == "duckdb" and _given(values, ("path",)):
        yield Finding(
            "`type: duckdb` runs a `query` or `query_file`, in which the files are named", (("source", "type"),)
        )


def _delimiters(values: Values) -> Iterator[Finding]:
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


def _single_type(values: Values) -> SourceType | None:
    """The type of the source's content; None where it is wrong, or not one."""
    source = values.source
    if source.type is not None or find(values.tree, ("source", "type")) is not None:
        return source.type
    kinds = {TYPE_OF_EXTENSION.get(extension(path)) for path in source.path or []}
    return kinds.pop() if len(kinds) == 1 else None


def _given(values: Values, names: Iterable[str]) -> list[str]:
    return [name for name in names if find(values.tree, ("source", name)) is not None]


def _path_of(values: Values, index: int) -> Path:
    for path in (("source", "path", index), ("source", "path")):
        if find(values.tree, path) is not None:
            return path
    return ("source",)


def _shown_path(values: Values, index: int) -> str:
    return values.shown(*_path_of(values, index))


SOURCE_RULES: tuple[Rule, ...] = (
    _origin,
    _type,
    _keys_of_other_types,
    _keys_of_other_origins,
    _query,
    _delimiters,
)
