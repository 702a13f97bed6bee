from collections.abc import Iterator
from io import StringIO
from typing import Any

import orjson
import pytest

from bulkimport.cli.observer import RunObserver
from bulkimport.log import Redactor, configure
from bulkimport.model import DatasetStatus, Stage
from bulkimport.progress import SilentProgress
from bulkimport.refresh.context import current_dataset
from bulkimport.refresh.machine import Refresh, State
from tests.support.vocabulary import a_payload, an_error


class Told(SilentProgress):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[Any, ...]] = []

    def ended(self, name: str, status: DatasetStatus, message: str = "") -> None:
        self.lines.append((name, status, message))


@pytest.fixture
def stream() -> Iterator[StringIO]:
    text = StringIO()
    with configure("json", "debug", Redactor(), stream=text):
        yield text


def events(stream: StringIO, count: int) -> list[dict[str, Any]]:
    """The log's lines, which another thread writes."""
    import time

    while stream.getvalue().count("\n") < count:
        time.sleep(0.001)
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_an_end_is_told_to_the_log_and_to_the_progress(stream: StringIO) -> None:
    progress = Told()
    observer = RunObserver(progress)
    observer.ended("people", Refresh(State.DONE, payload=a_payload(3), status=DatasetStatus.SUCCEEDED))
    error = an_error("It broke.", stage=Stage.UPLOAD, trace_id="Root=1-a")
    observer.ended("other", Refresh(State.DONE, status=DatasetStatus.FAILED, error=error))
    assert progress.lines == [
        ("people", DatasetStatus.SUCCEEDED, ""),
        ("other", DatasetStatus.FAILED, "It broke."),
    ]
    good, bad = events(stream, 2)
    assert (good["level"], good["dataset"], good["status"], good["rows"]) == ("info", "people", "succeeded", 3)
    assert (bad["level"], bad["stage"], bad["trace_id"], bad["error"]) == ("error", "upload", "Root=1-a", "It broke.")


def test_a_refresh_that_is_left_for_a_resume_has_not_ended(stream: StringIO) -> None:
    progress = Told()
    RunObserver(progress).ended("people", Refresh(State.POLLING))
    assert progress.lines == []
    (left,) = events(stream, 1)
    assert (left["event"], left["state"]) == ("refresh.left", "polling")


def test_a_defect_is_logged_with_its_traceback_but_without_secrets(stream: StringIO) -> None:
    try:
        raise ZeroDivisionError("https://store/x?X-Amz-Signature=abcdef0123456789")
    except ZeroDivisionError as error:
        RunObserver(Told()).defect("people", error)
    (defect,) = events(stream, 1)
    assert defect["event"] == "refresh.defect"
    assert "ZeroDivisionError" in orjson.dumps(defect).decode()
    assert "abcdef0123456789" not in orjson.dumps(defect).decode()


def test_a_wait_for_the_limiter_is_told_of_the_dataset_whose_task_waits() -> None:
    class Limited(SilentProgress):
        def limited(self, name: str, *, waits: bool) -> None:
            told.append((name, waits))

    told: list[tuple[str, bool]] = []
    observer = RunObserver(Limited())
    observer.limited(True)  # outside of any refresh
    token = current_dataset.set("people")
    observer.limited(True)
    observer.limited(False)
    current_dataset.reset(token)
    assert told == [("people", True), ("people", False)]
