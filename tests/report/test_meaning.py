from dataclasses import replace

import pytest

from bulkimport.model import DatasetStatus, RunStatus, Stage
from bulkimport.report.facts import DatasetFacts, RunFacts
from bulkimport.report.meaning import UNTOUCHED, for_the_data, next_commands, of_the_exit, to_type
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
        (
            RunStatus.INTERRUPTED,
            "The run was stopped before its end (exit code 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP).",
        ),
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


def test_what_a_plan_refuses_for_ever_is_not_repeated_under_it() -> None:
    command = "bulkimport plan configs/all.yaml --only people --save plan.json"
    error = replace(EXPIRED, stage=Stage.GUARD, hint=f"Make and read a new plan, then apply that one: {command}")
    refused = ended(DatasetStatus.REFUSED, error=error)
    assert typed(run_of(refused), refused) == ("Make and read a new plan, then apply that one:", command)
    assert next_commands(run_of(refused)) == []
    assert len(next_commands(run_of(refused, PARTIAL))) == 1


def test_an_interrupted_run_is_continued_and_nothing_else() -> None:
    run = replace(run_of(UNKNOWN, PARTIAL, status=RunStatus.INTERRUPTED), config="my config.yaml")
    assert next_commands(run) == [("Continue it", f"bulkimport run 'my config.yaml' --resume {RUN_ID}")]


def typed(run: RunFacts, dataset: DatasetFacts) -> tuple[str, str]:
    assert dataset.status is not None
    assert dataset.error is not None
    return to_type(run, [dataset.name], dataset.status, dataset.error)


def test_each_problem_has_the_command_that_ends_it() -> None:
    failed = ended(DatasetStatus.FAILED, "my people", EXPIRED)
    run = run_of(failed, UNKNOWN, BLOCKED, PARTIAL)
    again = f"bulkimport run configs/all.yaml --failed {RUN_ID}"
    assert typed(run, failed) == (EXPIRED.hint, f"{again} --only 'my people'")
    assert typed(run, PARTIAL) == ("Correct them.", f"{again} --only training")
    assert typed(run, BLOCKED) == ("Correct people.", f"{again} --only +links")
    assert typed(run, UNKNOWN) == ("Resume.", f"bulkimport run configs/all.yaml --resume {RUN_ID}")
    assert typed(run_of(failed, SUCCEEDED), failed) == (EXPIRED.hint, again)
    assert to_type(run_of(failed), ["a", "b"], DatasetStatus.FAILED, EXPIRED)[1] == f"{again} --only a,b"


def test_a_hint_that_ends_in_a_command_is_taken_at_its_word() -> None:
    command = "bulkimport run all.yaml --only people --allow-delete people=12"
    refused = ended(DatasetStatus.REFUSED, "people", replace(EXPIRED, hint=f"If that is right: {command}"))
    assert typed(run_of(refused), refused) == ("If that is right:", command)
    two = replace(EXPIRED, hint=f"See: {command}. Or: {command}")
    refused = ended(DatasetStatus.REFUSED, "people", two)
    assert typed(run_of(refused), refused)[0] == two.hint


def test_after_an_interruption_everything_is_resumed_and_a_restore_is_repeated() -> None:
    cancelled = ended(DatasetStatus.CANCELLED, "people", EXPIRED)
    run = run_of(cancelled, status=RunStatus.INTERRUPTED)
    assert typed(run, cancelled)[1] == f"bulkimport run configs/all.yaml --resume {RUN_ID}"
    restore = replace(run_of(cancelled), command="restore", follows="run-1")
    assert typed(restore, cancelled)[1] == "bulkimport restore configs/all.yaml people --run run-1"
