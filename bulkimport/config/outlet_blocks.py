"""Where a run tells how it went: `notify`, `heartbeat`, `metrics` and `telemetry`."""

from typing import Annotated

from pydantic import Field

from bulkimport.config import values
from bulkimport.config.expectations import choice
from bulkimport.config.shapes import Block, OneOrMore
from bulkimport.model import NotifyEvent, Secret


class NotifyBlock(Block):
    url: Annotated[Secret | None, values.CHANNEL_URL] = Field(
        None, description="The channel as an Apprise URL, which holds its credentials: best ${ALERT_URL}.", repr=False
    )
    url_file: Annotated[str | None, values.FILE_PATH] = Field(
        None, description="A file whose first line is that URL, in place of `url`."
    )
    on: Annotated[
        list[Annotated[NotifyEvent, choice("failure", "recovery", "refusal", "success")]],
        OneOrMore("an event or a list of them: failure, recovery, refusal, success"),
    ] = Field(
        ["failure", "recovery", "refusal"],
        description="What it is told: failure, recovery, refusal, success.",
    )


class HeartbeatBlock(Block):
    url: Annotated[Secret | None, values.WEB_URL] = Field(
        None,
        description="Pinged when a run succeeded; URL/start when one starts, URL/fail when one did not succeed.",
        repr=False,
    )
    url_file: Annotated[str | None, values.FILE_PATH] = Field(
        None, description="A file whose first line is that URL, in place of `url`."
    )
    start: Annotated[Secret | None, values.WEB_URL.or_null()] = Field(
        None, description="Another URL for the start; null for none.", repr=False
    )
    success: Annotated[Secret | None, values.WEB_URL.or_null()] = Field(
        None, description="Another URL for success; null for none.", repr=False
    )
    failure: Annotated[Secret | None, values.WEB_URL.or_null()] = Field(
        None, description="Another URL for failure; null for none.", repr=False
    )


class MetricsBlock(Block):
    textfile: Annotated[str | None, values.PROM_FILE.or_null()] = Field(
        None, description="Where to write gauges for Prometheus at the end of a run, relative to this file."
    )


class TelemetryBlock(Block):
    otlp_endpoint: Annotated[str | None, values.OTLP_ENDPOINT.or_null()] = Field(
        None, description="Send traces to this OTLP/HTTP collector; /v1/traces is added."
    )
    headers: dict[Annotated[str, values.HEADER_NAME], Annotated[Secret, values.HEADER_VALUE]] = Field(
        {}, description="Headers for the collector, such as its own token.", repr=False
    )
