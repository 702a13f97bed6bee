"""One request from its arrival to the last byte of its answer: limits, faults, authentication, work, sending."""

import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import anyio
from aiohttp import web

from bulkimport.sandbox import seeding
from bulkimport.sandbox.answers import Answer, Refusal, api_error, json_answer, xml_error
from bulkimport.sandbox.api import Api, Call, parse_call
from bulkimport.sandbox.faults import Action
from bulkimport.sandbox.limits import Meter
from bulkimport.sandbox.observed import Observed
from bulkimport.sandbox.service import SandboxService, new_id, new_trace_id
from bulkimport.sandbox.storage import Storage, StoredObject, stored_object
from bulkimport.sandbox.transmit import reset, send, spoil, status_answer
from bulkimport.sandbox.world import SECRET_HEADER, SEEDS_PATH, TENANT_ID

Perform = Callable[[Action | None], Awaitable[Answer]]


class RequestHandlers:
    """The request callbacks of the two listeners."""

    def __init__(self, service: SandboxService, api: Api, storage: Storage) -> None:
        self._service = service
        self._api = api
        self._storage = storage

    async def at_storage(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request at the storage host."""
        place = stored_object(request.method, request.raw_path)
        seen = self._service.observations.begin(place.step if place else "", "storage", request)

        async def perform(fault: Action | None) -> Answer:
            return await self._at_presigned(request, place, seen, fault, on_api_host=False)

        return await self._run(request, seen, self._dataset_of(place), perform, {})

    async def at_api(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request at the API host: calls, and temporary files where the options put them there."""
        if request.raw_path == SEEDS_PATH:
            return await self._plant(request)
        trace_id = new_trace_id()
        place = stored_object(request.method, request.raw_path)
        call = parse_call(request.method, request.raw_path)
        seen = self._service.observations.begin(place.step if place else call.step if call else "", "api", request)
        headers = {"X-Amzn-Trace-Id": trace_id}
        tenant = call.tenant if call else ""
        meter = self._service.meters.setdefault(tenant, Meter(self._service.options.limits))
        if not meter.arrive(time.monotonic()):
            return await self._finish(request, seen, self._throttled(), None, headers)

        async def perform(fault: Action | None) -> Answer:
            await self._spend_quota(tenant)
            if place:
                return await self._at_presigned(request, place, seen, fault, on_api_host=True)
            if call is None:
                raise api_error("NotFound", "the sandbox has nothing here")
            if not TENANT_ID.fullmatch(call.tenant):
                raise api_error("BadRequest", f"a tenant id matches ^{TENANT_ID.pattern}$")
            self._api.authenticate(request, call)
            return await self._api.answer(request, call, trace_id, seen)

        try:
            names = self._dataset_of(place) if place else self._dataset_named(call)
            return await self._run(request, seen, names, perform, headers)
        finally:
            meter.leave()

    async def _run(
        self,
        request: web.BaseRequest,
        seen: Observed,
        dataset: tuple[str, ...],
        perform: Perform,
        headers: dict[str, str],
    ) -> web.StreamResponse:
        fault = self._service.faults.next(seen.step, dataset) if seen.step else None
        kind = fault.kind if fault else ""
        if kind == "reset_before":
            return self._reset(request, seen)
        if fault and kind == "stall":
            await anyio.sleep(fault.value)
        if request.headers.get("Expect", "").lower() == "100-continue" and request.writer is not None:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        if fault and kind == "status" and not fault.process:
            return await self._finish(request, seen, status_answer(fault), None, headers)
        try:
            answer = await perform(fault)
        except Refusal as refusal:
            answer = refusal.answer
        except ConnectionError:
            return self._reset(request, seen)
        except (OSError, sqlite3.Error) as error:
            answer = _own_trouble(seen.host, error)
        if kind == "reset_after":
            return self._reset(request, seen)
        if fault and kind == "stall_after":
            await anyio.sleep(fault.value)
        if fault:
            answer = spoil(answer, fault)
        return await self._finish(request, seen, answer, fault, headers)

    async def _finish(
        self, request: web.BaseRequest, seen: Observed, answer: Answer, fault: Action | None, headers: dict[str, str]
    ) -> web.StreamResponse:
        answer.headers.update(headers)
        seen.status = answer.status
        try:
            return await send(request, answer, fault)
        finally:
            seen.ended = time.monotonic()

    def _reset(self, request: web.BaseRequest, seen: Observed) -> web.StreamResponse:
        seen.status, seen.ended = 0, time.monotonic()
        return reset(request)

    async def _at_presigned(
        self,
        request: web.BaseRequest,
        place: StoredObject | None,
        seen: Observed,
        fault: Action | None,
        *,
        on_api_host: bool,
    ) -> Answer:
        self._storage.authorise(request, expired=fault is not None and fault.kind == "expire")
        if place is None:
            raise xml_error(404, "NoSuchKey", "The specified key does not exist.", new_id())
        if fault is not None and fault.kind == "redirect":
            return await self._storage.elsewhere(request, place)
        return await self._storage.answer(request, place, seen, on_api_host=on_api_host)

    def _throttled(self) -> Answer:
        wait = self._service.options.retry_after
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return api_error("Throttled", "too many requests for this tenant", headers).answer

    async def _spend_quota(self, tenant: str) -> None:
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        used = await self._service.data(self._service.state.count_request, day, tenant)
        if used > self._service.options.limits.requests_per_day:
            raise api_error("QuotaExceeded", "the tenant's requests of this day are used up")

    def _dataset_of(self, place: StoredObject | None) -> tuple[str, ...]:
        if place is None:
            return ()
        known = self._service.job_datasets if place.step in ("poll", "result") else self._service.file_datasets
        return self._service.catalog.names(known.get(place.id))

    def _dataset_named(self, call: Call | None) -> tuple[str, ...]:
        return self._service.catalog.names(call.dataset.upper()) if call else ()

    async def _plant(self, request: web.BaseRequest) -> web.StreamResponse:
        """Datasets that another process of this machine asks for; it proves itself by the secret in the data folder."""
        if request.method != "POST" or request.headers.get(SECRET_HEADER) != self._service.secret:
            return web.Response(status=403)
        seeds = seeding.decode_seeds(await request.read())
        await self._service.data(self._service.catalog.plant, seeds)
        return await send(request, json_answer(200, {"datasets": len(seeds)}))


def _own_trouble(host: str, error: Exception) -> Answer:
    """The sandbox itself is in trouble (a full disk, a folder that went away) and says so as the host would."""
    message = f"the sandbox cannot do this: {error}"
    if host == "storage":
        return xml_error(500, "InternalError", message, new_id()).answer
    return api_error("InternalServerError", message).answer
