from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, RunStatus, Stage
from bulkimport.orgvue.requests import Sending
from bulkimport.refresh.machine import Refresh, State
from bulkimport.tracing.spans import RunSpans
from tests.report.examples import PARTIAL, SUCCEEDED, run_of
from tests.support.vocabulary import a_payload

SENDING = Sending(
    "PUT", "https", "orgvue.example", 443, "/api/v1/{tenant}/datasets/{dataset}/items/import", "submit", 2
)
DONE = Refresh(
    State.DONE, payload=a_payload(3), status=DatasetStatus.SUCCEEDED, items=ItemCounts(created=3), trace_ids=("Root=1",)
)


class Traced:
    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.spans = RunSpans(provider.get_tracer("test"), "run-1", "a.yaml")

    @property
    def finished(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def one(self, name: str, **attributes: object) -> ReadableSpan:
        wanted = {f"bulkimport.{key}": value for key, value in attributes.items()}
        (found,) = [
            span
            for span in self.finished
            if span.name == name and wanted.items() <= dict(span.attributes or {}).items()
        ]
        return found

    def parent_of(self, span: ReadableSpan) -> ReadableSpan | None:
        wanted = span.parent.span_id if span.parent else None
        return next((one for one in self.finished if one.context and one.context.span_id == wanted), None)


@pytest.fixture
def traced() -> Traced:
    return Traced()


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_a_request_lies_in_its_stage_that_in_its_dataset_that_in_the_run(traced: Traced) -> None:
    traced.spans.state_changed("people", State.READING)
    traced.spans.state_changed("people", State.SUBMITTING)
    with traced.spans.request(SENDING) as watched:
        watched.answered(202, "Root=1-a")
    traced.spans.ended("people", DONE)
    traced.spans.run_ended(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED))
    request = traced.one("PUT /api/v1/{tenant}/datasets/{dataset}/items/import")
    stage = traced.parent_of(request)
    assert stage is not None
    assert (stage.name, attributes(stage)["bulkimport.stage"]) == ("submitting", "import")
    dataset = traced.parent_of(stage)
    assert dataset is traced.one("refresh", dataset="people")
    assert traced.parent_of(dataset) is traced.one("run", run_id="run-1", status="succeeded")
    assert {span.name for span in traced.finished} == {request.name, "reading", "submitting", "refresh", "run"}
    assert {span.status.status_code for span in traced.finished} == {StatusCode.UNSET}


def test_a_request_has_the_names_of_the_semantic_conventions(traced: Traced) -> None:
    with traced.spans.request(SENDING) as watched:
        watched.answered(503, "Root=1-a")
    (request,) = traced.finished
    assert request.kind is SpanKind.CLIENT
    assert attributes(request) == {
        "http.request.method": "PUT",
        "server.address": "orgvue.example",
        "server.port": 443,
        "url.scheme": "https",
        "url.template": SENDING.template,
        "http.request.resend_count": 2,
        "http.response.status_code": 503,
        "error.type": "503",
        "bulkimport.step": "submit",
        "bulkimport.orgvue.trace_id": "Root=1-a",
    }
    assert request.status.status_code is StatusCode.ERROR


def test_a_request_without_an_answer_names_the_kind_of_its_error_alone(traced: Traced) -> None:
    store = Sending("GET", "https", "store.example", None, None, "read the ticket", 0)
    with pytest.raises(ConnectionError), traced.spans.request(store):
        raise ConnectionError("https://store.example/secret?X-Amz-Signature=abc")
    request = traced.one("GET")
    assert attributes(request)["error.type"] == "ConnectionError"
    assert "secret" not in request.to_json()


def test_the_same_stage_goes_on_as_one_span(traced: Traced) -> None:
    for _ in range(3):
        traced.spans.state_changed("people", State.POLLING)
    traced.spans.ended("people", DONE)
    assert [span.name for span in traced.finished] == ["polling", "refresh"]


def test_a_dataset_says_how_it_ended_without_anybodys_words(traced: Traced) -> None:
    error = ErrorReport(Stage.POLL, "Anna Muster is there twice", "Ask Anna", 400, "40001", "BadKey", "Root=1-b")
    traced.spans.state_changed("people", State.POLLING)
    traced.spans.ended("people", Refresh(State.DONE, status=DatasetStatus.FAILED, error=error))
    traced.spans.ended("blocked", Refresh(State.DONE, status=DatasetStatus.BLOCKED, error=error))
    failed = traced.one("refresh", dataset="people", status="failed")
    assert failed.status.status_code is StatusCode.ERROR
    assert attributes(failed)["error.type"] == "BadKey"
    assert attributes(failed)["bulkimport.error.trace_id"] == "Root=1-b"
    assert "Anna" not in "".join(span.to_json() for span in traced.finished)
    assert attributes(traced.one("refresh", dataset="blocked"))["bulkimport.status"] == "blocked"


def test_a_success_has_its_numbers_and_orgvues_trace_ids(traced: Traced) -> None:
    traced.spans.ended("people", DONE)
    found = attributes(traced.one("refresh", dataset="people"))
    assert found["bulkimport.rows"] == 3
    assert found["bulkimport.items.created"] == 3
    assert found["bulkimport.orgvue.trace_ids"] == ("Root=1",)


def test_what_is_left_open_ends_with_the_run(traced: Traced) -> None:
    traced.spans.state_changed("people", State.UPLOADING)
    traced.spans.run_ended(run_of(PARTIAL))
    traced.spans.close(None)
    assert [span.name for span in traced.finished] == ["uploading", "refresh", "run"]
    assert attributes(traced.one("run"))["bulkimport.datasets.partial"] == 1
    assert traced.one("run").status.status_code is StatusCode.ERROR
