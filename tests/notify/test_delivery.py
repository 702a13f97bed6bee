import json

import anyio
import pytest

from bulkimport import channels
from bulkimport.model import Notification, Secret
from bulkimport.notify.delivery import WAITS, deliver
from bulkimport.notify.message import Message
from tests.notify.support import logged
from tests.support.clock import FakeClock
from tests.support.listeners import listening, mail_server, text_of
from tests.test_channels import channel_of

MESSAGE = Message("A title", "A body", "failure")
LONG = 60.0


def to(*urls: str) -> list[tuple[int, Notification]]:
    return [(number, Notification(Secret(url))) for number, url in enumerate(urls)]


async def test_every_channel_gets_the_message() -> None:
    async with logged() as log:
        with listening() as web, mail_server() as box:
            await deliver(MESSAGE, to(channel_of(web.address), box.url), FakeClock(), LONG)
            events = log.events(2)
    assert [json.loads(one.body)["title"] for one in web.heard] == ["A title"]
    assert "A body" in text_of(box.messages[0])
    assert {(one["event"], one["attempts"]) for one in events} == {("notification.sent", 1)}


async def test_what_was_not_taken_is_sent_again_a_few_times() -> None:
    clock = FakeClock()
    async with logged() as log:
        with listening(503, 503) as web:
            await deliver(MESSAGE, to(channel_of(web.address)), clock, LONG)
            (sent,) = log.events(1)
    assert (len(web.heard), sent["event"], sent["attempts"]) == (3, "notification.sent", 3)
    assert clock.sleeps == list(WAITS)


async def test_what_is_never_taken_is_logged_without_the_url() -> None:
    async with logged() as log:
        with listening(503, 503, 503, 503) as web:
            await deliver(MESSAGE, to(channel_of(web.address)), FakeClock(), LONG)
            (failed,) = log.events(1)
    assert (len(web.heard), failed["event"], failed["level"], failed["attempts"]) == (
        3,
        "notification.failed",
        "warning",
        3,
    )
    assert "503" in failed["error"]
    assert failed["channel"] == "notify[0]"
    assert "s3cret" not in json.dumps(failed)


async def test_a_channel_that_hangs_holds_up_no_other() -> None:
    with listening() as deaf, listening() as web:
        deaf.held.clear()
        urls = [channel_of(deaf.address) + "?rto=600"] * 3
        async with logged(), anyio.create_task_group() as group:
            group.start_soon(deliver, MESSAGE, to(*urls, channel_of(web.address)), FakeClock(), LONG)
            with anyio.fail_after(LONG):
                while not web.heard:
                    await anyio.sleep(0.01)
            group.cancel_scope.cancel()


async def test_a_channel_that_hangs_is_given_up() -> None:
    async with logged() as log:
        with listening() as deaf:
            deaf.held.clear()
            await deliver(MESSAGE, to(channel_of(deaf.address) + "?rto=600"), FakeClock(), 0.5)
            (failed,) = log.events(1)
    assert failed["event"] == "notification.failed"
    assert "longer than 0.5 s" in failed["error"]


async def test_a_defect_of_the_library_is_a_failure_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "deliver", int)  # takes no four arguments
    async with logged() as log:
        await deliver(MESSAGE, to("json://localhost"), FakeClock(), LONG)
        (failed,) = log.events(1)
    assert failed["error"] == "sending failed (TypeError)"
