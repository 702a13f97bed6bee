"""LOCATING to AWAITING: from the finished payload to the job's ticket."""

from functools import partial
from pathlib import Path

from bulkimport.clock import parse_timestamp, timestamp
from bulkimport.errors import AmbiguousError, LocationExpiredError, ServiceError, TenantError
from bulkimport.model import ErrorReport, Stage
from bulkimport.orgvue.body import CONTENT_TYPES, FileBody
from bulkimport.orgvue.wire import Location, Ticket
from bulkimport.refresh import events
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.machine import MAX_LOCATIONS, MAX_RECHECKS, Refresh


class DatasetChangedError(Exception):
    """The dataset has changed since it was compared with the payload."""


class LateTurnError(Exception):
    """The turn of an import request came long after the look at its dataset; it was not sent."""


async def generate_location(
    context: DatasetContext, refresh: Refresh
) -> events.LocationGenerated | events.UploadReused:
    """A temporary file, generated only once an upload may start, because its URLs live for minutes.

    None is needed where a former process uploaded the very same payload and its temporary file is still alive.
    """
    if _is_uploaded(context, refresh):
        return events.UploadReused()
    if refresh.locations >= MAX_LOCATIONS:
        raise ServiceError(
            f"{MAX_LOCATIONS} temporary files in a row could not be used; nothing was imported. Of the last: "
            + (refresh.location_error or "it expired before its import could be submitted."),
            hint="Where they expire, the upload is too slow for the life of the URLs: use a faster link, or fewer "
            "datasets at once. Where they are refused, see that no proxy or firewall stands before the storage.",
            stage=Stage.UPLOAD,
            retryable=True,
        )
    context.run.observer.waiting(context.dataset.name, "an upload slot")
    await context.upload_slot.acquire()
    location, trace_id = await context.run.client.generate_location(context.dataset.payload)
    return events.LocationGenerated(
        get_url=location.get_url,
        put_url=location.put_url,
        expires_at=timestamp(location.expires_at),
        trace_id=trace_id,
    )


async def upload_payload(context: DatasetContext, refresh: Refresh) -> events.PayloadUploaded | events.LocationExpired:
    """The whole payload to its PUT URL, acknowledged by the store."""
    payload = refresh.payload
    assert payload is not None  # noqa: S101 - UPLOADING follows SourceRead
    body = FileBody(Path(payload.path), payload.bytes, CONTENT_TYPES[payload.format])
    observer, name = context.run.observer, context.dataset.name
    try:
        await context.run.client.upload(
            location_of(refresh), body, lambda sent: observer.uploading(name, sent, payload.bytes)
        )
    except LocationExpiredError as error:
        return events.LocationExpired(error.report())
    return events.PayloadUploaded()


async def verify_upload(context: DatasetContext, refresh: Refresh) -> events.UploadVerified | events.LocationExpired:
    """Whether the store holds the whole payload, by its own account, before anything destructive is triggered."""
    payload = refresh.payload
    assert payload is not None  # noqa: S101 - VERIFYING follows SourceRead
    try:
        stored = await context.run.client.stored_size(location_of(refresh))
    except LocationExpiredError as error:
        return events.LocationExpired(error.report())
    if stored is not None and stored != payload.bytes:
        return events.LocationExpired(
            ErrorReport(
                stage=Stage.UPLOAD,
                message=f"The store holds {stored:,} of the {payload.bytes:,} bytes that it acknowledged.",
                hint="The payload is uploaded again.",
                retryable=True,
            )
        )
    return events.UploadVerified()


async def cache_key_changed(context: DatasetContext, refresh: Refresh) -> bool | None:
    """Whether the dataset has changed since it was compared with the payload; None where it cannot be told."""
    if refresh.cache_key is None:
        return None
    try:
        metadata = await context.run.client.metadata(context.dataset.dataset_id, stage=Stage.IMPORT)
    except TenantError:
        raise
    except ServiceError:
        return None
    return metadata.cache_key != refresh.cache_key if metadata.cache_key else None


async def look_out_for_changes(context: DatasetContext, refresh: Refresh) -> None:
    """Raises DatasetChangedError if the import would meet another dataset than the guards have seen."""
    if refresh.rechecks < MAX_RECHECKS and await cache_key_changed(context, refresh):
        raise DatasetChangedError


async def _submit_unchanged(context: DatasetContext, refresh: Refresh) -> Ticket:
    """Submits the import right after a look at the dataset. Where its turn then comes late, since the tenant's limits
    hold everything up, there is a second look; not a third, since under tight limits every turn comes late."""
    await look_out_for_changes(context, refresh)
    assert context.gate is not None  # noqa: S101 - a driver performs this
    dataset, location = context.dataset, location_of(refresh)
    submit = partial(
        context.run.client.submit_import, dataset.dataset_id, location, dataset.import_options, context.gate
    )
    try:
        return await submit()
    except LateTurnError:
        await look_out_for_changes(context, refresh)
        return await submit()


async def submit_import(
    context: DatasetContext, refresh: Refresh
) -> events.ImportAccepted | events.ImportReplyLost | events.LocationExpired | events.DatasetChanged:
    """One import request, if the dataset is still what the guards have seen. Without a usable answer it is looked for,
    never sent again blindly."""
    try:
        ticket = await _submit_unchanged(context, refresh)
    except DatasetChangedError:
        context.run.observer.warned(
            context.dataset.name, "The dataset has changed in Orgvue meanwhile; it is checked again."
        )
        return events.DatasetChanged()
    except AmbiguousError as error:
        context.run.observer.warned(context.dataset.name, error.message)
        return events.ImportReplyLost(error.report())
    except LocationExpiredError as error:
        return events.LocationExpired(error.report())
    return events.ImportAccepted(ticket_url=ticket.url, trace_id=ticket.trace_id)


def _is_uploaded(context: DatasetContext, refresh: Refresh) -> bool:
    payload = refresh.payload
    return (
        payload is not None
        and refresh.uploaded == payload.sha256
        and context.run.clock.now() < location_of(refresh).expires_at
    )


def location_of(refresh: Refresh) -> Location:
    """The refresh's present location."""
    location = refresh.location
    assert location is not None  # noqa: S101 - every state that asks follows LocationGenerated
    return Location(location.get_url, location.put_url, parse_timestamp(location.expires_at))
