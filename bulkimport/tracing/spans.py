"""From what happens in a run to spans, named by OpenTelemetry's semantic conventions.

Attributes hold names, numbers, statuses and Orgvue's trace ids: no keys, no values, nobody's messages, and of a URL
the host and, for the tenant's API, the template of its path.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from bulkimport.model import ErrorReport, RunStatus
from bulkimport.orgvue.requests import Sending
from bulkimport.refresh.driver import STAGES
from bulkimport.refresh.machine import Refresh, State
from bulkimport.report.facts import RunFacts

_stage_of_task: ContextVar[Span | None] = ContextVar("bulkimport_stage", default=None)


@dataclass(slots=True)
class _Refresh:
    """The open spans of one dataset."""

    span: Span
    state: State | None = None
    stage: Span | None = None
    ended: bool = False


class RunSpans:
    """Implements `Spans` with a tracer."""

    def __init__(self, tracer: Tracer, run_id: str, config: str) -> None:
        self._tracer = tracer
        self._run = tracer.start_span("run", attributes={"bulkimport.run_id": run_id, "bulkimport.config": config})
        self._refreshes: dict[str, _Refresh] = {}

    def state_changed(self, name: str, state: State) -> None:
        refresh = self._refresh(name)
        if refresh.state is state:
            return
        self._end_stage(refresh)
        attributes: dict[str, AttributeValue] = {"bulkimport.dataset": name}
        stage = STAGES[state]
        if stage is not None:
            attributes["bulkimport.stage"] = stage.value
        refresh.state, refresh.stage = state, self._start(state.value, refresh.span, attributes)
        _stage_of_task.set(refresh.stage)

    def ended(self, name: str, refresh: Refresh) -> None:
        """Also for a refresh that is left for a resume, which has no status."""
        spans = self._refresh(name)
        attributes: dict[str, AttributeValue] = {
            "bulkimport.status": refresh.status.value if refresh.status else "left",
            "bulkimport.attempts": refresh.attempts,
            **{f"bulkimport.items.{kind}": count for kind, count in asdict(refresh.items).items()},
        }
        if refresh.trace_ids:
            attributes["bulkimport.orgvue.trace_ids"] = refresh.trace_ids
        if refresh.payload is not None:
            attributes |= {"bulkimport.rows": refresh.payload.rows, "bulkimport.payload.bytes": refresh.payload.bytes}
        if refresh.error is not None:
            attributes |= _error_attributes(refresh.error)
        spans.span.set_attributes(attributes)
        failed = Status(StatusCode.ERROR) if refresh.error is not None else None
        self._end_stage(spans, failed)
        _end(spans.span, failed)
        spans.ended = True

    def run_ended(self, run: RunFacts) -> None:
        self._run.set_attributes(
            {
                "bulkimport.status": run.status.value,
                "bulkimport.command": run.command,
                "bulkimport.sandbox": run.sandbox,
                "bulkimport.requests": run.requests,
                "bulkimport.throttled": run.throttled,
                **{f"bulkimport.datasets.{status}": count for status, count in run.counts().items()},
            }
        )
        self.close(None if run.status is RunStatus.SUCCEEDED else Status(StatusCode.ERROR))

    def close(self, status: Status | None) -> None:
        """Ends whatever is still open, at a breakdown too."""
        for refresh in self._refreshes.values():
            if not refresh.ended:
                self._end_stage(refresh, status)
                _end(refresh.span, status)
        self._refreshes.clear()
        if self._run.is_recording():
            _end(self._run, status)

    @contextmanager
    def request(self, sending: Sending) -> Iterator["_RequestSpan"]:
        attributes: dict[str, AttributeValue] = {
            "http.request.method": sending.method,
            "server.address": sending.host,
            "url.scheme": sending.scheme,
            "bulkimport.step": sending.step,
        }
        if sending.port is not None:
            attributes["server.port"] = sending.port
        if sending.template is not None:
            attributes["url.template"] = sending.template
        if sending.resends:
            attributes["http.request.resend_count"] = sending.resends
        name = f"{sending.method} {sending.template}" if sending.template else sending.method
        span = self._start(name, _stage_of_task.get() or self._run, attributes, SpanKind.CLIENT)
        status: Status | None = None
        try:
            answer = _RequestSpan(span)
            yield answer
            status = answer.status
        except BaseException as error:
            span.set_attribute("error.type", type(error).__qualname__)
            status = Status(StatusCode.ERROR)
            raise
        finally:
            _end(span, status)

    def _refresh(self, name: str) -> _Refresh:
        if name not in self._refreshes:
            span = self._start("refresh", self._run, {"bulkimport.dataset": name})
            self._refreshes[name] = _Refresh(span)
        return self._refreshes[name]

    def _start(
        self, name: str, parent: Span, attributes: dict[str, AttributeValue], kind: SpanKind = SpanKind.INTERNAL
    ) -> Span:
        return self._tracer.start_span(name, trace.set_span_in_context(parent), kind, attributes)

    def _end_stage(self, refresh: _Refresh, status: Status | None = None) -> None:
        if refresh.stage is not None:
            _end(refresh.stage, status)
        refresh.stage = None


class _RequestSpan:
    """Implements `WatchedRequest`."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.status: Status | None = None

    def answered(self, status: int, trace_id: str | None) -> None:
        self._span.set_attribute("http.response.status_code", status)
        if trace_id:
            self._span.set_attribute("bulkimport.orgvue.trace_id", trace_id)
        if status >= 400:
            self._span.set_attribute("error.type", str(status))
            self.status = Status(StatusCode.ERROR)


def _end(span: Span, status: Status | None) -> None:
    if status is not None:
        span.set_status(status)
    span.end()


def _error_attributes(error: ErrorReport) -> dict[str, AttributeValue]:
    """Which kind of error it was, not what it says."""
    status = str(error.http_status) if error.http_status else None
    found = {
        "error.type": error.name or error.code or status or (error.stage.value if error.stage else "_OTHER"),
        "bulkimport.error.stage": error.stage.value if error.stage else None,
        "bulkimport.error.code": error.code,
        "bulkimport.error.trace_id": error.trace_id,
    }
    return {key: value for key, value in found.items() if value}
