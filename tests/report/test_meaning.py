from dataclasses import replace

import pytest

from bulkimport.model import DatasetStatus, RunStatus, Stage
from bulkimport.report.meaning import UNTOUCHED, for_the_data, next_commands, of_the_exit
from tests.report.examples import BLOCKED, EXPIRED, PARTIAL, SUCCEEDED, UNKNOWN, ended, run_of

RUN_ID = "20261123T020000Z-7f3a"


@pytest.mark.parametrize("stage", [None, Stage.SOURCE, Stage.GUARD, Stage.GENERATE, Stage.UPLOAD, Stage.IMPORT])
def test_up_to_a_refused_import_nothing_was_changed(stage: Stage | None) -> None:
    assert for_the_data(ended(DatasetStatus.FAILED, error=replace(EXPIRED, stage=stage))) == UNTOUCHED


@pytest.mark.parametrize("status", [DatasetStatus.REFUSED, DatasetStatus.BLOCKED, DatasetStatus.CANCELLED])
def test_what_was_never_submitted_changed_nothing(status: DatasetStatus) -> None:
    assert for_the_data(ended(status)) == UNTOUCHED


def test_a_failed_job_and_a_lost_one_claim_nothing() -> None:
    job = for_the_data(ended(DatasetStatus.FAILED, error=replace(EXPIRED, stage=Stage.POLL)))
    assert "does not say" in job
    lost = for_the_data(UNKNOWN)
    assert "may have been carried out, deletions included" in lost
    assert "1 created, 2 updated and 3,456 deleted" in lost


def test_the_other_endings_say_what_orgvue_holds() -> None:
    assert (
        for_the_data(SUCCEEDED) == for_the_data(ended(DatasetStatus.UNCHANGED)) == "Orgvue holds what the source holds."
    )
    assert "rejected 5 items" in for_the_data(PARTIAL)
    assert for_the_data(replace(SUCCEEDED, status=None)) == "It has not ended."


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (RunStatus.SUCCEEDED, "Exit code 0: every selected dataset is as its source."),
        (RunStatus.FAILED, "Exit code 1: 2 datasets did not succeed."),
        (RunStatus.INTERRUPTED, "The run was stopped before its end (exit code 130 after SIGINT, 143 after SIGTERM)."),
        (RunStatus.RUNNING, "The run has not ended."),
    ],
)
def test_the_exit_code_is_explained(status: RunStatus, text: str) -> None:
    assert of_the_exit(run_of(SUCCEEDED, PARTIAL, BLOCKED, status=status)) == text


def test_a_good_run_asks_for_nothing() -> None:
    assert next_commands(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED)) == []


def test_failures_are_repeated_and_unknown_ends_looked_at_again() -> None:
    commands = [command for _, command in next_commands(run_of(UNKNOWN, BLOCKED))]
    assert commands == [
        f"bulkimport run configs/all.yaml --resume {RUN_ID}",
        f"bulkimport run configs/all.yaml --failed {RUN_ID}",
    ]
    assert [command for _, command in next_commands(run_of(UNKNOWN))] == commands[:1]
    assert [command for _, command in next_commands(run_of(PARTIAL))] == commands[1:]


def test_an_interrupted_run_is_continued_and_nothing_else() -> None:
    run = replace(run_of(UNKNOWN, PARTIAL, status=RunStatus.INTERRUPTED), config="my config.yaml")
    assert next_commands(run) == [("Continue it", f"bulkimport run 'my config.yaml' --resume {RUN_ID}")]
