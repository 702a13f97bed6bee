from dataclasses import replace

from bulkimport.errors import StateError
from bulkimport.model import DatasetStatus, ErrorReport, RunStatus, Stage
from bulkimport.notify.events import events_of
from bulkimport.notify.message import MOST_DATASETS, Message, message_about, message_about_breakdown
from bulkimport.report.facts import RunFacts
from bulkimport.wording import Typed
from tests.report.examples import BLOCKED, EXPIRED, PARTIAL, SUCCEEDED, ended, run_of

RUN = "20261123T020000Z-7f3a"


def told(run: RunFacts, *, recovered: bool = False) -> Message:
    return message_about(run, events_of(run, recovered=recovered), "night.example")


def test_a_failure_names_what_needs_attention_the_gravest_first_and_the_next_commands() -> None:
    message = told(run_of(SUCCEEDED, BLOCKED, PARTIAL, ended(DatasetStatus.FAILED, "people", EXPIRED)))
    assert message.title == "bulkimport: 3 of 4 datasets need attention (configs/all.yaml)"
    assert message.tone == "failure"
    assert message.body.splitlines() == [
        f"Run {RUN} of configs/all.yaml on night.example: failed after 3m 10s.",
        "- people: failed (stage import, 40302, ApiTokenExpired)",
        "- training: partial (stage result)",
        "- links: blocked (by people)",
        f"What happened and what to do: bulkimport status {RUN} --config configs/all.yaml",
        f"Once corrected, only what did not succeed: bulkimport run configs/all.yaml --failed {RUN}",
    ]


def test_nobody_elses_words_are_in_it() -> None:
    error = ErrorReport(
        Stage.GUARD,
        "Key 4711 of Anna Muster is there twice.",
        "Ask Anna.",
        code="a b",
        name="Anna Muster",
        trace_id="T",
    )
    message = told(run_of(replace(ended(DatasetStatus.REFUSED, "people", error), warnings=("Anna Muster",))))
    assert message.tone == "warning"
    for text in ("Anna", "4711", "a b"):
        assert text not in message.title + message.body


def test_of_many_only_the_first_are_named() -> None:
    body = told(run_of(*(ended(DatasetStatus.FAILED, f"d{n}") for n in range(MOST_DATASETS + 3)))).body
    assert body.count(": failed") == MOST_DATASETS + 1  # the run itself
    assert "… and 3 more" in body


def test_a_stopped_run_says_so_and_how_to_go_on() -> None:
    message = told(run_of(ended(DatasetStatus.CANCELLED), SUCCEEDED, status=RunStatus.INTERRUPTED))
    assert message.title.startswith("bulkimport: the run was stopped")
    assert f"bulkimport run configs/all.yaml --resume {RUN}" in message.body


def test_success_and_recovery_are_a_line_each() -> None:
    run = run_of(SUCCEEDED, status=RunStatus.SUCCEEDED)
    success, recovery = told(run), told(run, recovered=True)
    assert success.title == "bulkimport: 1 dataset refreshed (configs/all.yaml)"
    assert recovery.title == "bulkimport: all datasets are in order again (configs/all.yaml)"
    assert success.body == recovery.body == f"Run {RUN} of configs/all.yaml on night.example: succeeded after 3m 10s."
    assert success.tone == "success"


def test_the_sandbox_says_so_in_title_and_text() -> None:
    message = told(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED, sandbox=True))
    assert message.title.startswith("SANDBOX")
    assert message.body.startswith("SANDBOX: ")


def test_a_breakdown_says_what_is_known_and_how_to_go_on() -> None:
    typed = Typed("my file.yaml", "s")
    known = message_about_breakdown(RUN, typed, "h", StateError("The disk is full."), sandbox=False)
    assert "The disk is full." in known.body
    assert f"bulkimport run 'my file.yaml' --resume {RUN} --state-dir s" in known.body
    assert f"bulkimport status {RUN} --config 'my file.yaml' --state-dir s" in known.body
    defect = message_about_breakdown(RUN, Typed("a.yaml"), "h", ValueError("Anna Muster"), sandbox=True)
    assert "ValueError" in defect.body
    assert "Anna" not in defect.body
    assert defect.title.startswith("SANDBOX")
