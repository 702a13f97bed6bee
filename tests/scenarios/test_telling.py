"""Who else is told of a run: real mail, web, Prometheus and OpenTelemetry servers listen to the whole program."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bulkimport import extras
from bulkimport.notify import delivery, heartbeat, herald
from bulkimport.tracing import exporting
from tests.scenarios.checks import SECRETS, assert_no_secret, assert_sound_summary
from tests.support.listeners import Listener, Mailbox, listening, mail_server, text_of
from tests.support.program import Workplace, at_work, eventually, fault, people, seed
from tests.test_channels import channel_of
from tests.test_metrics import parsed, value
from tests.tracing.test_exporting import spans_of

PERSONAL = "Anna Muster"
EVERYTHING = ["failure", "recovery", "refusal", "success"]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a process takes long to start."""
    for name in ("START_SECONDS", "END_SECONDS", "STOPPED_SECONDS"):
        monkeypatch.setattr(herald, name, 100.0)
    monkeypatch.setattr(exporting, "FLUSH_SECONDS", 100.0)


@contextmanager
def signal_when(happened: Callable[[], object], number: signal.Signals) -> Iterator[None]:
    """Sends the program, which runs in this process, a signal as soon as something has happened."""

    def wait_and_send() -> None:
        eventually(happened, "the moment for the signal")
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=wait_and_send)
    thread.start()
    yield
    thread.join()


def tell(work: Workplace, web: Listener, box: Mailbox | None = None) -> Path:
    """Adds everybody to the config; returns the text file."""
    textfile = work.folder / "out.prom"
    mail = [{"url": box.url, "on": "recovery"}] if box is not None else []
    work.settings |= {
        "notify": [{"url": channel_of(web.address), "on": EVERYTHING}, *mail],
        "heartbeat": {"url": f"{web.address}/s3cret-uuid"},
        "metrics": {"textfile": "out.prom"},
        "telemetry": {"otlp_endpoint": web.address, "headers": {"x-key": "s3cret-key"}},
    }
    return textfile


def posts(web: Listener) -> list[dict[str, Any]]:
    """The notifications so far."""
    return [json.loads(one.body) for one in web.heard if one.target == "/s3cret-hook"]


def pings(web: Listener) -> list[str]:
    return [target for target in web.targets if "uuid" in target]


def test_a_bad_night_and_the_next_one_are_told_to_everybody(tmp_path: Path) -> None:
    rows = [{"id": "4711", "name": PERSONAL}, *people(3)]
    seeds = [seed("good"), seed("many", [{"id": "4712", "name": PERSONAL}, *people(30)]), seed("bad")]
    with at_work(tmp_path, *seeds) as (work, sandbox), listening() as web, mail_server() as box:
        textfile = tell(work, web, box)
        for name in ("good", "many"):
            work.add(name, rows)
        work.add("bad", None)
        first = work.run()
        assert (first.code, first.statuses) == (1, {"good": "succeeded", "many": "refused", "bad": "failed"})
        assert_sound_summary(first.document)
        assert first.document["requests"] == len(sandbox.requests)
        (message,) = posts(web)
        assert message["title"].startswith("bulkimport: 2 of 3 datasets need attention")
        assert "- bad: failed (stage source)" in message["message"]
        assert f"bulkimport run {work.config} --failed {first.document['run_id']}" in message["message"]
        assert pings(web) == ["/s3cret-uuid/start", "/s3cret-uuid/fail"]
        assert box.messages == []
        samples = parsed(textfile.read_bytes())
        assert value(samples, "dataset_status", dataset="many", status="refused") == 1
        assert value(samples, "run_requests") == first.document["requests"]
        check_spans(web, first.document)

        work.source("many", people(30))
        work.source("bad", people(2))
        second = work.run("--failed")
        assert second.code == 0, second.err
        assert posts(web)[1]["title"].startswith("bulkimport: all datasets are in order again")
        assert pings(web)[2:] == ["/s3cret-uuid/start", "/s3cret-uuid"]
        (mail,) = box.messages
        assert "in order again" in text_of(mail)
        samples = parsed(textfile.read_bytes())
        assert value(samples, "dataset_status", dataset="good", status="succeeded") == 1
        assert value(samples, "run_datasets", status="succeeded") == 2
        sent = [one.body for one in web.heard] + [text_of(mail).encode(), textfile.read_bytes()]
        for content in sent:
            for secret in (PERSONAL, "4711", "4712", "Person 1", "s3cret"):
                assert secret.encode() not in content
            assert not SECRETS.search(content.decode("utf-8", "replace"))
        assert all(one.headers.get("authorization", "Basic").startswith("Basic") for one in web.heard)
        assert "s3cret" not in first.err + first.out + second.err + second.out
        assert_no_secret(work, first, second)
        assert not [name for name, content in work.written().items() if b"s3cret" in content]


