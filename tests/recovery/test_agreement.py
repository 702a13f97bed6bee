"""What a person has seen is what happens: saved plans are applied exactly and once, changed configs want a look."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import Row, Workplace, at_work, id_of, ids, people, seed
from tests.support.sandbox import ThreadedSandbox

At = tuple[Workplace, ThreadedSandbox]
NAMES = ("people", "links")


@pytest.fixture
def at(tmp_path: Path) -> Iterator[At]:
    """Two datasets of thirty items, of which the sources would delete one each."""
    with at_work(tmp_path, *(seed(name, people(30)) for name in (*NAMES, "other"))) as (work, sandbox):
        for name in NAMES:
            work.add(name, people(30, start=2))
        yield work, sandbox


def planned(work: Workplace, *options: str) -> str:
    path = str(work.folder / "plan.json")
    assert work.invoke("plan", "--save", path, *options).code in (0, 1)
    return path


def somebody_adds(sandbox: ThreadedSandbox, work: Workplace, name: str, rows: list[Row]) -> None:
    """A load from elsewhere: another folder and state directory."""
    folder = work.folder / "elsewhere"
    folder.mkdir()
    other = Workplace(folder, sandbox.address)
    other.add(name, rows)
    assert other.run().code == 0


def test_a_plan_is_applied_as_it_was_shown_and_once(at: At) -> None:
    work, sandbox = at
    plan = planned(work)
    run = work.run("--plan", plan)
    assert run.statuses == dict.fromkeys(NAMES, "succeeded"), run.err
    assert [run.dataset(name)["items"]["deleted"] for name in NAMES] == [1, 1]
    again = work.run("--plan", plan)
    assert again.code == 2
    assert run.document["run_id"] in again.err
    assert len(sandbox.jobs()) == 2


def test_a_plan_of_a_selection_applies_to_that_alone(at: At) -> None:
    work, _ = at
    assert work.run("--plan", planned(work, "--only", "links")).statuses == {"links": "succeeded"}


def test_what_the_plan_refused_is_not_part_of_applying_it_which_is_said(at: At) -> None:
    work, _ = at
    work.source("links", people(3))
    run = work.run("--plan", planned(work))
    assert run.statuses == {"people": "succeeded"}
    assert run.document["warnings"] == ["links is not part of this run: the plan showed it as refused."]
    assert run.document["warnings"][0] in run.err
    assert work.invoke("status").document["warnings"] == run.document["warnings"]


def test_a_plan_keeps_the_allowance_with_which_it_was_made(at: At) -> None:
    work, sandbox = at
    work.source("people", people(10))
    plan = planned(work, "--only", "people", "--allow-delete", "people=20")
    assert work.run("--plan", plan).statuses == {"people": "succeeded"}
    assert len(sandbox.items(id_of("people"))) == 10


def test_another_payload_than_the_planned_one_is_refused(at: At) -> None:
    work, sandbox = at
    plan = planned(work)
    work.source("people", people(30, start=2, name="other"))
    run = work.run("--plan", plan)
    assert run.code == 1
    assert run.statuses == {"people": "refused", "links": "succeeded"}
    assert run.dataset("people")["error"]["stage"] == "guard"
    assert {job.dataset_id for job in sandbox.jobs()} == {id_of("links")}


def test_more_deletions_than_the_plan_showed_are_refused_with_the_difference(at: At) -> None:
    work, sandbox = at
    plan = planned(work)
    somebody_adds(sandbox, work, "people", people(32))
    run = work.run("--plan", plan)
    assert run.statuses == {"people": "refused", "links": "succeeded"}
    assert "would delete 2 items, while the plan showed 1" in run.dataset("people")["error"]["message"]
    assert len(sandbox.items(id_of("people"))) == 32


def test_a_plan_of_another_config_or_of_none_is_a_usage_error(at: At) -> None:
    work, sandbox = at
    plan = planned(work)
    work.config_name = "other.yaml"
    wrong = work.run("--plan", plan)
    assert wrong.code == 2
    assert "another config" in wrong.err
    (work.folder / "notes.txt").write_text("not a plan")
    assert work.run("--plan", str(work.folder / "notes.txt")).code == 2
    assert work.run("--plan", str(work.folder / "missing")).code == 2
    assert sandbox.jobs() == []


@pytest.mark.parametrize("change", [{"enabled": False}, None])
def test_a_plan_that_names_what_the_config_no_longer_loads_is_a_usage_error(
    change: dict[str, bool] | None, at: At
) -> None:
    work, sandbox = at
    plan = planned(work)
    if change is None:
        del work.datasets[1]
    else:
        work.datasets[1] |= change
    wrong = work.run("--plan", plan)
    assert wrong.code == 2
    assert "links" in wrong.err
    assert sandbox.jobs() == []


def test_a_place_where_no_plan_can_be_saved_is_known_before_the_planning(at: At) -> None:
    work, sandbox = at
    wrong = work.invoke("plan", "--save", str(work.folder / "missing" / "plan.json"))
    assert wrong.code == 2
    assert "cannot be saved" in wrong.err
    assert wrong.document["schema"] == "bulkimport.error/1"
    assert sandbox.requests == []


@pytest.fixture
def changed(at: At) -> At:
    """The id of `people` was mistyped after a success: it names another dataset, and nearly fits."""
    work, _ = at
    assert work.run().code == 0
    work.datasets[0]["dataset_id"] = id_of("other")
    return at


def test_a_changed_config_is_refused_and_the_commands_that_accept_it_are_named(changed: At) -> None:
    work, sandbox = changed
    run = work.run()
    assert run.statuses == {"people": "refused", "links": "succeeded"}
    error = run.dataset("people")["error"]
    assert f"dataset_id: {id_of('people')} → {id_of('other')}" in error["message"]
    assert f"bulkimport plan {work.config} --only people" in error["hint"]
    assert "--accept-config-change people" in error["hint"]
    assert ids(sandbox.items(id_of("other"))) == [str(number) for number in range(1, 31)]


def test_a_change_that_was_planned_is_accepted(changed: At) -> None:
    work, _ = changed
    plan = work.invoke("plan", "--only", "people")
    assert plan.code == 0
    assert any("has changed" in warning for warning in plan.dataset("people")["warnings"])
    assert work.run().code == 0


def test_a_change_whose_plan_was_refused_is_not_accepted(changed: At) -> None:
    work, _ = changed
    work.source("people", people(3))
    assert work.invoke("plan", "--only", "people").statuses == {"people": "refused"}
    work.source("people", people(30, start=2))
    assert work.run().statuses == {"people": "refused", "links": "succeeded"}


def test_a_change_that_was_accepted_by_name_is_accepted_from_then_on(changed: At) -> None:
    work, _ = changed
    run = work.run("--accept-config-change", "people")
    assert run.code == 0
    assert any("has changed" in warning for warning in run.dataset("people")["warnings"])
    assert work.run().code == 0


def test_a_check_accepts_no_change(changed: At) -> None:
    work, _ = changed
    work.invoke("check")
    work.invoke("check", "--online")
    assert work.run().statuses["people"] == "refused"


def test_failed_makes_up_under_what_the_first_run_was_permitted(at: At) -> None:
    work, sandbox = at
    work.source("people", people(10))
    (work.folder / "links.csv").unlink()
    first = work.run("--allow-delete", "links=20,", "--only", "links")
    assert first.code == 2
    first = work.run("--allow-delete", "links=20", "--only", "links")
    assert first.statuses == {"links": "failed"}
    work.source("links", people(10))
    made_up = work.run("--failed")
    assert made_up.statuses == {"links": "succeeded"}
    assert made_up.document["follows"] == first.document["run_id"]
    assert len(sandbox.items(id_of("people"))) == 30


def test_failed_says_why_it_does_nothing_about_what_is_disabled(at: At) -> None:
    work, _ = at
    (work.folder / "links.csv").unlink()
    assert work.run().statuses == {"people": "succeeded", "links": "failed"}
    work.datasets[1]["enabled"] = False
    nothing = work.run("--failed")
    assert nothing.code == 0
    assert "disabled: links" in nothing.err
