import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, RunStatus, Stage
from bulkimport.report.facts import RunFacts
from bulkimport.report.layout import Layout
from bulkimport.report.meaning import SANDBOX_NOTICE, UNTOUCHED
from bulkimport.report.text import history_text, status_text, summary_text
from tests.report.examples import BLOCKED, EXPIRED, FINISHED, PARTIAL, STARTED, SUCCEEDED, TRACE, UNKNOWN, ended, run_of

WIDE = Layout(100)
FAILED = ended(DatasetStatus.FAILED, "people", EXPIRED)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_a_good_run_is_a_table_and_its_totals() -> None:
    people = replace(SUCCEEDED, name="people", rows=1_200_345, items=ItemCounts(1200, 30_000, 7, 2, 0), duration_s=65.2)
    assert summary_text(run_of(SUCCEEDED, people, status=RunStatus.SUCCEEDED), WIDE) == (
        "dataset    status          rows  created  updated  deleted  skipped  failed    time\n"
        "locations  succeeded         24        3       20        1        0       0     12s\n"
        "people     succeeded  1,200,345    1,200   30,000        7        2       0  1m 05s\n"
        "\n"
        "2 datasets in 3m 10s: 2 succeeded. Items: 1,203 created, 30,020 updated, 8 deleted, 2 skipped, 0\n"
        "failed. 412 requests, 3 throttled.\n"
        "Run 20261123T020000Z-7f3a. Exit code 0: every selected dataset is as its source.\n"
    )


def test_what_needs_attention_comes_first_and_the_rest_in_config_order() -> None:
    order = ("succeeded", "cancelled", "blocked", "partial", "unchanged", "refused", "unknown", "failed")
    run = run_of(*(ended(DatasetStatus(status)) for status in order))
    table = summary_text(run, WIDE).partition("\n\n")[0].splitlines()[1:]
    assert [line.split()[0] for line in table] == [
        "failed", "unknown", "refused", "partial", "blocked", "cancelled", "succeeded", "unchanged",
    ]  # fmt: skip


def test_a_problem_says_what_it_means_for_the_data_and_what_to_do() -> None:
    text = summary_text(run_of(FAILED), WIDE)
    assert (
        "people: failed (stage import)\n"
        "  What:  The API token has expired. [HTTP 403, 40302, ApiTokenExpired]\n"
        f"  Data:  {UNTOUCHED}\n"
        "  Next:  Put a new token into ORGVUE_API_TOKEN.\n"
        f"  Trace: {TRACE}\n"
        "  Type:  bulkimport run configs/all.yaml --failed 20261123T020000Z-7f3a\n"
    ) in text
    assert "\n    bulkimport run configs/all.yaml --failed 20261123T020000Z-7f3a\n" in text


def test_a_message_that_names_the_code_is_not_given_it_twice() -> None:
    error = replace(EXPIRED, message="Orgvue answered 403 ApiTokenExpired (40302).")
    assert "What:  Orgvue answered 403 ApiTokenExpired (40302).\n" in summary_text(
        run_of(replace(FAILED, error=error)), WIDE
    )


def test_the_same_trouble_is_explained_once_for_all_it_hit() -> None:
    second = replace(FAILED, name="positions", error=replace(EXPIRED, trace_id="Root=1-2"))
    other = replace(FAILED, name="other", error=replace(EXPIRED, message="Something else."))
    text = summary_text(run_of(FAILED, other, second), WIDE)
    assert text.count("The API token has expired.") == 1
    assert "people, positions: failed (stage import)" in text
    assert f"Trace: {TRACE}, Root=1-2" in text


def test_a_trouble_that_hit_everybody_names_some_of_them() -> None:
    many = [replace(FAILED, name=f"d{number}") for number in range(200)]
    text = summary_text(run_of(*many), WIDE)
    assert "d19, 180 others: failed (stage import)" in squeezed(text)
    assert text.count("--only") == 0


def test_numbers_are_not_claimed_where_no_result_was_seen() -> None:
    rows = {line.split()[0]: line.split() for line in summary_text(run_of(UNKNOWN, PARTIAL), WIDE).splitlines()[1:3]}
    assert rows["positions"][2:] == ["24", "-", "-", "-", "-", "-", "12s"]
    assert rows["training"][3:] == ["235", "0", "0", "0", "5", "12s"]