def check_spans(web: Listener, document: dict[str, Any]) -> None:
    """Every request is a span within a stage within a dataset within the run, and knows Orgvue's trace id."""
    spans = spans_of(web)
    by_id = {span.span_id: span for span in spans}
    attributes = {span.span_id: {pair.key: pair.value for pair in span.attributes} for span in spans}
    requests = [span for span in spans if "http.request.method" in attributes[span.span_id]]
    assert len(requests) == document["requests"]
    run = next(span for span in spans if not span.parent_span_id)
    for request in requests:
        stage = by_id[request.parent_span_id]
        assert by_id[by_id[stage.parent_span_id].parent_span_id] is run
    imports = [span for span in requests if span.name.endswith("/items/import")]
    assert [attributes[span.span_id]["http.response.status_code"].int_value for span in imports] == [202]
    trace_id = attributes[imports[0].span_id]["bulkimport.orgvue.trace_id"].string_value
    assert trace_id in next(one["trace_ids"] for one in document["datasets"] if one["name"] == "good")
    statuses = {
        attributes[span.span_id]["bulkimport.dataset"].string_value: attributes[span.span_id]["bulkimport.status"]
        for span in spans
        if span.name == "refresh"
    }
    assert {name: status.string_value for name, status in statuses.items()} == {
        one["name"]: one["status"] for one in document["datasets"]
    }
    names = b" ".join(one.body for one in web.heard if one.target == "/v1/traces")
    assert b"/items/import" in names
    assert document["datasets"][0]["dataset_id"].encode() not in names


def test_nobody_listening_changes_nothing_about_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "WAITS", (0.01,))
    monkeypatch.setattr(heartbeat, "WAITS", (0.01,))
    with at_work(tmp_path, seed("people")) as (work, _):
        with listening() as web:
            tell(work, web)
        work.settings["metrics"] = {"textfile": "no/such/folder/out.prom"}
        work.add("people", people(3))
        found = work.run("--log-format", "json")
        assert found.code == 0, found.err
        assert_sound_summary(found.document)
        warned = [event["event"] for event in map(json.loads, found.err.splitlines()) if event["level"] == "warning"]
        warned.remove("config.warned")  # of the password in the config
        assert sorted(warned) == [
            *("heartbeat.failed", "heartbeat.failed"),
            *("metrics.failed", "notification.failed", "traces.incomplete"),
        ]
        assert json.loads(found.err.splitlines()[-1])["event"] == "run.finished"
        assert "s3cret" not in found.err


def test_a_run_that_is_stopped_tells_so_and_how_to_go_on(tmp_path: Path) -> None:
    stalled = [fault("upload", {"stall": 1000})]
    with at_work(tmp_path, seed("people"), faults=stalled) as (work, sandbox), listening() as web:
        tell(work, web)
        work.settings["timeouts"]["read"] = "1000s"
        work.add("people", people(3))
        with signal_when(lambda: any(one.step == "upload" for one in sandbox.requests), signal.SIGTERM):
            found = work.run()
        assert found.code == 143, found.err
        assert found.document["status"] == "interrupted"
        assert pings(web)[-1] == "/s3cret-uuid/fail"
        (message,) = posts(web)
        assert message["title"].startswith("bulkimport: the run was stopped")
        assert f"--resume {found.document['run_id']}" in message["message"]


def test_ctrl_c_while_a_channel_hangs_ends_the_telling_and_shows_the_result(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, _), listening() as web:
        web.held.clear()
        work.settings["notify"] = [{"url": channel_of(web.address) + "?rto=600", "on": "success"}]
        work.add("people", people(3))
        with signal_when(lambda: posts(web), signal.SIGINT):
            found = work.run()
    assert found.code == 0, found.err
    assert found.document["status"] == "succeeded"


def test_a_restore_is_told_to_nobody(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, _), listening() as web:
        work.add("people", people(4))
        assert work.run().code == 0
        tell(work, web)
        assert work.invoke("restore", "people", "--yes").code == 0
        assert set(web.targets) == {"/v1/traces"}
        assert not (work.folder / "out.prom").exists()


def test_a_missing_library_is_found_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras._LIBRARIES, "notify", "no_such_library")
    with at_work(tmp_path, seed("people")) as (work, sandbox):
        work.settings["notify"] = [{"url": "json://localhost"}]
        work.add("people", people(3))
        for command in ("check", "run"):
            found = work.invoke(command)
            assert found.code == 2
            assert "pip install 'bulkimport[notify]'" in " ".join(found.err.split())
        assert sandbox.requests == []
