"""The steps of the service, one method each: what the answers mean."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, TypeVar

from yarl import URL

from bulkimport.clock import Clock
from bulkimport.errors import LocationExpiredError, NotThereYetError, ServiceError
from bulkimport.event_sink import EventSink
from bulkimport.model import ImportOptions, PayloadFormat, Retries, Stage, Tenant, Timeouts
from bulkimport.orgvue.body import Body
from bulkimport.orgvue.calls import Calls
from bulkimport.orgvue.download import save
from bulkimport.orgvue.exchange import Permits, Traffic
from bulkimport.orgvue.ranges import stored_length
from bulkimport.orgvue.requests import Answer, Gate, Request, RequestWatch
from bulkimport.orgvue.streaming import Reply
from bulkimport.orgvue.transport import Transport
from bulkimport.orgvue.wire import (
    DatasetMetadata,
    DatasetSummary,
    Location,
    Ticket,
    parse_datasets,
    parse_json,
    parse_location,
    parse_metadata,
    parse_ticket,
)

# A store may need a moment before it shows what it has just acknowledged; seconds between looks.
APPEARING: Final = (0.5, 1.0, 2.0, 4.0)
# More than an answer with one byte of a file, or with an error, is long.
_FIRST_BYTE: Final = 1 << 16
T = TypeVar("T")


class OrgvueClient:
    """The service as one tenant sees it; an async context manager. Raises ServiceError and its subclasses.

    Every request is counted, waits for its permit, and is repeated as its nature allows. `tenant.base_url` is an
    origin, never the word `sandbox`. `stage` in errors is the step's own, or the one the caller gives.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        permits: Permits,
        clock: Clock,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        rng: Random | None = None,
        event_sink: EventSink | None = None,
        watch: RequestWatch | None = None,
    ) -> None:
        base_url = URL(tenant.base_url)
        self._calls = Calls(base_url, tenant.tenant_id)
        self._clock = clock
        self._transport = Transport(
            base_url,
            tenant.token,
            permits=permits,
            timeouts=timeouts or Timeouts(),
            retries=retries or Retries(),
            clock=clock,
            rng=rng or Random(),
            event_sink=event_sink,
            watch=watch,
        )

    async def __aenter__(self) -> "OrgvueClient":
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    @property
    def traffic(self) -> Traffic:
        """Requests sent so far, and those answered 429; grows while the client is used."""
        return self._transport.traffic

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which this machine's clock is ahead of the service's, by its last answer; None if none told."""
        return self._transport.clock_skew

    async def generate_location(self, payload_format: PayloadFormat) -> tuple[Location, str | None]:
        """A fresh temporary file, and the trace id of the answer."""

        def parse(answer: Answer) -> tuple[Location, str | None]:
            document = parse_json(answer.body)
            location = parse_location(document, now=self._clock.now())
            return location, answer.trace_id

        return await self._document(self._calls.generate(payload_format), parse)

    async def upload(self, location: Location, body: Body, on_progress: Callable[[int], None] | None = None) -> None:
        """Returns once the store has acknowledged the whole body. `on_progress` gets the bytes handed over so far, and
        starts over with every attempt. Raises LocationExpiredError when a fresh location is needed.
        """

        async def acknowledged(reply: Reply) -> None:
            await reply.beginning(1 << 16)

        await self._transport.send(self._calls.upload(location, body), acknowledged, on_sent=on_progress)

    async def stored_size(self, location: Location) -> int | None:
        """How many bytes the store holds at the location; None where it does not tell, be it for want of a right to
        read or because it does not answer: that the upload was acknowledged still stands.

        A file that stays away all the same, or whose time is over, must not be imported from: LocationExpiredError, as
        only a fresh location helps.
        """
        for delay in APPEARING:
            try:
                return await self._stored_size(location)
            except NotThereYetError:
                await self._clock.sleep(delay)
        try:
            return await self._stored_size(location)
        except NotThereYetError as error:
            raise LocationExpiredError(
                error.message,
                hint=error.hint,
                stage=error.stage,
                http_status=error.http_status,
                code=error.code,
                retryable=True,
            ) from None

    async def _stored_size(self, location: Location) -> int | None:
        async def measure(reply: Reply) -> int | None:
            if reply.status != 200:
                await reply.beginning(_FIRST_BYTE)  # to its end, which keeps the connection; a 200 is the whole file
            return stored_length(reply.status, reply.headers)

        request = self._calls.first_byte(location)
        try:
            return await self._transport.send(request, measure)
        except NotThereYetError:
            raise
        except LocationExpiredError as error:
            if self._clock.now() >= location.expires_at or "expired" in error.message:  # by the store's clock
                raise
            return None
        except ServiceError:
            return None

    async def read_stored_head(self, location: Location, n: int) -> bytes | None:
        """The first `n` bytes (or fewer) at the location's read URL; None if there is nothing."""

        async def head(reply: Reply) -> bytes:
            return b"" if reply.status == 416 else await reply.beginning(n)

        try:
            return await self._transport.send(self._calls.stored_head(location, n), head)
        except NotThereYetError:
            return None

    async def submit_import(self, dataset_id: str, location: Location, options: ImportOptions, gate: Gate) -> Ticket:
        """Starts the import, at most once: it is repeated only when it was certainly not carried out, of which `gate`
        is told.

        Raises AmbiguousError when there was no usable answer. The result goes to the location's own write URL.
        """

        def parse(answer: Answer) -> Ticket:
            ticket = parse_ticket(parse_json(answer.body), url=None)
            return replace(ticket, trace_id=ticket.trace_id or answer.trace_id)

        return await self._document(replace(self._calls.submit(dataset_id, location, options), gate=gate), parse)

    async def read_ticket(self, url: str) -> Ticket:
        """The job's ticket as it stands. Raises NotThereYetError, TicketExpiredError, or UnavailableError (retryable)
        when no usable answer came within the retries; the job is not affected by any of them.
        """
        return await self._document(
            self._calls.ticket(url), lambda answer: parse_ticket(parse_json(answer.body), url=url)
        )

    async def download(self, url: str, path: Path) -> int:
        """The result behind a presigned URL, written to `path`, whole or not at all; returns its length in bytes.

        Raises NotThereYetError, LocationExpiredError, UnavailableError; StateError if it cannot be stored.
        """
        return await self._transport.send(self._calls.result(url), lambda reply: save(reply, path, must_be_array=False))

    async def list_datasets(self, *, stage: Stage | None = None) -> tuple[DatasetSummary, ...]:
        """All datasets of the tenant that the token's user may see."""
        return await self._document(self._calls.datasets(stage), lambda answer: parse_datasets(parse_json(answer.body)))

    async def metadata(self, dataset_id: str, *, stage: Stage | None = Stage.GUARD) -> DatasetMetadata:
        """The dataset's properties and cache key."""
        return await self._document(
            self._calls.metadata(dataset_id, stage),
            lambda answer: parse_metadata(parse_json(answer.body), dataset_id=dataset_id),
        )

    async def download_items(self, dataset_id: str, path: Path, *, stage: Stage | None = Stage.GUARD) -> int:
        """All items of the dataset, a JSON array written to `path`, whole or not at all; returns its length in bytes.

        One synchronous answer: for a very large dataset the service may not manage it.
        """
        return await self._transport.send(
            self._calls.items(dataset_id, stage), lambda reply: save(reply, path, must_be_array=True)
        )

    async def _document(self, request: Request, parse: Callable[[Answer], T]) -> T:
        async def consume(reply: Reply) -> T:
            return parse(await reply.read())

        return await self._transport.send(request, consume)
