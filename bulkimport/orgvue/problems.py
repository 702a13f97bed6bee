"""From answers and failures to errors: the service's words, cleaned of markup and secrets, and what they mean."""

import re
from dataclasses import dataclass

import orjson

from bulkimport.errors import AmbiguousError, ServiceError, TenantError, UnavailableError
from bulkimport.orgvue.hints import TENANT_HINTS, hint_for
from bulkimport.orgvue.requests import Answer, Request
from bulkimport.retry import Failure, RequestKind, Verdict, judge_answer, judge_failure
from bulkimport.wording import safe_text

AMBIGUOUS = "The import may or may not be running."
AMBIGUOUS_HINT = "Nothing was sent twice. Look at the dataset in Orgvue before importing it again."
EXPIRED_HINT = "The file's life is 15 minutes. A fresh one is needed."
STORE_HINT = "The object storage behind Orgvue refused this. If it lasts, give support the code and the time."


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error answer says: the service's code and name, and its message, safe to show."""

    code: str | None = None
    name: str | None = None
    message: str = ""

    def __str__(self) -> str:
        title = " ".join(filter(None, (self.name, f"({self.code})" if self.code and self.code != self.name else None)))
        return ": ".join(filter(None, (title, self.message)))


def read_complaint(answer: Answer) -> Complaint:
    """Whatever the answer's body says, in the API's JSON, the storage's XML or a gateway's web page."""
    body = answer.body.lstrip()
    if body.startswith((b"{", b"[")):
        return _from_json(body)
    text = body.decode("utf-8", "replace")
    if "<Error>" in text:
        code, message = _xml_element(text, "Code"), _xml_element(text, "Message")
        return Complaint(code, None, message or "")
    return Complaint(message=_quoted(text, is_page="<" in text[:1]))


def _from_json(body: bytes) -> Complaint:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Complaint(message="an incomplete error document")
    fields = document if isinstance(document, dict) else {"errors": document}
    errors = fields.get("errors") or fields.get("error") or [fields]
    found = [error for error in (errors if isinstance(errors, list) else [errors]) if isinstance(error, dict)]
    if not found:
        return Complaint(message=safe_text(str(errors)))
    # Of several errors, one that concerns the tenant decides what the others are worth.
    found.sort(key=lambda error: str(error.get("code")) not in TENANT_HINTS)
    messages = dict.fromkeys(safe_text(str(error["message"])) for error in found if error.get("message"))
    return Complaint(_plain(found[0].get("code")), _plain(found[0].get("name")), "; ".join(messages))


def _plain(value: object) -> str | None:
    return safe_text(str(value))[:80] if isinstance(value, (str, int)) and value != "" else None


def _xml_element(text: str, name: str) -> str | None:
    match = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return safe_text(match[1]) if match else None


def _quoted(text: str, *, is_page: bool) -> str:
    if is_page:
        text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<!--.*?-->", " ", text)
        text = re.sub(r"<[^>]*>?", " ", text)
    text = safe_text(text)
    return f"a web page: {text!r}" if is_page and text else repr(text) if text else ""


def error_of_answer(request: Request, answer: Answer) -> tuple[ServiceError, Verdict]:
    """The error that an answer to `request` amounts to, and whether it may pass."""
    complaint = read_complaint(answer)
    verdict = judge_answer(request.kind, answer.status, complaint.code)
    said = f"answered {answer.status}" + (f" {complaint}" if str(complaint) else "")
    who = "the object storage" if request.kind is RequestKind.STORE else "Orgvue"
    kind, meaning, hint = _consequence(request, answer.status, complaint.code, verdict)
    error = kind(
        f"Could not {request.step}: {who} {_sentence(said)} {meaning}",
        hint=hint,
        stage=request.stage,
        http_status=answer.status,
        code=complaint.code,
        name=complaint.name,
        trace_id=answer.trace_id,
        retryable=verdict in (Verdict.RETRY, Verdict.EXPIRED),
    )
    return error, verdict


def _consequence(
    request: Request, status: int, code: str | None, verdict: Verdict
) -> tuple[type[ServiceError], str, str]:
    """The class of the error, what it means for the data, and what to do."""
    if verdict is Verdict.AMBIGUOUS:
        return AmbiguousError, AMBIGUOUS, AMBIGUOUS_HINT
    if verdict is Verdict.EXPIRED:
        return request.expired, request.meaning, EXPIRED_HINT
    if verdict is Verdict.MISSING:
        return request.missing, request.meaning, EXPIRED_HINT
    kind = UnavailableError if verdict is Verdict.RETRY else ServiceError
    if request.kind is RequestKind.STORE:
        return kind, request.meaning, STORE_HINT
    if code in TENANT_HINTS or (status == 401 and code is None):
        kind = TenantError
    return kind, request.meaning, hint_for(status, code, about_dataset="/datasets/" in request.url.raw_path)


def error_of_failure(
    request: Request, failure: Failure, reason: str, *, answer: Answer | None = None, hint: str = ""
) -> tuple[ServiceError, Verdict]:
    """The error for a request without a usable answer; `reason` completes "Could not …: " and names no URL."""
    verdict = judge_failure(request.kind, failure)
    ambiguous = verdict is Verdict.AMBIGUOUS
    kind: type[ServiceError] = AmbiguousError if ambiguous else UnavailableError
    error = kind(
        f"Could not {request.step}: {_sentence(reason)} {AMBIGUOUS if ambiguous else request.meaning}",
        hint=AMBIGUOUS_HINT if ambiguous else hint or "Check the network and run again; nothing needs to be repaired.",
        stage=request.stage,
        http_status=answer.status if answer else None,
        trace_id=answer.trace_id if answer else None,
        retryable=verdict is Verdict.RETRY,
    )
    return error, verdict


def given_up(error: ServiceError, *, attempts: int, reason: str) -> ServiceError:
    """The error of the last attempt, telling how many there were and why there are no more."""
    kind = type(error) if isinstance(error, TenantError) else UnavailableError
    tries = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    return kind(
        f"{error.message} Given up after {tries}, as {reason}.",
        hint=error.hint,
        stage=error.stage,
        http_status=error.http_status,
        code=error.code,
        name=error.name,
        trace_id=error.trace_id,
        retryable=True,
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
