"""Answers before they become bytes on a socket: what the API and the storage host say."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import orjson

JSON = "application/json; charset=UTF-8"
CSV = "text/csv; charset=UTF-8"

_API_ERRORS: dict[str, tuple[int, str]] = {
    "AuthorizationHeaderEmpty": (401, "40101"),
    "ApiTokenInvalid": (401, "40102"),
    "BearerTokenNotFound": (401, "40103"),
    "PathParameterMustBeUUIDString": (400, "400603"),
    "ContentTypeIsNotImplemented": (415, "415001"),
    "Throttled": (429, "42901"),
    "QuotaExceeded": (429, "42902"),
    # The description gives no codes for what follows; the sandbox's own start with 9 so that nobody relies on them.
    "BadRequest": (400, "940000"),
    "NotFound": (404, "940400"),
    "MethodNotAllowed": (405, "940500"),
    "Conflict": (409, "940900"),
    "PayloadTooLarge": (413, "941300"),
    "Unprocessable": (400, "940001"),
    "InternalServerError": (500, "950000"),
}


@dataclass(frozen=True, slots=True)
class FileSlice:
    """`length` bytes of a file from `offset`."""

    path: Path
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and a body: bytes, part of a file, or a stream of unknown length."""

    status: int
    body: bytes | FileSlice | AsyncIterator[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    compressible: bool = False


class Refusal(Exception):  # noqa: N818 - an answer that cuts a request short, not a defect
    """Raised to answer with an error from anywhere in the handling of a request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(status: int, document: Any) -> Answer:
    """A JSON document, compressed if the caller accepts that."""
    return Answer(status, orjson.dumps(document), {"Content-Type": JSON}, compressible=True)


def api_error(name: str, message: str, headers: dict[str, str] | None = None, **more: Any) -> Refusal:
    """A refusal in the API's error format; `more` adds keys to the one error."""
    status, code = _API_ERRORS[name]
    body = orjson.dumps({"errors": [{"name": name, "code": code, "message": message, **more}]})
    return Refusal(Answer(status, body, {"Content-Type": JSON, **(headers or {})}, compressible=True))


def xml_error(status: int, code: str, message: str, request_id: str, detail: str = "") -> Refusal:
    """A refusal in the object store's error format; `detail` is further XML."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>{detail}"
        f"<RequestId>{escape(request_id)}</RequestId><HostId>sandbox</HostId></Error>"
    )
    return Refusal(Answer(status, body.encode(), {"Content-Type": "application/xml"}))
