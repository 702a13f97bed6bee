"""The service's JSON documents, as values. Tolerant of keys it does not know, strict about those it needs.

Parsing raises `MalformedError`, whose text completes the sentence "the answer …"; never a KeyError, never a URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from bulkimport.json_types import json_type
from bulkimport.orgvue.addresses import AddressError, presigned
from bulkimport.wording import safe_text

LOCATION_LIFE = timedelta(minutes=15)
LONGEST_LIFE = timedelta(days=7)  # no presigned URL of the storage lives longer


class MalformedError(ValueError):
    """A document that is not what it should be; `is_json` tells a strange document from a broken one."""

    def __init__(self, text: str, *, is_json: bool = True) -> None:
        super().__init__(text)
        self.is_json = is_json


@dataclass(frozen=True, slots=True)
class Location:
    """One temporary file: where it is read and written, and until when, by our own clock."""

    get_url: str = field(repr=False)
    put_url: str = field(repr=False)
    expires_at: datetime


class JobStatus(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobError:
    """One reason why a job failed, in the service's words."""

    name: str | None
    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job's ticket. `url` is where to read it again; `remark` tells what was strange about it, if anything."""

    url: str = field(repr=False)
    status: JobStatus
    result_url: str | None = field(default=None, repr=False)
    errors: tuple[JobError, ...] = ()
    trace_id: str | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    dataset_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Property:
    key: str
    type: str


@dataclass(frozen=True, slots=True)
class DatasetMetadata:
    """A dataset's description; `cache_key` changes whenever its data or security changes."""

    dataset_id: str
    name: str
    type: str
    auto_id: str | None
    cache_key: str | None
    properties: Mapping[str, Property]


def parse_json(body: bytes) -> Any:
    """The JSON value in `body`; raises MalformedError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedError("is not JSON, or was cut short", is_json=False) from None


def parse_location(document: object, *, now: datetime) -> Location:
    """A generated location. Its URLs say themselves how long they live (`X-Amz-Expires`), or else it is 15 minutes.

    They were signed just now, so that is counted from `now`, by our own clock: neither a skewed clock nor a signing
    date that is off can make a fresh location look expired.
    """
    fields = _object(document, "a location")
    urls = [_url(fields, name, "a location") for name in ("get", "put")]
    lives = [life for url in urls if (life := _presigned_life(url)) is not None]
    life = min(min(lives, default=LOCATION_LIFE), LONGEST_LIFE)
    return Location(get_url=urls[0], put_url=urls[1], expires_at=now + life)


def _presigned_life(url: str) -> timedelta | None:
    query = {key.lower(): value for key, value in presigned(url).query.items()}
    try:
        return timedelta(seconds=int(query["x-amz-expires"]))
    except (KeyError, ValueError, OverflowError):
        return None


def parse_ticket(document: object, *, url: str | None) -> Ticket:
    """A job ticket, read from `url` (None: the answer to an import, which must name its ticket's URL)."""
    fields = _object(document, "a job ticket")
    links = _object(fields.get("_links") or {}, "a job ticket's `_links`")
    self_url = _link(links, "self")
    if self_url is None and url is None:
        raise MalformedError("is a job ticket without the URL at which to read it again (`_links.self.url`)")
    spelled = _text(fields, "jobStatus", "a job ticket")
    status, remark = _job_status(spelled)
    return Ticket(
        url=self_url or url or "",
        status=status,
        result_url=_link(links, "result"),
        errors=_job_errors(fields),
        trace_id=_optional_text(fields, "X-Amzn-Trace-Id"),
        remark=remark,
    )


def _job_status(spelled: str) -> tuple[JobStatus, str | None]:
    try:
        return JobStatus(spelled.lower()), None
    except ValueError:
        # Nothing is known of it; while a job may be running, it is.
        return JobStatus.RUNNING, f"the ticket has the unknown job status {spelled[:40]!r}, taken for running"


def _job_errors(fields: Mapping[str, Any]) -> tuple[JobError, ...]:
    found = fields.get("errors") or fields.get("error") or []
    errors = found if isinstance(found, list) else [found]
    return tuple(_job_error(error) for error in errors)


def _job_error(error: object) -> JobError:
    if not isinstance(error, dict):
        return JobError(None, None, safe_text(str(error)))
    name, code, message = (_optional_text(error, key) for key in ("name", "code", "message"))
    return JobError(
        name and safe_text(name), code and safe_text(code), safe_text(message or name or code or "no reason given")
    )


def parse_datasets(document: object) -> tuple[DatasetSummary, ...]:
    """The list of the tenant's datasets."""
    if not isinstance(document, list):
        raise MalformedError(f"is {json_type(type(document))} where an array of datasets was expected")
    return tuple(_dataset_summary(_object(entry, "a dataset")) for entry in document)


def _dataset_summary(fields: Mapping[str, Any]) -> DatasetSummary:
    return DatasetSummary(
        dataset_id=_text(fields, "datasetId", "a dataset"),
        name=_text(fields, "name", "a dataset"),
    )


def parse_metadata(document: object, *, dataset_id: str) -> DatasetMetadata:
    """A dataset's metadata."""
    fields = _object(document, "a dataset's metadata")
    properties = fields.get("properties")
    if not isinstance(properties, list):
        raise MalformedError("is a dataset's metadata without the array `properties`")
    parsed = [_property(_object(entry, "a property")) for entry in properties]
    return DatasetMetadata(
        dataset_id=_optional_text(fields, "datasetId") or dataset_id,
        name=_text(fields, "name", "a dataset's metadata"),
        type=_optional_text(fields, "type") or "",
        auto_id=_optional_text(fields, "autoId"),
        cache_key=_optional_text(fields, "cacheKey"),
        properties={entry.key: entry for entry in parsed},
    )


def _property(fields: Mapping[str, Any]) -> Property:
    return Property(
        key=_text(fields, "key", "a property"),
        type=_optional_text(fields, "type") or "",
    )


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedError(f"is {json_type(type(value))} where {what} was expected")
    return value


def _text(fields: Mapping[str, Any], key: str, what: str) -> str:
    value = _optional_text(fields, key)
    if value is None:
        raise MalformedError(f"is {what} without the text `{key}`")
    return value


def _optional_text(fields: Mapping[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _url(fields: Mapping[str, Any], key: str, what: str) -> str:
    text = _text(fields, key, what)
    try:
        presigned(text)
    except AddressError as error:
        raise MalformedError(f"is {what} whose `{key}` URL cannot be used: {error}") from None
    return text


def _link(links: Mapping[str, Any], name: str) -> str | None:
    link = links.get(name)
    if not isinstance(link, dict) or "url" not in link:
        return None
    return _url(link, "url", f"a job ticket's `{name}` link")
