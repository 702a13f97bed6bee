"""Apprise, as this program uses it."""

import json
import logging

import pytest

from bulkimport import channels
from tests.support.listeners import listening, mail_server, text_of


def channel_of(address: str) -> str:
    """The URL by which Apprise posts JSON to an address, with a password in it."""
    return address.replace("http://", "json://ops:s3cret-pass@") + "/s3cret-hook"


def test_a_message_arrives_by_web_as_it_was_written() -> None:
    with listening() as web:
        assert channels.deliver(channel_of(web.address), "A title", "- people: failed\n<b>&", "failure") is None
    (heard,) = web.heard
    document = json.loads(heard.body)
    assert (heard.method, heard.target) == ("POST", "/s3cret-hook")
    assert (document["title"], document["message"], document["type"]) == (
        "A title",
        "- people: failed\n<b>&",
        "failure",
    )


def test_a_message_arrives_by_mail() -> None:
    with mail_server() as box:
        assert channels.deliver(box.url, "A title", "- people: failed\nNext: do it", "success") is None
    (message,) = box.messages
    assert message["To"] == "ops@here.example"
    assert "A title" in text_of(message)
    assert "- people: failed" in text_of(message)


def test_a_service_that_says_no_is_told_without_any_part_of_the_url() -> None:
    with listening(500) as web:
        reason = channels.deliver(channel_of(web.address), "A title", "A body", "failure")
    assert reason is not None
    assert "500" in reason
    for part in ("s3cret", "ops", "127.0.0.1", web.address):
        assert part not in reason


def test_a_service_that_is_not_there_is_told_as_well() -> None:
    with listening() as web:
        url = channel_of(web.address)
    reason = channels.deliver(url, "A title", "A body", "failure")
    assert reason
    assert "s3cret" not in reason


def test_urls_that_mean_something_name_their_service() -> None:
    assert channels.service_of("mailto://mail.example?from=a@b.example&to=c@b.example") == "E-Mail"
    assert channels.service_of("nonsense://x") is None
    assert channels.service_of("slack://") is None
    assert channels.deliver("nonsense://x", "A title", "A body", "failure") is not None


def test_its_own_log_is_heard_by_nobody() -> None:
    heard: list[logging.LogRecord] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    root, handler = logging.getLogger(), Ear()
    root.addHandler(handler)
    try:
        assert channels.service_of("mailto://ops:s3cret-pass@") is None
    finally:
        root.removeHandler(handler)
    assert heard == []


@pytest.mark.parametrize(
    ("url", "text", "shown"),
    [
        ("slack://T1JJ3T3L2/a%20b/#chan", "No to T1JJ3T3L2 in a b, nor #chan", "No to … in …, nor #…"),
        ("mailto://u:pa%40ss@h.example?to=a", "login PA@SS refused at h.example\n now", "login … refused at … now"),
    ],
)
def test_every_part_of_a_url_but_its_scheme_is_taken_out(url: str, text: str, shown: str) -> None:
    assert channels.without_parts(url, text) == shown
