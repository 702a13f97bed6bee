"""The payload's columns against the dataset's properties: an import creates none (API page, "Rules for items")."""

from collections.abc import Mapping

from bulkimport.errors import GuardError
from bulkimport.model import Dataset
from bulkimport.near_misses import near_misses

_STRICT = frozenset({"number", "date", "boolean"})
ENDS_OF_LINKS = frozenset({"from_id", "to_id"})
"""The properties that together are the key of a links dataset: which item leads to which."""

_COMPUTED_FOR_LINKS = ENDS_OF_LINKS | {"link_id"}


def check_properties(dataset: Dataset, columns: tuple[str, ...], types: Mapping[str, str], auto_id: str | None) -> None:
    """`types` maps each property key that Orgvue knows to its type; empty if it told none.

    Raises GuardError where a column is no property, or where Orgvue would match items by another property than the
    one by which the guards compare.
    """
    if not types:
        return
    known = types.keys() | (_COMPUTED_FOR_LINKS if len(dataset.key) > 1 else set())
    unknown = [column for column in columns if column not in known]
    if unknown:
        raise GuardError(
            f"{len(unknown)} of {len(columns)} columns are no properties of the dataset: "
            + ", ".join(_with_near_miss(column, types) for column in unknown[:8])
            + (", …" if len(unknown) > 8 else "")
            + ". An import cannot create properties.",
            hint=f"{_what_to_change(dataset)}, or add the properties in Orgvue.",
        )
    if dataset.import_options.auto_id and auto_id and not _is_matched_by(dataset.key, auto_id, columns):
        other = f", or `import: {{id_key: {dataset.key[0]}}}`," if len(dataset.key) == 1 else ""
        raise GuardError(
            f"The config's key is {' + '.join(dataset.key)}, but the dataset's auto-id property, by which Orgvue would "
            f"match items, is {auto_id}.",
            hint=f"Set `key: {auto_id}`{other} for `{dataset.name}`.",
        )


def _what_to_change(dataset: Dataset) -> str:
    if dataset.fields is None:  # `extra_columns` is about what these do not name
        return (
            f"Rename them under `fields` of `{dataset.name}`, name there all that is to go with `extra_columns: drop`"
        )
    return f"Rename them under `fields` of `{dataset.name}`, set `extra_columns: drop`"


def _is_matched_by(key: tuple[str, ...], auto_id: str, columns: tuple[str, ...]) -> bool:
    """Whether Orgvue matches items by the key. Of links the two ends give the id, unless it is sent as well."""
    return key == (auto_id,) or (set(key) == ENDS_OF_LINKS and auto_id not in columns)


def type_conflicts(dataset: Dataset, types: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each field of the config that is read as another type than its property has.

    Texts go into any property, whose type decides how Orgvue reads them, and a text property takes anything.
    """
    return tuple(
        f"{field.name} is read as {field.type} here, but its property is {types[field.name]}."
        for field in dataset.fields or ()
        if field.type in _STRICT and types.get(field.name) in _STRICT and field.type != types[field.name]
    )


def _with_near_miss(column: str, known: Mapping[str, str]) -> str:
    if not column.strip():
        return f'"{column}"'
    near = near_misses(column, known)
    return f"{column} (did you mean {near[0]}?)" if near else column
