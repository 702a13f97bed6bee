"""Spans as a real collector gets them."""

import asyncio
import os
import signal
import threading
from collections.abc import Mapping

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bulkimport import extras
from bulkimport.model import RunStatus, Secret, Telemetry
from bulkimport.refresh.machine import State
from bulkimport.tracing import exporting, open_tracing
from tests.notify.support import logged
from tests.report.examples import SUCCEEDED, run_of
from tests.support.listeners import Listener, listening
from tests.support.program import eventually

NOWHERE: dict[str, str] = {}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the exporter takes long."""
    monkeypatch.setattr(exporting, "FLUSH_SECONDS", 100.0)


def spans_of(web: Listener) -> list[Span]:
    return [
        span
        for one in web.heard
        if one.target == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(one.body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def resource_of(web: Listener) -> dict[str, str]:
    (resource,) = ExportTraceServiceRequest.FromString(web.heard[0].body).resource_spans
    return {pair.key: pair.value.string_value for pair in resource.resource.attributes}


async def traced(telemetry: Telemetry, environ: Mapping[str, str] = NOWHERE) -> bool:
    """Whether tracing was on; if so, for a run of one dataset."""
    async with open_tracing(telemetry, environ, "run-1", "a.yaml") as spans:
        if spans is not None:
            spans.state_changed("people", State.READING)
            spans.run_ended(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED))
        return spans is not None


async def test_a_collector_gets_spans_headers_and_who_sends_them() -> None:
    with listening() as web:
        assert await traced(Telemetry(web.address, (("x-key", Secret("abc")),)))
    assert {one.target for one in web.heard} == {"/v1/traces"}
    assert web.heard[0].headers["x-key"] == "abc"
    assert web.heard[0].headers["content-type"] == "application/x-protobuf"
    assert {span.name for span in spans_of(web)} == {"run", "refresh", "reading"}
    assert resource_of(web)["service.name"] == "bulkimport"
    assert resource_of(web)["service.version"]


async def test_without_a_collector_there_is_no_tracing() -> None:
    assert not await traced(Telemetry())


async def test_the_environment_names_a_collector_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as web:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": web.address,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=from-environment",
            "OTEL_SERVICE_NAME": "nightly",
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)  # the exporter reads them itself
        assert await traced(Telemetry(), environ)
        assert not await traced(Telemetry(), environ | {"OTEL_SDK_DISABLED": "true"})
    assert web.heard[0].headers["x-key"] == "from-environment"
    assert resource_of(web)["service.name"] == "nightly"


async def test_a_variable_of_the_machine_demands_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras._LIBRARIES, "otel", "no_such_library")
    async with logged() as log:
        assert not await traced(Telemetry(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
        (said,) = log.events(1)
    assert (said["event"], said["level"]) == ("traces.off", "info")
    assert "bulkimport[otel]" in said["message"]


async def test_a_variable_that_makes_no_sense_switches_tracing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    async with logged() as log:
        assert not await traced(Telemetry("http://127.0.0.1:1"))
        (said,) = log.events(1)
    assert (said["event"], said["level"]) == ("traces.off", "warning")


async def test_a_signal_ends_the_wait_for_a_collector_and_nothing_else() -> None:
    with listening() as web:
        web.held.clear()
        async with open_tracing(Telemetry(web.address), NOWHERE, "run-1", "a.yaml"):
            helper = threading.Thread(target=_interrupt_once, args=(web,))
            helper.start()
        await asyncio.to_thread(helper.join)
        await let_go(web)
    assert web.targets == ["/v1/traces"]


async def let_go(web: Listener) -> None:
    """Lets the thread that nobody waited for come to its end, before it says something into another test.

    It tells the loop that it is done, so the loop has to go on meanwhile.
    """
    web.held.set()
    for thread in threading.enumerate():
        if thread.name == "bulkimport traces":
            await asyncio.to_thread(thread.join, 60)
            assert not thread.is_alive()


def _interrupt_once(web: Listener) -> None:
    eventually(lambda: web.heard, "the collector hangs")
    os.kill(os.getpid(), signal.SIGTERM)


async def test_a_collector_that_refuses_is_logged_once() -> None:
    with listening(400, 400, 400) as web:
        async with logged() as log:
            assert await traced(Telemetry(web.address))
            events = log.events(1)
    assert [one["event"] for one in events] == ["traces.incomplete"]
    assert events[0]["spans_lost"] == 3
    assert "400" in events[0]["error"]


async def test_a_collector_that_hangs_does_not_hold_the_run_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "FLUSH_SECONDS", 0.2)
    with listening() as web:
        web.held.clear()
        async with logged() as log:
            assert await traced(Telemetry(web.address))
            (said,) = log.events(1)
        await let_go(web)
    assert said["event"] == "traces.incomplete"
    assert "longer than 0.2 s" in said["error"]


async def test_a_run_that_breaks_down_is_traced_to_there() -> None:
    async def break_down(telemetry: Telemetry) -> None:
        async with open_tracing(telemetry, NOWHERE, "run-1", "a.yaml") as spans:
            assert spans is not None
            spans.state_changed("people", State.READING)
            raise OSError("disk")

    with listening() as web:
        with pytest.raises(OSError, match="disk"):
            await break_down(Telemetry(web.address))
        assert {span.name for span in spans_of(web)} == {"run", "refresh", "reading"}
