"""The object storage behind presigned URLs: temporary files, tickets and results, with the manners of S3."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Literal

import anyio
import orjson
from aiohttp import web

from bulkimport.sandbox.answers import CSV, JSON, Answer, FileSlice, Refusal, xml_error
from bulkimport.sandbox.bodies import receive_file
from bulkimport.sandbox.jobs import Jobs, result_encoding, result_type
from bulkimport.sandbox.observed import Observed, raw_header
from bulkimport.sandbox.service import SandboxService, new_id
from bulkimport.sandbox.state import TempFile

PAYLOAD_TYPES = {"json": JSON, "csv": CSV}
_OBJECT = re.compile(
    r"(?:/moved)?/orgvue/(?:temporary%2bfiles/(?P<file>[0-9A-F-]{36})\.(?:json|csv)"
    r"|jobs%2bticket/(?P<ticket>[0-9A-F-]{36})|jobs%2bresult/(?P<result>[0-9A-F-]{36}))"
)
_API_FILE = re.compile(r"/api/v1/[A-Z0-9_]+/files/(?P<file>[0-9A-F-]{36})")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a presigned target means: the step of the import it belongs to, and the id of its file or job."""

    step: Literal["upload", "tempget", "poll", "result"]
    id: str


def stored_object(method: str, target: str) -> StoredObject | None:
    """The object a raw request target names, on either host."""
    path = target.partition("?")[0]
    found = _OBJECT.fullmatch(path) or _API_FILE.fullmatch(path)
    if not found:
        return None
    parts = found.groupdict()
    if parts["file"]:
        return StoredObject("upload" if method == "PUT" else "tempget", parts["file"])
    if parts["ticket"]:
        return StoredObject("poll", parts["ticket"])
    return StoredObject("result", parts["result"])


def file_path(file: TempFile) -> str:
    """The path of a temporary file on the storage host."""
    return f"/orgvue/temporary%2bfiles/{file.id}.{file.target_type}"


