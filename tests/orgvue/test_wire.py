from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.orgvue.wire import (
    JobError,
    JobStatus,
    MalformedError,
    parse_datasets,
    parse_json,
    parse_location,
    parse_metadata,
    parse_ticket,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECRET = "https://store.example/t?X-Amz-Signature=5ecre7"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["get", "put", "_links", "self", "result", "url", "jobStatus", "errors", "properties", "key"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_document_is_more_than_malformed(document: object) -> None:
    for parse in (
        lambda d: parse_location(d, now=NOW),
        lambda d: parse_ticket(d, url=None),
        lambda d: parse_ticket(d, url=SECRET),
        parse_datasets,
        lambda d: parse_metadata(d, dataset_id="X"),
    ):
        with suppress(MalformedError):
            parse(document)


@given(st.binary(max_size=50))
def test_no_bytes_are_more_than_malformed(body: bytes) -> None:
    with suppress(MalformedError):
        parse_json(body)


def test_a_document_cut_short_is_told_from_a_strange_one() -> None:
    with pytest.raises(MalformedError, match="cut short") as caught:
        parse_json(b'{"get": "htt')
    assert not caught.value.is_json
    with pytest.raises(MalformedError, match="an array where a location was expected") as caught:
        parse_location(parse_json(b"[]"), now=NOW)
    assert caught.value.is_json


def test_a_location_lives_for_fifteen_minutes_unless_its_urls_say_otherwise() -> None:
    document = {"get": "https://s.example/g", "put": "https://s.example/p", "extra": 1}
    assert parse_location(document, now=NOW).expires_at == NOW + timedelta(minutes=15)


@pytest.mark.parametrize("signed_at", ["20261123T020000Z", "20261123T050000Z", "20200101T000000Z"])
def test_a_location_expires_with_the_first_of_its_urls_whatever_the_servers_clock_says(signed_at: str) -> None:
    document = {
        "get": f"https://s.example/g?X-Amz-Date={signed_at}&X-Amz-Expires=900",
        "put": f"https://s.example/p?X-Amz-Date={signed_at}&X-Amz-Expires=300",
    }
    assert parse_location(document, now=NOW).expires_at == NOW + timedelta(seconds=300)


@pytest.mark.parametrize("expiry", ["X-Amz-Expires=soon", "X-Amz-Expires=", f"X-Amz-Expires={10**20}", "Expires=7"])
def test_a_life_that_cannot_be_read_is_none(expiry: str) -> None:
    document = {"get": f"https://s.example/g?{expiry}", "put": "https://s.example/p"}
    assert parse_location(document, now=NOW).expires_at == NOW + timedelta(minutes=15)


def test_no_location_lives_longer_than_a_presigned_url_can() -> None:
    document = {name: f"https://s.example/{name}?X-Amz-Expires={10**12}" for name in ("get", "put")}
    assert parse_location(document, now=NOW).expires_at == NOW + timedelta(days=7)


def test_a_malformed_location_says_what_is_missing() -> None:
    with pytest.raises(MalformedError, match="a location without the text `put`"):
        parse_location({"get": SECRET}, now=NOW)


def test_a_url_that_cannot_be_used_is_named_but_not_shown() -> None:
    with pytest.raises(MalformedError, match="`put` URL cannot be used") as caught:
        parse_location({"get": SECRET, "put": "ftp://x/5ecre7"}, now=NOW)
    assert "5ecre7" not in str(caught.value)


def test_urls_do_not_show_in_a_repr() -> None:
    location = parse_location({"get": SECRET, "put": SECRET}, now=NOW)
    ticket = parse_ticket({"jobStatus": "created", "_links": {"result": {"url": SECRET}}}, url=SECRET)
    assert "5ecre7" not in repr(location) + repr(ticket)


def test_a_fresh_ticket() -> None:
    document = {
        "_links": {"self": {"url": SECRET, "contentType": "application/json", "type": "jobTicket"}},
        "jobStatus": "created",
        "_createdAt": "2026-11-23T02:00:00Z",
        "X-Amzn-Trace-Id": "Root=1-2-3",
    }
    ticket = parse_ticket(document, url=None)
    assert (ticket.url, ticket.status, ticket.trace_id) == (SECRET, JobStatus.CREATED, "Root=1-2-3")
    assert (ticket.result_url, ticket.errors, ticket.remark) == (None, (), None)


def test_a_fresh_ticket_without_its_url_is_worthless() -> None:
    with pytest.raises(MalformedError, match=r"_links\.self\.url"):
        parse_ticket({"jobStatus": "created"}, url=None)


def test_a_polled_ticket_need_not_repeat_its_url() -> None:
    assert parse_ticket({"jobStatus": "running"}, url=SECRET).url == SECRET


def test_a_completed_ticket_names_its_result() -> None:
    document = {"jobStatus": "completed", "_links": {"result": {"type": "downloadLink", "url": SECRET}}}
    ticket = parse_ticket(document, url="https://s.example/t")
    assert (ticket.status, ticket.result_url) == (JobStatus.COMPLETED, SECRET)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({}, ()),
        ({"errors": []}, ()),
        ({"errors": [{"name": "N", "code": "1", "message": "m"}]}, (JobError("N", "1", "m"),)),
        ({"errors": [{"name": "N", "code": 400603}]}, (JobError("N", "400603", "N"),)),
        ({"error": {"message": "m"}}, (JobError(None, None, "m"),)),
        ({"error": "it broke"}, (JobError(None, None, "it broke"),)),
        ({"error": {}}, ()),
    ],
)
def test_a_failed_ticket_gives_its_reasons_in_several_shapes(
    fields: dict[str, object], errors: tuple[JobError, ...]
) -> None:
    assert parse_ticket({"jobStatus": "failed", **fields}, url=SECRET).errors == errors


def test_a_job_that_quotes_a_token_or_a_signed_url_gives_neither_away() -> None:
    text = f"cannot read {SECRET}?X-Amz-Signature=5ecre7 with Bearer eyJhbGciOiJIUzI1NiJ9.5ecre7.5ecre7 {'x' * 999}"
    (error,) = parse_ticket({"jobStatus": "failed", "errors": [{"name": "N", "message": text}]}, url=SECRET).errors
    assert "5ecre7" not in error.message
    assert len(error.message) <= 200


def test_an_unknown_job_status_counts_as_running_and_is_remarked_on() -> None:
    ticket = parse_ticket({"jobStatus": "queued"}, url=SECRET)
    assert ticket.status is JobStatus.RUNNING
    assert ticket.remark is not None
    assert "'queued'" in ticket.remark


def test_a_list_of_datasets() -> None:
    found = parse_datasets([{"datasetId": "A", "name": "People", "type": "PEOPLE", "isPermissionedView": True, "x": 1}])
    assert [(d.dataset_id, d.name) for d in found] == [("A", "People")]


def test_metadata_maps_property_keys() -> None:
    document = {
        "name": "People",
        "type": "PEOPLE",
        "autoId": "employeeID",
        "cacheKey": 17,
        "properties": [{"key": "employeeID", "type": "text", "isAutoId": True, "isRequired": True}, {"key": "x"}],
    }
    metadata = parse_metadata(document, dataset_id="A")
    assert (metadata.dataset_id, metadata.auto_id, metadata.cache_key) == ("A", "employeeID", "17")
    assert {key: one.type for key, one in metadata.properties.items()} == {"employeeID": "text", "x": ""}
