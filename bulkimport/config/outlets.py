"""Who is told of a run: the rules for `notify`, `heartbeat`, `metrics` and `telemetry`."""

from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from bulkimport import channels, extras
from bulkimport.config.credentials import first_line
from bulkimport.config.expectations import MismatchError
from bulkimport.config.outlet_blocks import HeartbeatBlock, MetricsBlock, NotifyBlock, TelemetryBlock
from bulkimport.config.paths import absolute
from bulkimport.config.problems import Problems
from bulkimport.config.shapes import Block
from bulkimport.config.tree import MappingNode, ScalarNode, SequenceNode
from bulkimport.config.validation import validate
from bulkimport.config.values import parse_channel_url, parse_web_url
from bulkimport.model import Heartbeat, Notification, Outlets, Secret, Telemetry

B = TypeVar("B", bound=Block)


def check_outlets(root: MappingNode, directory: str, problems: Problems, warnings: list[str]) -> Outlets:
    """What the main file says about them, incomplete if there are problems.

    Each block is looked at by itself, so that mistakes elsewhere hide nothing; what is wrong within a block the check
    of the whole file reports. A library that is not installed is a mistake here, not at the end of the night.
    """
    files = _SecretFiles(directory, problems, warnings)
    listed = root.get("notify")
    nodes = listed.items if isinstance(listed, SequenceNode) else []
    if nodes and (lack := extras.missing("notify")):
        problems.add(root.entries["notify"].place, f"notify {lack}")
        nodes = []
    notifications = [_notification(node, files) for node in nodes if isinstance(node, MappingNode)]
    metrics, telemetry = _block(MetricsBlock, root, "metrics"), _block(TelemetryBlock, root, "telemetry")
    for key, extra, is_wanted in (
        ("metrics", "metrics", metrics.textfile is not None),
        ("telemetry", "otel", telemetry.otlp_endpoint is not None),
    ):
        if is_wanted and (lack := extras.missing(extra)):
            problems.add(root.entries[key].place, f"{key} {lack}")
    return Outlets(
        notifications=tuple(one for one in notifications if one is not None),
        heartbeat=_heartbeat(root, files),
        textfile=None if metrics.textfile is None else absolute(directory, metrics.textfile),
        telemetry=Telemetry(telemetry.otlp_endpoint, tuple(telemetry.headers.items())),
    )


def _block(kind: type[B], root: MappingNode, key: str) -> B:
    """What stands under a key, if it is right; else the block's defaults."""
    node = root.get(key)
    found = validate(kind, node, Problems())[0] if isinstance(node, MappingNode) else None
    return found if found is not None else kind()


class _SecretFiles:
    """Resolves `url` and `url_file`, of which a block has one."""

    def __init__(self, directory: str, problems: Problems, warnings: list[str]) -> None:
        self._directory = directory
        self.problems = problems
        self.warnings = warnings

    def url(self, tree: MappingNode, url: Secret | None, file: str | None, *, is_channel: bool) -> Secret | None:
        """The URL, None where there is none or something is wrong with it."""
        node = tree.get("url_file")
        if "url" in tree.entries and "url_file" in tree.entries:
            self.problems.add(tree.entries["url_file"].place, "url and url_file exclude one another: keep one of them")
            return None
        if file is None or not isinstance(node, ScalarNode) or node.broken:
            return url
        path = Path(absolute(self._directory, file))
        text = first_line(path, "URL", node, self.problems, self.warnings)
        try:
            return None if text is None else parse_channel_url(text) if is_channel else parse_web_url(text)
        except MismatchError:
            kind = "an Apprise URL" if is_channel else "an http or https address"
            self.problems.add(node.place, f"the first line of {path} is not {kind}")
            return None


def _notification(tree: MappingNode, files: _SecretFiles) -> Notification | None:
    block, _ = validate(NotifyBlock, tree, Problems())
    if block is None:
        return None
    if not tree.entries.keys() & {"url", "url_file"}:
        files.problems.add(tree.place.inside("url"), "is missing: expected an Apprise URL, best ${ALERT_URL}")
    url = files.url(tree, block.url, block.url_file, is_channel=True)
    if url is None:
        return None
    written = tree.get("url") or tree.get("url_file")
    if isinstance(written, ScalarNode) and written.broken:
        return None
    place = written.place if written is not None else tree.place
    if channels.service_of(url.reveal()) is None:
        files.problems.add(place, "Apprise can make no sense of this URL; its documentation lists the services")
    is_literal = isinstance(written, ScalarNode) and written.is_literal and "url" in tree.entries
    if is_literal and urlsplit(url.reveal()).password:
        files.warnings.append(
            f"A password stands readable in {place.file}:{place.line}: put the URL into a variable or a url_file."
        )
    return Notification(url, tuple(dict.fromkeys(block.on)))


def _heartbeat(root: MappingNode, files: _SecretFiles) -> Heartbeat:
    tree, block = root.get("heartbeat"), _block(HeartbeatBlock, root, "heartbeat")
    if not isinstance(tree, MappingNode):
        return Heartbeat()
    url, written = files.url(tree, block.url, block.url_file, is_channel=False), block.model_fields_set
    return Heartbeat(
        start=block.start if "start" in written else _below(url, "start"),
        success=block.success if "success" in written else url,
        failure=block.failure if "failure" in written else _below(url, "fail"),
    )


def _below(url: Secret | None, word: str) -> Secret | None:
    """The URL with a word added to its path."""
    if url is None:
        return None
    parts = urlsplit(url.reveal())
    return Secret(parts._replace(path=f"{parts.path.rstrip('/')}/{word}").geturl())
