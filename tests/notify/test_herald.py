import json
from dataclasses import replace

import pytest

from bulkimport.errors import StateError
from bulkimport.model import DatasetStatus, Heartbeat, Notification, NotifyEvent, Outlets, RunStatus, Secret
from bulkimport.notify import Herald
from bulkimport.notify.herald import END_SECONDS, START_SECONDS, STOPPED_SECONDS
from tests.notify.support import logged
from tests.report.examples import SUCCEEDED, ended, run_of
from tests.support.clock import FakeClock
from tests.support.listeners import Listener, listening
from tests.support.vocabulary import a_config
from tests.test_channels import channel_of


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a process takes long to start."""
    for name in ("START_SECONDS", "END_SECONDS"):
        monkeypatch.setattr(f"bulkimport.notify.herald.{name}", 100.0)


def herald(web: Listener, *channels: tuple[NotifyEvent, ...]) -> Herald:
    notifications = tuple(Notification(Secret(f"{channel_of(web.address)}{n}"), on) for n, on in enumerate(channels))
    base = f"{web.address}/uuid"
    heartbeat = Heartbeat(Secret(f"{base}/start"), Secret(base), Secret(f"{base}/fail"))
    outlets = Outlets(notifications, heartbeat)
    config = replace(a_config(), path="a.yaml", outlets=outlets)
    return Herald(config, "run-1", FakeClock(), lambda text: text.replace("people", "***"))


async def test_start_and_success_are_pinged_in_this_order() -> None:
    async with logged():
        with listening() as web:
            own = herald(web)
            async with own.accompany():
                pass
            await own.tell(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED), recovered=False)
    assert web.targets == ["/uuid/start", "/uuid"]


async def test_only_who_wants_to_know_is_told_and_redacted() -> None:
    async with logged():
        with listening() as web:
            own = herald(web, ("failure",), ("refusal",), ("success", "recovery"))
            await own.tell(run_of(ended(DatasetStatus.REFUSED, "people")), recovered=False)
    posts = [one for one in web.heard if one.method == "POST"]
    assert [one.target for one in posts] == ["/s3cret-hook1"]
    assert "- ***: refused" in json.loads(posts[0].body)["message"]
    assert "/uuid/fail" in web.targets


async def test_a_recovery_is_told_once_to_who_wants_success_as_well() -> None:
    async with logged():
        with listening() as web:
            await herald(web, ("success", "recovery"), ("recovery",), ("failure",)).tell(
                run_of(SUCCEEDED, status=RunStatus.SUCCEEDED), recovered=True
            )
    assert sorted(one.target for one in web.heard if one.method == "POST") == ["/s3cret-hook0", "/s3cret-hook1"]


async def test_a_breakdown_is_told_and_goes_on_as_it_was() -> None:
    async with logged():
        with listening() as web, pytest.raises(StateError, match="The disk is full"):
            async with herald(web, ("failure",)).accompany():
                raise StateError("The disk is full.")
    assert web.targets[0] == "/uuid/start"
    assert sorted(web.targets[1:]) == ["/s3cret-hook0", "/uuid/fail"]
    (post,) = [one for one in web.heard if one.method == "POST"]
    assert "The disk is full." in json.loads(post.body)["message"]


def test_after_a_signal_there_is_less_time() -> None:
    assert STOPPED_SECONDS < END_SECONDS
    assert START_SECONDS + END_SECONDS < 60
