import asyncio
import io
import json
import logging
import os
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bulkimport.log import RUN_STARTED, LogFormat, LogLevel, LogOutput, Redactor, configure, logger
from bulkimport.log.pipeline import is_coloured

NOW = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Logs:
    """Opens a log and shows what came out of it."""

    def __init__(self, folder: Path) -> None:
        self.stream = io.StringIO()
        self.run_log = folder / "run.log"
        self.redactor = Redactor(["the-secret-token"])
        self.output: LogOutput | None = None

    def open(self, log_format: LogFormat = "json", level: LogLevel = "info") -> LogOutput:
        self.output = configure(
            log_format, level, self.redactor, run_log=self.run_log, stream=self.stream, now=lambda: NOW
        )
        return self.output

    def shown(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def text(self) -> str:
        assert self.output is not None
        self.output.close()
        return self.stream.getvalue()

    def kept(self) -> list[dict[str, Any]]:
        assert self.output is not None
        self.output.close()
        return [json.loads(line) for line in self.run_log.read_text().splitlines()]


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    logs = Logs(tmp_path)
    yield logs
    if logs.output is not None:
        logs.output.close()


def test_events_carry_time_level_name_and_what_was_bound(logs: Logs) -> None:
    logs.open().bind(run_id="R1")
    logger().bind(dataset="people").warning("request.retried", attempt=2, trace_id="Root=1-2")
    assert logs.text() == (
        '{"timestamp":"2026-11-23T02:00:00.123Z","level":"warning","event":"request.retried","run_id":"R1",'
        '"dataset":"people","attempt":2,"trace_id":"Root=1-2"}\n'
    )


@pytest.mark.parametrize(
    ("level", "on_stream", "in_file"),
    [
        ("debug", ["debug", "info", "warning", "error", "error"], ["debug", "info", "warning", "error", "error"]),
        ("info", ["info", "warning", "error", "error"], ["info", "warning", "error", "error"]),
        ("warning", ["warning", "error", "error"], ["info", "warning", "error", "error"]),
        ("error", ["error", "error"], ["info", "warning", "error", "error"]),
    ],
)
def test_the_run_log_keeps_at_least_the_info_level(
    logs: Logs, level: LogLevel, on_stream: list[str], in_file: list[str]
) -> None:
    logs.open(level=level)
    for method in ("debug", "info", "warning", "error", "critical"):
        getattr(logger(), method)("something")
    assert [event["level"] for event in logs.shown()] == on_stream
    assert [event["level"] for event in logs.kept()] == in_file


def test_the_console_is_for_people_and_the_run_log_for_programs(logs: Logs) -> None:
    logs.open("console")
    logger().info(RUN_STARTED, sandbox=True)
    assert logs.text() == "02:00:00Z info    run.started sandbox=true\n"
    assert logs.kept()[0]["sandbox"] is True


def test_no_secret_reaches_any_output(logs: Logs) -> None:
    output = logs.open(level="debug")
    output.bind(note="the-secret-token")
    log = logger().bind(url="https://store/x?X-Amz-Signature=abcdef")
    log.info("the-secret-token", headers={"Authorization": ["Bearer the-secret-token"]}, **{"the-secret-token": 1})
    try:
        raise ValueError("rejected the-secret-token at https://store/x?X-Amz-Signature=abcdef")
    except ValueError:
        log.exception("failed")
    logging.getLogger("aiohttp.client").warning("sent %s", "the-secret-token")
    output.line("plain the-secret-token")
    for text in (logs.text(), logs.run_log.read_text()):
        assert "the-secret-token" not in text
        assert "abcdef" not in text
        assert "redacted" in text


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_an_exception_is_a_sentence_and_its_traceback_only_for_debugging(tmp_path: Path, log_format: LogFormat) -> None:
    seen = {}
    levels: tuple[LogLevel, ...] = ("info", "debug")
    for level in levels:
        logs = Logs(tmp_path / level)
        logs.open(log_format, level)
        try:
            raise KeyError("people")
        except KeyError as error:
            logger().error("unexpected", exc_info=error)
            logger().exception("unexpected")
        seen[level] = logs.text()
        assert ("Traceback" in logs.run_log.read_text()) == (level == "debug")
    assert seen["info"].count("KeyError: 'people'") == 2
    assert "Traceback" not in seen["info"]
    assert seen["debug"].count("Traceback") == 2


def test_the_libraries_own_warnings_arrive_in_the_same_form(logs: Logs) -> None:
    logs.open()
    library = logging.getLogger("asyncio")
    library.info("not this")
    library.warning("slow %s", "callback")
    unfit_record = library.makeRecord("asyncio", logging.CRITICAL, __file__, 1, "does not %d fit", ("it",), None)
    logging.getLogger().handlers[-1].handle(unfit_record)  # past pytest's own handler, which raises
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("odd", UserWarning, stacklevel=1)
    slow, unfit, odd = logs.shown()
    assert (slow["level"], slow["event"], slow["logger"]) == ("warning", "slow callback", "asyncio")
    assert (unfit["level"], unfit["event"]) == ("error", "does not %d fit")
    assert "UserWarning: odd" in odd["event"]


@pytest.mark.parametrize(
    "record",
    [
        ("Unknown child process pid %d, will report returncode 255", 7),
        ("child process pid %d exit status already read:  will report returncode 255", 7),
        ("Loop %r that handles pid %r is closed", object(), 7),
    ],
)
def test_that_a_process_ended_while_it_was_being_closed_is_nobodys_business(
    record: tuple[object, ...], logs: Logs
) -> None:
    logs.open()
    logging.getLogger("asyncio").warning(*record)
    assert logs.shown() == []


def test_closing_gives_logging_back_and_later_events_go_nowhere(logs: Logs) -> None:
    before = list(logging.getLogger().handlers)
    with logs.open():
        assert logging.getLogger().handlers != before
    assert logging.getLogger().handlers == before


def test_a_logger_made_before_follows_a_later_configuration(logs: Logs) -> None:
    log = logger()
    logs.open()
    log.info("first")
    assert logs.shown()[0]["event"] == "first"


def test_nothing_is_printed_where_logging_was_not_set_up(logs: Logs, capsys: pytest.CaptureFixture[str]) -> None:
    logger().error("before")
    logs.open().close()
    logger().bind(dataset="people").error("after")
    assert capsys.readouterr() == ("", "")


def test_recording_may_begin_once_the_run_has_a_folder(logs: Logs, tmp_path: Path) -> None:
    output = logs.open()
    logger().info("early")
    output.record_to(tmp_path / "runs" / "R1" / "run.log")
    logger().info("late")
    output.close()
    assert [event["event"] for event in logs.kept()] == ["early"]
    assert "late" in (tmp_path / "runs" / "R1" / "run.log").read_text()


async def test_logging_on_the_event_loop_never_blocks_it(logs: Logs) -> None:
    logs.open()
    for number in range(100):
        logger().info("tick", number=number)
        await asyncio.sleep(0)
    assert logs.output is not None
    await logs.output.aclose()
    kept = [json.loads(line)["number"] for line in (await asyncio.to_thread(logs.run_log.read_text)).splitlines()]
    assert kept == list(range(100))


def test_a_stream_and_a_disk_that_fail_cost_log_lines_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1) as stream:
        output = configure("json", "info", Redactor(), run_log=tmp_path / "file" / "run.log", stream=stream)
        logger().info("nobody hears this")
        output.close()
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)  # so that closing the stream has somewhere to write


def test_lines_that_the_run_log_lacks_are_told_on_the_stream(logs: Logs) -> None:
    logs.run_log.mkdir()
    logs.open()
    logger().info("one")
    logger().info("two")
    assert [(event["event"], event.get("lines")) for event in logs.shown()] == [
        ("one", None),
        ("two", None),
        ("log.lost", 2),
    ]


def test_lines_for_people_go_through_live_progress_while_it_is_there(logs: Logs) -> None:
    printed: list[str] = []
    output = logs.open("console")
    output.print_through(printed.append)
    logger().info("one")
    output.line("two")
    output.close()
    assert printed == ["02:00:00Z info    one", "two"]
    assert logs.stream.getvalue() == ""


@pytest.mark.parametrize(
    ("stream", "environ", "coloured"),
    [
        (_Terminal(), {"TERM": "xterm"}, True),
        (_Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (_Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (_Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_colours_need_a_terminal_and_respect_no_color(
    stream: io.StringIO, environ: dict[str, str], coloured: bool
) -> None:
    assert is_coloured(stream, environ) is coloured


def test_a_closed_stream_has_no_colours() -> None:
    stream = io.StringIO()
    stream.close()
    assert not is_coloured(stream, {})
