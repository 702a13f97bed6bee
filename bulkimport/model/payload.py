"""What was made of a source."""

from dataclasses import dataclass

from bulkimport.model.dataset import PayloadFormat


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """One key that cannot be sent: what it is and the 1-based numbers of the data rows that have it (some of them)."""

    key: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DanglingEnds:
    """`links` of the `of` links have at this `end` (a property such as `from_id`) what is no key of any dataset that
    they join; `examples` are a handful."""

    end: str
    links: int
    of: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Payload:
    """The finished payload in its spool file, and what was learnt while it was written.

    `rows` and `bytes` describe the payload as it would be uploaded. `columns` are its property keys in order of first
    appearance. `keys_path` names a sidecar: JSON arrays of the payload's keys, one a line, in row order, a composite
    key being itself an array; it is empty for a restore, whose keys nobody asks for. `blank_keys` and `duplicate_keys`
    count rows and keys respectively; the examples are a handful. `missing` maps each `required` property to the number
    of rows in which it is blank or absent (only those above 0).
    """

    path: str
    format: PayloadFormat
    rows: int
    bytes: int
    sha256: str
    columns: tuple[str, ...]
    keys_path: str
    blank_keys: int = 0
    blank_examples: tuple[int, ...] = ()
    duplicate_keys: int = 0
    duplicate_examples: tuple[KeyProblem, ...] = ()
    missing: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()
    source_bytes: int = 0
