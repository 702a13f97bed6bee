"""What can happen to a refresh, past tense. Each event is one line of the journal; adding a field needs a default."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from bulkimport.model import Changes, DatasetStatus, ErrorReport, ItemCounts, Payload


@dataclass(frozen=True, slots=True)
class TurnCame:
    """Its dependencies have succeeded and it holds one of the run's places."""

    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceRead:
    """The whole source was read and its payload lies in the spool."""

    payload: Payload


@dataclass(frozen=True, slots=True)
class PayloadChecked:
    """Every guard let the payload through.

    `baseline` is what stood for the dataset's present items (`live`, `last_run` or `none`), `held` their number,
    `cache_key` the dataset's at that moment.
    """

    baseline: str
    held: int | None = None
    changes: Changes | None = None
    cache_key: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NothingToSend:
    """The dataset is already as it should be; `held` counts its items."""

    held: int


@dataclass(frozen=True, slots=True)
class UploadReused:
    """A former process uploaded this very payload, and its temporary file is still alive."""


@dataclass(frozen=True, slots=True)
class LocationGenerated:
    """A temporary file was generated; both URLs are presigned. `expires_at` is an RFC 3339 timestamp."""

    get_url: str = field(repr=False)
    put_url: str = field(repr=False)
    expires_at: str
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class LocationExpired:
    """The temporary file can no longer be used; nothing was imported from it."""

    error: ErrorReport


@dataclass(frozen=True, slots=True)
class PayloadUploaded:
    """The store acknowledged the whole payload."""


@dataclass(frozen=True, slots=True)
class UploadVerified:
    """The store holds as many bytes as were sent, or cannot tell."""


@dataclass(frozen=True, slots=True)
class DatasetChanged:
    """The dataset is no longer what the payload was compared with: somebody else has changed it meanwhile."""


@dataclass(frozen=True, slots=True)
class ImportRequested:
    """Written when the import request goes out next, nothing left to wait for: from here on it may be running."""


@dataclass(frozen=True, slots=True)
class ImportTurnedAway:
    """The import request was certainly not carried out; another may follow."""

    error: ErrorReport


@dataclass(frozen=True, slots=True)
class ImportAccepted:
    """The service answered with a job ticket, whose presigned URL is the only way to the job."""

    ticket_url: str = field(repr=False)
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReplyLost:
    """The import request got no usable answer; it may have been carried out."""

    error: ErrorReport


@dataclass(frozen=True, slots=True)
class ImportFound:
    """The result of an import whose reply was lost lies at the location it was to be written to."""


@dataclass(frozen=True, slots=True)
class ImportRuledOut:
    """The import whose reply was lost was not carried out and no longer can be."""

    reason: str


@dataclass(frozen=True, slots=True)
class JobCompleted:
    """The job's end was seen; `result_url` is presigned."""

    result_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResultCollected:
    """The result was stored and counted; `status` is the judgement on it."""

    status: DatasetStatus
    items: ItemCounts
    error: ErrorReport | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierImportSucceeded:
    """The import of this dataset by run `run_id`, whose end that run did not see, has succeeded: there is nothing left
    to import. `payload` and `checked` are what that run knew of it."""

    run_id: str
    payload: Payload
    checked: PayloadChecked
    items: ItemCounts
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefreshEnded:
    """Any other end: failed, refused, blocked, cancelled or unknown, and why."""

    status: DatasetStatus
    error: ErrorReport
    items: ItemCounts = field(default_factory=ItemCounts)
    changes: Changes | None = None
    baseline: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefreshResumed:
    """A later process took the refresh up; what lay in the spool is gone."""


Event = (
    TurnCame
    | SourceRead
    | PayloadChecked
    | NothingToSend
    | UploadReused
    | LocationGenerated
    | LocationExpired
    | PayloadUploaded
    | UploadVerified
    | DatasetChanged
    | ImportRequested
    | ImportTurnedAway
    | ImportAccepted
    | ImportReplyLost
    | ImportFound
    | ImportRuledOut
    | JobCompleted
    | ResultCollected
    | EarlierImportSucceeded
    | RefreshEnded
    | RefreshResumed
)


def redacted(event: Event, redact: Callable[[str], str]) -> Event:
    """The same event with `redact` applied to the texts of errors and warnings, some of which came from elsewhere."""
    changes: dict[str, Any] = {}
    for field_ in fields(event):
        value = getattr(event, field_.name)
        if isinstance(value, ErrorReport):
            changes[field_.name] = value.redacted(redact)
        elif field_.name == "warnings":
            changes[field_.name] = tuple(map(redact, value))
        elif isinstance(value, Payload) and value.warnings:
            changes[field_.name] = replace(value, warnings=tuple(map(redact, value.warnings)))
    return replace(event, **changes) if changes else event
