"""What one dataset is to be: its properties, guards and options."""

from dataclasses import dataclass
from typing import Literal

from bulkimport.model.source import Scalar, Source


@dataclass(frozen=True, slots=True)
class Poll:
    """Seconds; `timeout` counts from the acceptance of the import. `learns`: earlier jobs may replace `initial`."""

    initial: float = 1.0
    max: float = 30.0
    timeout: float = 1800.0
    learns: bool = True


FieldType = Literal["text", "number", "date", "boolean"]
Unmapped = Literal["keep", "refuse", "blank"]


@dataclass(frozen=True, slots=True)
class Field:
    """One property of the payload: `name` as Orgvue knows it, read from the source column `source_column`, to which the
    texts of the columns `joined` are added, `separator` between them.

    `trim` takes white space off, `null_values` are texts that count as blank, `value_map` replaces texts (`unmapped`
    says what becomes of others), and then the value is read as its `type` says; `format` is a strptime pattern for
    dates. `default` fills blank and missing cells (None: no default). A property that `is_constant` has the value
    `constant`, be it None, and no column is read.
    """

    name: str
    source_column: str
    type: FieldType | None = None
    format: str | None = None
    default: Scalar = None
    joined: tuple[str, ...] = ()
    separator: str = ""
    is_constant: bool = False
    constant: Scalar = None
    trim: bool = False
    null_values: tuple[str, ...] = ()
    value_map: tuple[tuple[str, Scalar], ...] = ()
    unmapped: Unmapped = "keep"

    @property
    def source_columns(self) -> tuple[str, ...]:
        return () if self.is_constant else (self.source_column, *self.joined)


ExtractOrigin = Literal["modified", "file_name", "column"]


@dataclass(frozen=True, slots=True)
class ExtractDate:
    """Where the day of an extract is told: by the files' modification, in their name (`pattern`: see `sources.extract`;
    None: wherever a date stands), or in a column (`format`: a strptime pattern; None: ISO 8601)."""

    origin: ExtractOrigin = "modified"
    pattern: str | None = None
    column: str | None = None
    format: str | None = None


ExtraColumns = Literal["pass", "drop", "refuse"]
BlankPolicy = Literal["as_is", "omit", "null", "clear", "noop"]
PayloadFormat = Literal["json", "csv"]
DateFormat = Literal["YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY"]
AccessPolicy = Literal["skip", "fail"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The query parameters of the import (API page, "Query parameters of the import")."""

    implicit_delete: bool = True
    auto_id: bool = True
    id_key: str | None = None
    merge_key: str | None = None
    date_format: DateFormat = "YYYY-MM-DD"
    on_property_access_denied: AccessPolicy = "fail"
    on_item_access_denied: AccessPolicy = "fail"
    on_action_validation_failure: AccessPolicy = "fail"
    noop_token: str | None = None
    clear_token: str | None = None


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits on what may be sent; None switches a limit off. `required` names properties of the payload."""

    min_rows: int | None = 1
    max_rows: int | None = None
    max_delete_rows: int | None = 500
    max_delete_percent: float | None = 5.0
    max_create_percent: float | None = None
    max_update_percent: float | None = None
    duplicates: Literal["refuse", "first", "last"] = "refuse"
    required: tuple[str, ...] = ()
    allow_item_errors: int = 0
    baseline: Literal["live", "last_run", "none"] = "live"
    dangling_links: Literal["warn", "refuse"] = "warn"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset to refresh. `key` names the properties (after renaming) that together identify an item.

    `trim` and `null_values` are for columns that `fields` does not name. `blanks` says how blank values go out:
    `as_is`, not at all, as null, or as the import's clear or noop token.
    """

    name: str
    dataset_id: str
    source: Source
    key: tuple[str, ...]
    payload: PayloadFormat = "json"
    fields: tuple[Field, ...] | None = None
    extra_columns: ExtraColumns = "pass"
    trim: bool = False
    null_values: tuple[str, ...] = ()
    blanks: BlankPolicy = "as_is"
    import_options: ImportOptions = ImportOptions()
    guards: Guards = Guards()
    poll: Poll = Poll()
    extract_date: ExtractDate | None = None
    depends_on: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    enabled: bool = True
