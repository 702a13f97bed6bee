import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bulkimport.errors import (
    AmbiguousError,
    LocationExpiredError,
    ServiceError,
    TenantError,
    TicketExpiredError,
    UnavailableError,
)
from bulkimport.model import Stage
from bulkimport.orgvue.hints import OTHER_HINTS, TENANT_HINTS, hint_for
from bulkimport.orgvue.problems import Complaint, error_of_answer, error_of_failure, given_up, read_complaint
from bulkimport.orgvue.requests import Answer, Request
from bulkimport.retry import Failure, RequestKind, Verdict


def request(kind: RequestKind = RequestKind.API, path: str = "/api/v1/ACME/datasets") -> Request:
    return Request(
        step="list the tenant's datasets",
        stage=Stage.GENERATE,
        kind=kind,
        method="GET",
        url=URL(f"https://orgvue.example{path}"),
        meaning="Nothing was changed.",
        expired=TicketExpiredError,
        missing=LocationExpiredError,
    )


def api_answer(status: int, *errors: dict[str, object]) -> Answer:
    return Answer(status, {"X-Amzn-Trace-Id": "Root=1-2-3"}, orjson.dumps({"errors": list(errors)}))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"errors":[{"name":"N","code":"40302","message":"m"}]}', Complaint("40302", "N", "m")),
        (b'{"errors":[{"code":40302}]}', Complaint("40302", None, "")),
        (b'{"errors":[{"code":"1","message":"a"},{"code":"40302","message":"b"}]}', Complaint("40302", None, "b; a")),
        (b'{"error":{"name":"N"}}', Complaint(None, "N", "")),
        (b'{"message":"Too Many Requests"}', Complaint(None, None, "Too Many Requests")),
        (b'{"errors":["just text"]}', Complaint(None, None, "['just text']")),
        (b'{"errors":[{"na', Complaint(None, None, "an incomplete error document")),
        (b"[]", Complaint(None, None, "")),
        (
            b"<?xml?><Error><Code>SlowDown</Code><Message>Reduce it</Message><X>s</X></Error>",
            Complaint("SlowDown", None, "Reduce it"),
        ),
        (b"<Error><Code>A</Code></Error>", Complaint("A", None, "")),
        (b"<html><style>b{}</style><h1>Bad\nGateway</h1></html>", Complaint(None, None, "a web page: 'Bad Gateway'")),
        (b"upstream error", Complaint(None, None, "'upstream error'")),
        (b"", Complaint(None, None, "")),
        (b"\xff\xfe\x00", Complaint(None, None, "'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}'")),
    ],
)
def test_the_services_own_words_are_found_in_whatever_it_sends(body: bytes, complaint: Complaint) -> None:
    assert read_complaint(Answer(500, {}, body)) == complaint


@given(st.binary(max_size=200) | st.text(alphabet='<>{}[]":,/Error Code', max_size=60).map(str.encode))
def test_no_answer_is_too_strange_for_an_error(body: bytes) -> None:
    error, _ = error_of_answer(request(), Answer(502, {}, body))
    assert "answered 502" in error.message
    assert error.message.isprintable()


@pytest.mark.parametrize("code", sorted(set(TENANT_HINTS) - {"42902"}))
def test_an_authentication_error_concerns_the_tenant(code: str) -> None:
    answer = api_answer(int(code[:3]), {"name": "SomeName", "code": code, "message": "m"})
    error, verdict = error_of_answer(request(), answer)
    assert isinstance(error, TenantError)
    assert verdict is Verdict.FINAL
    assert (error.http_status, error.code, error.name, error.trace_id) == (
        int(code[:3]),
        code,
        "SomeName",
        "Root=1-2-3",
    )
    assert error.hint == TENANT_HINTS[code]
    assert not error.retryable


def test_the_message_says_what_where_and_what_it_means() -> None:
    answer = api_answer(403, {"name": "ApiTokenExpired", "code": "40302", "message": "The token has expired"})
    error, _ = error_of_answer(request(), answer)
    assert error.message == (
        "Could not list the tenant's datasets: Orgvue answered 403 ApiTokenExpired (40302): The token has expired."
        " Nothing was changed."
    )
    assert error.stage is Stage.GENERATE


def test_a_used_up_quota_concerns_the_tenant_and_is_not_throttling() -> None:
    error, verdict = error_of_answer(request(), api_answer(429, {"code": "42902", "name": "QuotaExceeded"}))
    assert isinstance(error, TenantError)
    assert verdict is Verdict.FINAL
    error, verdict = error_of_answer(request(), api_answer(429, {"code": "42901", "name": "Throttled"}))
    assert isinstance(error, UnavailableError)
    assert verdict is Verdict.RETRY


def test_a_bare_401_concerns_the_tenant_and_a_bare_403_may_not() -> None:
    assert isinstance(error_of_answer(request(), Answer(401, {}, b""))[0], TenantError)
    assert type(error_of_answer(request(), Answer(403, {}, b""))[0]) is ServiceError


def test_an_unknown_dataset_points_at_the_dataset_id() -> None:
    error, _ = error_of_answer(request(path="/api/v1/ACME/datasets/X"), Answer(404, {}, b""))
    assert "dataset_id" in error.hint
    error, _ = error_of_answer(request(), Answer(404, {}, b""))
    assert "base_url" in error.hint


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", TicketExpiredError),
        (400, "ExpiredToken", TicketExpiredError),
        (404, "NoSuchKey", LocationExpiredError),
        (503, "SlowDown", UnavailableError),
        (400, "EntityTooLarge", ServiceError),
    ],
)
def test_the_storages_refusals_become_what_the_request_makes_of_them(
    status: int, code: str, kind: type[ServiceError]
) -> None:
    body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
    error, _ = error_of_answer(request(RequestKind.STORE), Answer(status, {}, body))
    assert type(error) is kind
    assert error.code == code
    assert "the object storage answered" in error.message


@pytest.mark.parametrize("status", [200, 302, 408, 500, 503])
def test_an_import_without_a_usable_answer_is_ambiguous(status: int) -> None:
    error, _ = error_of_answer(request(RequestKind.IMPORT), Answer(status, {}, b"<html>"))
    assert isinstance(error, AmbiguousError)
    assert "may or may not be running" in error.message


def test_a_failure_after_sending_is_ambiguous_for_an_import_alone() -> None:
    error, _ = error_of_failure(request(RequestKind.IMPORT), Failure.LOST, "the line was cut")
    assert isinstance(error, AmbiguousError)
    error, _ = error_of_failure(request(), Failure.LOST, "the line was cut")
    assert isinstance(error, UnavailableError)
    assert error.message == "Could not list the tenant's datasets: the line was cut. Nothing was changed."


def test_giving_up_keeps_what_is_known_and_adds_how_often_and_why() -> None:
    error, _ = error_of_answer(request(), api_answer(503, {"code": "1", "name": "N", "message": "m"}))
    final = given_up(error, attempts=6, reason="every attempt was used")
    assert type(final) is UnavailableError
    assert final.message.endswith("Given up after 6 attempts, as every attempt was used.")
    assert (final.http_status, final.code, final.trace_id) == (503, "1", "Root=1-2-3")
    assert final.retryable


@given(
    st.integers(400, 599),
    st.none() | st.sampled_from([*TENANT_HINTS, *OTHER_HINTS, "999"]),
    st.booleans(),
)
def test_there_is_always_a_hint(status: int, code: str | None, about_dataset: bool) -> None:
    assert hint_for(status, code, about_dataset=about_dataset).endswith(".")
