"""Getting spans to their collector over OTLP/HTTP, beside the run and for a bounded time after it."""

import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.lowlevel import EventLoopToken, current_token

from bulkimport import __version__, extras
from bulkimport.alongside import alongside, cancel_at_signal
from bulkimport.log import logger
from bulkimport.model import Telemetry
from bulkimport.tracing.seam import Spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

FLUSH_SECONDS = 5.0
"""How long a collector that does not answer can hold up the end of a run."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@asynccontextmanager
async def open_tracing(
    telemetry: Telemetry, environ: Mapping[str, str], run_id: str, config: str
) -> AsyncIterator[Spans | None]:
    """The spans of a run, None where neither the config nor the environment names a collector.

    What cannot be exported is logged at the end and has no other consequence.
    """
    if not _is_wanted(telemetry, environ):
        yield None
        return
    losses = _Losses()
    # Importing and setting up reads files: not on the event loop.
    try:
        provider = await anyio.to_thread.run_sync(_provider, telemetry, environ, losses)
    except Exception as error:  # noqa: BLE001 - a variable that the library cannot read must not cost the run
        logger().warning("traces.off", error=error, hint="The run itself is not affected. Check telemetry and OTEL_….")
        yield None
        return
    from bulkimport.tracing.spans import RunSpans

    spans = RunSpans(provider.get_tracer("bulkimport", __version__), run_id, config)
    try:
        yield spans
    finally:
        spans.close(None)
        done = await _in_daemon(lambda: _shut_down(provider), FLUSH_SECONDS)
        losses.stop_listening()
        if losses.reason or not done:
            logger().warning(
                "traces.incomplete",
                spans_lost=losses.spans,
                error=losses.reason or f"the collector took longer than {FLUSH_SECONDS:g} s",
                hint="The run itself is not affected. Check telemetry.otlp_endpoint and whether the collector runs.",
            )


def _is_wanted(telemetry: Telemetry, environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if telemetry.otlp_endpoint is not None:
        return True
    named = next((name for name in _ENDPOINTS if environ.get(name)), None)
    if named is None:
        return False
    lack = extras.missing("otel")
    if lack:
        # A variable of the whole machine: not meant for this program alone, so no reason to refuse.
        logger().info("traces.off", message=f"{named} is set, but tracing {lack}")
    return not lack


def _provider(telemetry: Telemetry, environ: Mapping[str, str], losses: "_Losses") -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    class Exporter(OTLPSpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result = super().export(spans)
            if result is not SpanExportResult.SUCCESS:
                losses.spans += len(spans)
            return result

    attributes = {"service.version": __version__}
    if not environ.get("OTEL_SERVICE_NAME") and "service.name=" not in environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        attributes["service.name"] = "bulkimport"
    losses.listen()
    exporter = Exporter(
        endpoint=f"{telemetry.otlp_endpoint}/v1/traces" if telemetry.otlp_endpoint else None,
        headers={name: value.reveal() for name, value in telemetry.headers} or None,
    )
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _shut_down(provider: "TracerProvider") -> None:
    provider.force_flush()
    provider.shutdown()


async def _in_daemon(function: Callable[[], None], seconds: float) -> bool:
    """Whether the function came to its end in time. Its thread holds up neither the loop nor the end of the program."""
    done = anyio.Event()
    token = current_token()

    def perform() -> None:
        try:
            function()
        finally:
            _tell(token, done)

    threading.Thread(target=perform, name="bulkimport traces", daemon=True).start()
    with anyio.CancelScope(shield=True), anyio.move_on_after(seconds) as scope:
        async with alongside(cancel_at_signal, scope):
            await done.wait()
    return done.is_set()


def _tell(token: EventLoopToken, done: anyio.Event) -> None:
    try:
        anyio.from_thread.run_sync(done.set, token=token)
    except RuntimeError:  # the loop has ended: nobody waits any more
        return


class _Losses(logging.Handler):
    """Hears what OpenTelemetry logs, several lines a batch, and keeps the last reason."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.spans = 0
        self.reason = ""
        self._log = logging.getLogger("opentelemetry")

    def listen(self) -> None:
        self._log.addHandler(self)
        self._log.propagate = False

    def stop_listening(self) -> None:
        """What comes after the end is for nobody; without any handler Python would print it."""
        self._log.addHandler(logging.NullHandler())
        self._log.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.reason = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit the format
            self.reason = str(record.msg)
