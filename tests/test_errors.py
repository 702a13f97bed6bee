"""Errors as a part of the product: what they report, and that they survive the way from a worker process."""

import pickle
from pathlib import Path

import pytest

from bulkimport import errors
from bulkimport.errors import (
    NOTHING_SENT,
    BulkimportError,
    ConfigError,
    ConfigProblem,
    GuardError,
    ServiceError,
    SourceError,
    StateError,
)
from bulkimport.model import ErrorReport, Stage

SERVICE = {
    "hint": "h",
    "stage": Stage.UPLOAD,
    "http_status": 403,
    "code": "40302",
    "name": "ApiTokenExpired",
    "trace_id": "Root=1-a",
    "retryable": True,
}


def service_errors() -> list[type[ServiceError]]:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, ServiceError)]
    assert len(classes) > 5
    return classes


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (BulkimportError("m", hint="h"), None),
        (BulkimportError("m", hint="h", stage=Stage.POLL), Stage.POLL),
        (GuardError("m", hint="h"), Stage.GUARD),
        (StateError("m", hint="h"), None),
    ],
)
def test_an_error_reports_its_words_and_its_stage(error: BulkimportError, stage: Stage | None) -> None:
    assert error.report() == ErrorReport(stage, "m", "h")
    assert str(error) == "m"


def test_a_source_error_reports_that_nothing_was_sent() -> None:
    assert SourceError("m", "h", "people.csv", 7).report() == ErrorReport(Stage.SOURCE, "m", f"h {NOTHING_SENT}")
    assert SourceError("m").report() == ErrorReport(Stage.SOURCE, "m", NOTHING_SENT)


def test_what_reads_sources_leaves_it_to_the_report_to_say_so() -> None:
    package = Path(errors.__file__).parent
    of_other_errors = {"sources/choice.py", "payload/spool.py"}
    by_hand = [
        str(path.relative_to(package))
        for folder in ("sources", "payload")
        for path in (package / folder).rglob("*.py")
        if "NOTHING_SENT" in (text := path.read_text()) or "othing was sent" in text
    ]
    assert set(by_hand) == of_other_errors


@pytest.mark.parametrize("kind", service_errors())
def test_a_service_error_reports_what_the_service_said(kind: type[ServiceError]) -> None:
    assert kind("m", **SERVICE).report() == ErrorReport(message="m", **SERVICE)  # type: ignore[arg-type]  # mixed values


@pytest.mark.parametrize(
    "error",
    [
        SourceError("m", "h", "people.csv", 7),
        GuardError("m", hint="h"),
        StateError("m", hint="h", stage=Stage.RESULT),
        ServiceError("m", **SERVICE),  # type: ignore[arg-type]  # mixed values
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_whole_out_of_another_process(error: BulkimportError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert copy.report() == error.report()
    assert vars(copy) == vars(error)


def test_a_config_error_lists_all_problems_in_the_order_of_the_file() -> None:
    late = ConfigProblem("all.yaml", 12, "datasets[0].key", "is missing")
    early = ConfigProblem("all.yaml", 3, "tenant", "is missing")
    error = ConfigError([late, early, ConfigProblem("all.yaml", 0, "", "cannot be read")])
    assert str(error) == (
        "all.yaml: cannot be read\nall.yaml:3: tenant: is missing\nall.yaml:12: datasets[0].key: is missing"
    )
    assert "nothing was sent" in error.hint


def test_every_error_is_in_the_tree_that_the_module_shows() -> None:
    names = [
        one.__name__ for one in vars(errors).values() if isinstance(one, type) and issubclass(one, BulkimportError)
    ]
    assert errors.__doc__ is not None
    assert [name for name in names if name not in errors.__doc__] == []