def test_warnings_name_their_dataset() -> None:
    run = replace(run_of(replace(SUCCEEDED, warnings=("no live baseline",))), warnings=("limits are low",))
    text = summary_text(run, WIDE)
    assert "Warning: limits are low\nWarning: locations: no live baseline\n" in text


@pytest.mark.parametrize("status", list(RunStatus))
@pytest.mark.parametrize("colour", [False, True])
def test_a_sandbox_run_says_so_first_and_last(status: RunStatus, colour: bool) -> None:
    text = status_text(run_of(FAILED, status=status, sandbox=True), FINISHED, Layout(80, colour))
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in text.splitlines()]
    assert lines[0] == lines[-1] == SANDBOX_NOTICE
    assert SANDBOX_NOTICE not in status_text(run_of(FAILED, status=status), FINISHED, Layout(80))


def test_a_resumed_run_names_the_one_it_continues() -> None:
    run = replace(run_of(SUCCEEDED), follows="20261122T020000Z-1111")
    assert "(after 20261122T020000Z-1111)" in squeezed(summary_text(run, WIDE))


def test_a_running_run_shows_states_and_how_long_it_runs() -> None:
    running = replace(SUCCEEDED, status=None, state="uploading", items=ItemCounts())
    run = run_of(FAILED, running, status=RunStatus.RUNNING)
    text = status_text(run, STARTED + timedelta(seconds=65), WIDE)
    assert squeezed(text).startswith(
        "Run 20261123T020000Z-7f3a of configs/all.yaml: running for 1m 05s, 1 of 2 datasets ended, "
        "412 requests, 3 throttled."
    )
    assert "locations  uploading" in text
    assert "Exit code" not in text
    assert "Type:" not in text  # not before it has ended
    assert "The API token has expired." in text


def test_an_ended_run_is_shown_as_its_summary() -> None:
    run = run_of(FAILED)
    assert status_text(run, FINISHED, WIDE) == summary_text(run, WIDE)


def test_history_lists_runs_with_their_counts() -> None:
    runs = [run_of(SUCCEEDED, FAILED), run_of(SUCCEEDED, status=RunStatus.RUNNING)]
    assert history_text([run.as_history() for run in runs], WIDE) == (
        "run                    status     time  config            datasets\n"
        "20261123T020000Z-7f3a  failed   3m 10s  configs/all.yaml  1 succeeded, 1 failed\n"
        "20261123T020000Z-7f3a  running       -  configs/all.yaml  1 succeeded\n"
    )
    assert history_text([], WIDE) == "No runs in this state directory yet.\n"


def test_a_run_of_no_datasets_can_be_shown() -> None:
    assert summary_text(run_of(status=RunStatus.SUCCEEDED), WIDE).startswith("0 datasets in 3m 10s: nothing to do.")


def test_terminal_escapes_from_elsewhere_are_harmless() -> None:
    evil = "\x1b[2J"
    dataset = replace(
        FAILED, name=evil, state=evil, error=replace(EXPIRED, message=evil, hint=evil, trace_id=evil), warnings=(evil,)
    )
    run = replace(run_of(dataset), config=evil, run_id=evil, follows=evil, warnings=(evil,))
    text = summary_text(run, WIDE) + history_text([run.as_history()], WIDE)
    text += status_text(replace(run, status=RunStatus.RUNNING), FINISHED, WIDE)
    assert "\x1b" not in text


WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=60), min_size=1, max_size=40).map(" ".join)


@given(message=WORDS, hint=WORDS, name=WORDS, width=st.sampled_from([20, 40, 80, 132]), count=st.integers(0, 10**9))
def test_messages_are_whole_and_lines_fit_at_every_width(
    message: str, hint: str, name: str, width: int, count: int
) -> None:
    error = ErrorReport(Stage.SOURCE, message, hint)
    run: RunFacts = run_of(
        replace(ended(DatasetStatus.FAILED, name, error), rows=count), PARTIAL, BLOCKED, SUCCEEDED, sandbox=True
    )
    text = summary_text(run, Layout(width))
    lines = text.splitlines()
    commands = [line for line in lines if line.lstrip().removeprefix("Type:").lstrip().startswith("bulkimport run ")]
    assert len(commands) == 4  # each in one piece: three problems and the run
    assert all(cell_len(line) <= width for line in lines if line not in commands)
    whole = re.sub(r"\s", "", text)
    for part in (message, hint):
        assert re.sub(r"\s", "", part) in whole
    assert "…" not in text
