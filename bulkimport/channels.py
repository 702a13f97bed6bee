"""Channels that people read, by URL, through Apprise: mail, Slack, Teams, PagerDuty and the rest.

Apprise is imported here alone and only when it is needed. It blocks, and what it logs may quote its URLs: `deliver` is
meant for a process of its own, whose log leads nowhere.
"""

import logging
import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

if TYPE_CHECKING:
    from apprise import NotifyBase

Tone = Literal["failure", "warning", "success"]

_NAME = "bulkimport"
_LONGEST_REASON = 300
_SHORTEST_PART = 2  # what is shorter is in every sentence


def service_of(url: str) -> str | None:
    """What the service behind a URL is called, such as `Slack`; None if Apprise cannot make sense of the URL."""
    _be_silent()
    service = _service(url)
    return None if service is None else str(service.service_name)


def deliver(url: str, title: str, body: str, tone: Tone) -> str | None:
    """Sends a plain text. None if the service took it, otherwise why not, without any part of the URL. Blocks."""
    from apprise import Apprise, NotifyFormat

    log, reasons = _be_silent(), _Reasons()
    service = _service(url)
    if service is None:
        return "Apprise can make no sense of the URL"
    channel = Apprise(asset=_asset())
    channel.add(service)
    log.addHandler(reasons)
    try:
        if channel.notify(body=body, title=title, notify_type=tone, body_format=NotifyFormat.TEXT):
            return None
    finally:
        log.removeHandler(reasons)
    reason = "; ".join(dict.fromkeys(reasons.texts)) or "the service did not take it"
    return without_parts(url, reason)[:_LONGEST_REASON]


def without_parts(url: str, text: str) -> str:
    """The text without anything that the URL holds but its scheme, whichever part of it may be a password."""
    rest = url.partition("://")[2]
    parts = {rest, *re.split(r"[/:@?&=#,;+\s]", rest)}
    parts |= {unquote(part) for part in parts}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) > _SHORTEST_PART:
            text = re.sub(re.escape(part), "…", text, flags=re.IGNORECASE)
    return " ".join(text.split())


def _service(url: str) -> "NotifyBase | None":
    from apprise import Apprise

    service = Apprise.instantiate(url, asset=_asset())
    return service if service is None or service.enabled else None


def _asset() -> Any:
    from apprise import AppriseAsset, PersistentStoreMode

    return AppriseAsset(
        app_id=_NAME, app_desc=_NAME, app_url="", async_mode=False, storage_mode=PersistentStoreMode.MEMORY
    )


def _be_silent() -> logging.Logger:
    """Apprise's own logger, from now on heard by nobody who is not asked for."""
    own = logging.getLogger("apprise")
    own.propagate = False
    if not own.handlers:
        own.addHandler(logging.NullHandler())
    return own


class _Reasons(logging.Handler):
    """Keeps what Apprise says about a failure."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
