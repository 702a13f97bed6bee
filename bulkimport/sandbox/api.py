"""The calls under /api/v1: who may make them, what they want, what they answer."""

import hmac
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import orjson
from aiohttp import web

from bulkimport.sandbox import dataset, export, parameters, seeding
from bulkimport.sandbox.answers import CSV, JSON, Answer, FileSlice, api_error, json_answer
from bulkimport.sandbox.bodies import read_body
from bulkimport.sandbox.jobs import Jobs
from bulkimport.sandbox.observed import Observed, raw_header
from bulkimport.sandbox.private import open_private
from bulkimport.sandbox.service import SandboxService, new_id
from bulkimport.sandbox.state import TempFile
from bulkimport.sandbox.storage import PAYLOAD_TYPES, file_path, stored_object

PREFIX = re.compile(r"/api/v1/(?P<tenant>[^/?]*)/(?P<rest>[^?]*)(?:\?(?P<query>.*))?")
SYNC_LIMIT = 6 * 1024 * 1024
_BODY_LIMIT = 256 * 1024
_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("POST", r"files/generate", "generate"),
    ("GET", r"datasets", "list"),
    ("POST", r"datasets", "create"),
    ("GET", r"datasets/(?P<id>[^/]+)", "metadata"),
    ("GET", r"datasets/(?P<id>[^/]+)/items", "items"),
    ("PUT", r"datasets/(?P<id>[^/]+)/items", "sync"),
    ("PUT", r"datasets/(?P<id>[^/]+)/items/import", "import"),
    ("POST", r"datasets/(?P<id>[^/]+)/export/(?P<format>[^/]+)", "export"),
)
_PATTERNS = tuple((method, re.compile(pattern), step) for method, pattern, step in _ROUTES)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as its raw target describes it; `step` is blank for what the API does not offer."""

    step: str
    tenant: str
    query: str
    dataset: str
    format: str
    known_path: bool


def parse_call(method: str, target: str) -> Call | None:
    """None for a target outside the API."""
    found = PREFIX.fullmatch(target)
    if not found:
        return None
    known_path = False
    for verb, pattern, step in _PATTERNS:
        if match := pattern.fullmatch(found["rest"]):
            known_path = True
            if verb == method:
                parts = match.groupdict()
                return Call(
                    step, found["tenant"], found["query"] or "", parts.get("id") or "", parts.get("format") or "", True
                )
    return Call("", found["tenant"], found["query"] or "", "", "", known_path)


class Api:
    """Answers API calls; every error is a Refusal in the API's format."""

    def __init__(self, service: SandboxService, jobs: Jobs) -> None:
        self._service = service
        self._jobs = jobs
        self._calls: dict[str, Callable[[web.BaseRequest, Call, str, Observed], Awaitable[Answer]]] = {
            "generate": self._generate,
            "list": self._list,
            "create": self._create,
            "metadata": self._metadata,
            "items": self._items,
            "sync": self._import_now,
            "import": self._import,
            "export": self._export,
        }

    def authenticate(self, request: web.BaseRequest, call: Call) -> None:
        """The documented errors of the `Authorization` header, whose name is matched case-sensitively."""
        value = raw_header(request.raw_headers, "Authorization")
        if not value:
            raise api_error("AuthorizationHeaderEmpty", "the Authorization header is missing or empty")
        scheme, _, token = value.partition(" ")
        if scheme != "Bearer" or not token.strip():
            raise api_error("BearerTokenNotFound", "the Authorization header holds no bearer token")
        options = self._service.options
        wrong_token = options.token is not None and not hmac.compare_digest(token.encode(), options.token.encode())
        if wrong_token or (options.tenant is not None and call.tenant != options.tenant):
            raise api_error("ApiTokenInvalid", "the API token is not valid for this tenant")

    async def answer(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        """Does what an authenticated call asks."""
        if not call.step:
            if call.known_path:
                raise api_error("MethodNotAllowed", f"{request.method} is not possible here")
            raise api_error("NotFound", "the API has no such call")
        return await self._calls[call.step](request, call, trace_id, seen)

    async def _generate(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        body = await self._json_body(request, seen)
        target_type = body.get("targetType")
        if target_type not in PAYLOAD_TYPES or body.get("targetEncoding") != "identity" or len(body) != 2:
            raise api_error("BadRequest", 'expected {"targetType":"json"|"csv","targetEncoding":"identity"}')
        service, options, now = self._service, self._service.options, time.time()
        file = TempFile(new_id(), target_type, now + options.file_ttl)
        await service.data(service.state.add_file, file)
        origin, path = service.storage_origin, file_path(file)
        put_origin, put_path = origin, path
        if options.store != "storage":
            put_origin, put_path = service.api_origin, f"/api/v1/{call.tenant}/files/{file.id}"
        put = service.signer.target("PUT", put_path, now, options.url_ttl, PAYLOAD_TYPES[target_type])
        get = service.signer.target("GET", path, now, options.url_ttl)
        return json_answer(200, {"get": origin + get, "put": put_origin + put})

    async def _list(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        base = f"{self._service.api_origin}/api/v1/{call.tenant}/datasets"
        datasets = await anyio.to_thread.run_sync(self._service.catalog.describe_all)
        return json_answer(
            200,
            [
                {
                    "datasetId": info.dataset_id,
                    "name": info.name,
                    "type": info.type,
                    "isPermissionedView": False,
                    "_links": {"self": {"url": f"{base}/{info.dataset_id}"}},
                }
                for info in datasets
            ],
        )

    async def _create(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        seed = seeding.created_dataset(await self._json_body(request, seen))
        await self._service.data(self._service.catalog.plant, [seed])
        return json_answer(201, (await self._describe(seed.dataset_id)).metadata())

    async def _metadata(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        return json_answer(200, (await self._describe(call.dataset)).metadata())

    async def _items(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        info = await self._describe(call.dataset)
        catalog, limit = self._service.catalog, self._service.options.items_limit
        if limit is not None:
            held = await anyio.to_thread.run_sync(catalog.count, info.dataset_id)
            if held > limit:
                raise api_error("PayloadTooLarge", "the dataset is too large to be read at once")
        pieces = _stream(catalog.path(info.dataset_id))
        return Answer(200, pieces, {"Content-Type": JSON}, compressible=True)

    async def _import(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        info = await self._describe(call.dataset)
        asked = parameters.import_parameters(call.query, info)
        body = await self._json_body(request, seen)
        if unknown := sorted(body.keys() - {"importLocation", "resultLocation"}):
            raise api_error("BadRequest", f"unknown keys: {', '.join(unknown)}")
        source = await self._location(body.get("importLocation"), "importLocation", "GET")
        target = source
        if body.get("resultLocation") is not None:
            target = await self._location(body["resultLocation"], "resultLocation", "PUT")
        path = self._service.object_path(source.id)
        if not await anyio.to_thread.run_sync(path.exists) and self._service.options.location_check == "request":
            raise api_error("Unprocessable", "importLocation: nothing was uploaded there")
        self._service.file_datasets[source.id] = info.dataset_id
        job = await self._jobs.accept(
            "import",
            call.tenant,
            info.dataset_id,
            trace_id,
            source=path,
            target_type=source.target_type,
            parameters=asked,
            result_file=target.id,
        )
        return json_answer(202, self._jobs.ticket(job))

    async def _import_now(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        info = await self._describe(call.dataset)
        asked = parameters.import_parameters(call.query, info)
        types = {JSON: "json", CSV: "csv"}
        target_type = types.get(raw_header(request.raw_headers, "Content-Type") or "")
        if target_type is None:
            raise _wrong_type(JSON, CSV)
        body = await read_body(request, SYNC_LIMIT, seen)
        source = self._service.folder("payloads") / f"{new_id()}.sync"
        await anyio.to_thread.run_sync(_write, source, body)
        try:
            job = await self._jobs.accept(
                "import",
                call.tenant,
                info.dataset_id,
                trace_id,
                source=source,
                target_type=target_type,
                parameters=asked,
                at_once=True,
            )
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(source.unlink)
        if job.errors:
            return json_answer(400, {"errors": list(job.errors)})
        result = self._service.result_path(job.id)
        size = (await anyio.to_thread.run_sync(result.stat)).st_size
        headers = {"Content-Type": JSON}
        if self._service.options.gzip_results:
            headers["Content-Encoding"] = "gzip"
        return Answer(200, FileSlice(result, 0, size), headers)

    async def _export(self, request: web.BaseRequest, call: Call, trace_id: str, seen: Observed) -> Answer:
        info = await self._describe(call.dataset)
        if call.format not in export.WRITERS:
            raise api_error("NotFound", f"there is no export {call.format!r}")
        if await self._json_body(request, seen, optional=True):
            raise api_error("BadRequest", "the sandbox has no filters and projections: expected an empty body")
        job = await self._jobs.accept(call.format, call.tenant, info.dataset_id, trace_id)
        return json_answer(202, self._jobs.ticket(job))

    async def _describe(self, dataset_id: str) -> dataset.Description:
        dataset_id = seeding.uuid_of(dataset_id)
        if not self._service.catalog.has(dataset_id):
            raise api_error("NotFound", f"there is no dataset {dataset_id}")
        return await anyio.to_thread.run_sync(self._service.catalog.describe, dataset_id)

    async def _location(self, value: Any, name: str, method: str) -> TempFile:
        """The temporary file that a location of the import names; the sandbox knows no others than its own."""
        shape = f'{name}: expected {{"method":"{method}","url":…}}'
        if not isinstance(value, dict) or value.get("method") != method or not isinstance(value.get("url"), str):
            raise api_error("BadRequest", shape)
        service = self._service
        for origin in (service.storage_origin, service.api_origin):
            if value["url"].startswith(f"{origin}/"):
                break
        else:
            raise api_error("Unprocessable", f"{name}: the sandbox reaches only its own storage")
        target = value["url"].removeprefix(origin)
        place = stored_object(method, target)
        file = await service.data(service.state.file, place.id) if place else None
        content_type = PAYLOAD_TYPES[file.target_type] if file and method == "PUT" else ""
        signature = service.signer.verify(method, target, time.time(), content_type)
        if signature in ("mismatch", "unsigned") or place is None:
            raise api_error("Unprocessable", f"{name}: the storage refuses the URL")
        late = service.options.location_check == "job"
        if file is None or (signature == "expired" and not late):
            raise api_error("Unprocessable", f"{name}: the URL or its file has expired")
        return file

    async def _json_body(self, request: web.BaseRequest, seen: Observed, *, optional: bool = False) -> dict[str, Any]:
        content_type = raw_header(request.raw_headers, "Content-Type")
        body = await read_body(request, _BODY_LIMIT, seen)
        if optional and not body:
            return {}
        if content_type != JSON:
            raise _wrong_type(JSON)
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise api_error("BadRequest", f"the body is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise api_error("BadRequest", "the body is not an object")
        return document


def _wrong_type(*expected: str) -> Exception:
    message = f"expected the header Content-Type: {' or '.join(expected)}"
    return api_error("ContentTypeIsNotImplemented", message)


async def _stream(path: Path) -> AsyncIterator[bytes]:
    """The items, each piece made in a thread while the loop does other things."""
    pieces = dataset.items_json(path)
    try:
        while (piece := await anyio.to_thread.run_sync(next, pieces, None)) is not None:
            yield piece
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(pieces.close)


def _write(path: Path, body: bytes) -> None:
    with open_private(path) as stream:
        stream.write(body)