class Storage:
    """Answers requests for presigned URLs; `on_api_host` says at whose door a request knocked."""

    def __init__(self, service: SandboxService, jobs: Jobs) -> None:
        self._service = service
        self._jobs = jobs

    def authorise(self, request: web.BaseRequest, *, expired: bool = False) -> None:
        """Raises a Refusal unless the raw target is one that was signed here for this method, and not too long ago."""
        request_id = new_id()
        if "Authorization" in request.headers:
            message = "Only one auth mechanism allowed; the signature in the query string is one"
            raise xml_error(400, "InvalidArgument", message, request_id)
        content_type = raw_header(request.raw_headers, "Content-Type") or ""
        now = time.time()
        match self._service.signer.verify(request.method, request.raw_path, now, content_type):
            case "unsigned":
                raise xml_error(403, "AccessDenied", "Access Denied", request_id)
            case "mismatch":
                message = "The request signature we calculated does not match the signature you provided."
                raise xml_error(403, "SignatureDoesNotMatch", message, request_id)
            case "expired":
                expired = True
            case "valid":
                pass
        if expired:
            server_time = f"<ServerTime>{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}</ServerTime>"
            raise xml_error(403, "AccessDenied", "Request has expired", request_id, server_time)

    async def answer(
        self, request: web.BaseRequest, place: StoredObject, seen: Observed, *, on_api_host: bool
    ) -> Answer:
        """Does what the (authorised) request asks."""
        match place.step:
            case "upload" | "tempget":
                file = await self._file(place.id)
                if on_api_host and self._service.options.store == "redirect":
                    return self.redirect(request, file_path(file), file)
                if place.step == "upload":
                    return await self._upload(request, file, seen, may_be_chunked=on_api_host)
                return await self._download(request, file)
            case "poll":
                return await self._ticket(place.id)
            case "result":
                return await self._result(request, place.id)

    def redirect(self, request: web.BaseRequest, path: str, file: TempFile | None = None) -> Answer:
        """307 to another presigned URL for the same thing, on the storage host; before a body was read, as S3 does."""
        uploads = request.method == "PUT" and file is not None
        content_type = PAYLOAD_TYPES[file.target_type] if uploads and file else ""
        ttl = self._service.options.url_ttl
        target = self._service.signer.target(request.method, path, time.time(), ttl, content_type)
        body = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>TemporaryRedirect</Code></Error>'
        headers = {"Location": self._service.storage_origin + target, "Content-Type": "application/xml"}
        return Answer(307, body, headers)

    async def elsewhere(self, request: web.BaseRequest, place: StoredObject) -> Answer:
        """A redirect for a request that could have been answered here."""
        file = await self._file(place.id) if place.step in ("upload", "tempget") else None
        path = file_path(file) if file else request.raw_path.partition("?")[0].removeprefix("/moved")
        return self.redirect(request, f"/moved{path}", file)

    async def _file(self, file_id: str) -> TempFile:
        file = await self._service.data(self._service.state.file, file_id)
        if file is None or file.expires <= time.time():
            raise _missing()
        return file

    async def _upload(
        self, request: web.BaseRequest, file: TempFile, seen: Observed, *, may_be_chunked: bool
    ) -> Answer:
        if seen.framing == "chunked" and not may_be_chunked:
            message = "A header you provided implies functionality that is not implemented: Transfer-Encoding"
            raise xml_error(501, "NotImplemented", message, new_id())
        if seen.framing == "none":
            message = "You must provide the Content-Length HTTP header."
            raise xml_error(411, "MissingContentLength", message, new_id())
        destination = self._service.object_path(file.id)
        part = destination.with_name(f"{file.id}.{new_id()}.part")
        try:
            await receive_file(request, part, seen)
            await anyio.to_thread.run_sync(part.replace, destination)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lambda: part.unlink(missing_ok=True))
        await self._service.data(self._service.state.fill_file, file.id, PAYLOAD_TYPES[file.target_type])
        return Answer(200, b"", {"x-amz-request-id": new_id()})

    async def _download(self, request: web.BaseRequest, file: TempFile) -> Answer:
        headers = {"Content-Type": file.content_type or PAYLOAD_TYPES[file.target_type]}
        if file.encoding:
            headers["Content-Encoding"] = file.encoding
        return await _serve_file(request, self._service.object_path(file.id), headers)

    async def _ticket(self, job_id: str) -> Answer:
        job = await self._jobs.read(job_id)
        if job is None:
            raise _missing()
        reads = await self._service.data(self._service.state.count_read, job_id)
        if reads <= self._service.options.ticket_missing_reads:
            raise _missing()
        return Answer(200, orjson.dumps(self._jobs.ticket(job)), {"Content-Type": JSON})

    async def _result(self, request: web.BaseRequest, job_id: str) -> Answer:
        job = await self._jobs.read(job_id)
        if job is None or job.status != "completed":
            raise _missing()
        headers = {"Content-Type": result_type(job)}
        if encoding := result_encoding(self._service):
            headers["Content-Encoding"] = encoding
        return await _serve_file(request, self._service.result_path(job_id), headers)


async def _serve_file(request: web.BaseRequest, path: Path, headers: dict[str, str]) -> Answer:
    try:
        status = await anyio.to_thread.run_sync(path.stat)
    except FileNotFoundError:
        raise _missing() from None
    size = status.st_size
    headers = {**headers, "Accept-Ranges": "bytes", "x-amz-request-id": new_id()}
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not asked or asked[0] == "bytes=-":
        return Answer(200, FileSlice(path, 0, size), headers)
    first = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    last = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    if first > last:
        message = "The requested range is not satisfiable"
        refusal = xml_error(416, "InvalidRange", message, new_id(), f"<ActualObjectSize>{size}</ActualObjectSize>")
        refusal.answer.headers["Content-Range"] = f"bytes */{size}"
        raise refusal
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Answer(HTTPStatus.PARTIAL_CONTENT, FileSlice(path, first, last - first + 1), headers)


def _missing() -> Refusal:
    return xml_error(404, "NoSuchKey", "The specified key does not exist.", new_id())
