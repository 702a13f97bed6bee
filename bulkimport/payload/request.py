"""What it takes to prepare one payload, as a value that crosses process borders."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from bulkimport.model import Dataset, DateFormat, ExtraColumns, Field, PayloadFormat, Source
from bulkimport.payload.blanks import AS_IS, Blanks

DuplicatePolicy = Literal["refuse", "first", "last"]


@dataclass(frozen=True, slots=True)
class PayloadRequest:
    """`key` and `required` name properties (after renaming). `landing_path` is a folder. None of the three
    files, nor the folder, may exist yet.

    `verbatim` are texts that mean something to the import whatever a property's type (its noop and clear tokens): such
    a cell goes out as it is. `trim` and `null_values` are for columns that `fields` does not name.
    """

    source: Source
    key: tuple[str, ...]
    spool_path: str
    keys_path: str
    landing_path: str
    progress_path: str | None = None
    format: PayloadFormat = "json"
    fields: tuple[Field, ...] | None = None
    extra_columns: ExtraColumns = "pass"
    duplicates: DuplicatePolicy = "refuse"
    required: tuple[str, ...] = ()
    date_format: DateFormat = "YYYY-MM-DD"
    verbatim: frozenset[str] = frozenset()
    trim: bool = False
    null_values: tuple[str, ...] = ()
    blanks: Blanks = AS_IS

    @classmethod
    def of(cls, dataset: Dataset, spool_dir: Path) -> Self:
        """The request for `dataset`, with names in `spool_dir` that no other request has."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", dataset.name)[:60]
        path = str(spool_dir / f"{stem}-{secrets.token_hex(4)}")
        options = dataset.import_options
        return cls(
            source=dataset.source,
            key=dataset.key,
            spool_path=f"{path}.{dataset.payload}",
            keys_path=f"{path}.keys",
            landing_path=f"{path}.landing",
            progress_path=f"{path}.progress",
            format=dataset.payload,
            fields=dataset.fields,
            extra_columns=dataset.extra_columns,
            duplicates=dataset.guards.duplicates,
            required=dataset.guards.required,
            date_format=options.date_format,
            trim=dataset.trim,
            null_values=dataset.null_values,
            blanks=Blanks.of(dataset.blanks, options),
            verbatim=frozenset(token for token in (options.noop_token, options.clear_token) if token is not None),
        )
