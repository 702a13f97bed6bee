"""How the values of one entry of `fields` fit together."""

from collections.abc import Iterator

from bulkimport.config.expectations import MismatchError
from bulkimport.config.fields import check_date_pattern, typed_value
from bulkimport.config.findings import DatasetValues, Finding, Rule
from bulkimport.config.models import FieldBlock
from bulkimport.config.shapes import key_of
from bulkimport.config.tree import Path, find
from bulkimport.model import Scalar

_NOT_WITH_A_CONSTANT = ("source_columns", "separator", "default", "trim", "null_values", "value_map", "unmapped")


def _fields(values: DatasetValues) -> Iterator[tuple[str, FieldBlock]]:
    for name, field in (values.dataset.fields or {}).items():
        if field is not None:
            yield name, field


def _formats(values: DatasetValues) -> Iterator[Finding]:
    for name, field in _fields(values):
        if field.format is None:
            continue
        path: Path = ("fields", name, "format")
        if field.type != "date":
            yield Finding("`format` is for dates: add `type: date` or leave it out", (path,))
            continue
        try:
            check_date_pattern(field.format)
        except MismatchError as mismatch:
            yield Finding(f"expected {mismatch}, found {values.shown(*path)}", (path,))


def _stand_ins(values: DatasetValues) -> Iterator[Finding]:
    for name, field in _fields(values):
        given = [("default", field.default), ("value", field.value)]
        paths: list[tuple[Path, Scalar]] = [(("fields", name, key), value) for key, value in given]
        paths += [(("fields", name, "map", text), value) for text, value in (field.value_map or {}).items()]
        for path, value in paths:
            try:
                typed_value(value, field, values.imports)
            except MismatchError as mismatch:
                yield Finding(f"expected {mismatch}, found {values.shown(*path)}", (path,))


def _constants(values: DatasetValues) -> Iterator[Finding]:
    """Where no column is read, nothing can be done to one."""
    for name, field in _fields(values):
        if "value" not in field.model_fields_set:
            continue
        for other in _NOT_WITH_A_CONSTANT:
            key = key_of(FieldBlock, other)
            if find(values.tree, ("fields", name, key)) is not None:
                message = f"`value` is a constant, no column is read: leave `{key}` out"
                yield Finding(message, (("fields", name, key),))


def _joined(values: DatasetValues) -> Iterator[Finding]:
    for name, field in _fields(values):
        columns = field.source_columns or []
        if "separator" in field.model_fields_set and len(columns) < 2:
            message = "`separator` stands between columns: give `from` a list of them"
            yield Finding(message, (("fields", name, "separator"),))
        for index, column in enumerate(columns):
            if column in columns[:index]:
                path: Path = ("fields", name, "from", index)
                yield Finding(f"{values.shown(*path)} is joined twice", (path,))


def _maps(values: DatasetValues) -> Iterator[Finding]:
    for name, field in _fields(values):
        if "unmapped" in field.model_fields_set and not field.value_map:
            yield Finding("`unmapped` goes with `map`, which is not there", (("fields", name, "unmapped"),))


FIELD_RULES: tuple[Rule, ...] = (_formats, _stand_ins, _constants, _joined, _maps)
