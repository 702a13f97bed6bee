"""The command line from outside: exit codes, stdout and stderr, where state is kept, what each command asks."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.checks import assert_no_secret, assert_sound_summary
from tests.support.program import (
    TENANT,
    TOKEN,
    Started,
    Workplace,
    at_work,
    eventually,
    fault,
    id_of,
    ids,
    invoke,
    people,
    seed,
)

CHANGING = {"generate", "upload", "import", "sync", "create"}
MISTAKEN = """\
version: 1
tenant: {base_url: http://orgvue.example, tenant_id: acme, token: x}
limits: {requests_per_second: many}
datasets:
  - name: people
    dataset_id: not-a-uuid
    source: people.csv
    key: id
    colour: red
"""


# ---- the config


def test_every_mistake_of_a_config_is_told_at_once_with_its_line_and_nothing_is_sent(tmp_path: Path) -> None:
    config = tmp_path / "all.yaml"
    config.write_text(MISTAKEN)
    for command in ("run", "plan", "check"):
        found = invoke(command, str(config), "--state-dir", str(tmp_path / "state"), "--output", "json")
        assert found.code == 2
        assert found.document["schema"] == "bulkimport.error/1"
        assert [problem["line"] for problem in found.document["problems"]] == [2, 2, 3, 6, 9]
        told = " ".join(found.err.split()).split(str(tmp_path))
        for line, key in (
            (2, "base_url"),
            (2, "tenant_id"),
            (3, "requests_per_second"),
            (6, "dataset_id"),
            (9, "colour"),
        ):
            assert any(f"all.yaml:{line}" in text and key in text for text in told), (line, told)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "absent.yaml"],
        ["walk", "all.yaml"],
        ["run", "all.yaml", "--only", "poeple"],
        ["run", "all.yaml", "--allow-delete", "people"],
        ["run", "all.yaml", "--allow-delete", "nobody=3"],
        ["run", "all.yaml", "--failed", "--resume"],
        ["run", "all.yaml", "--wait-lock", "soon"],
        ["status", "20260101T000000Z-0000"],
        ["--unheard-of"],
        [],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_ends_2_and_sends_nothing(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with at_work(tmp_path, seed("people")) as (work, sandbox):
        work.add("people", people(1))
        work.write_config()
        found = invoke(*arguments)
        assert found.code == 2
        assert found.out == ""
        assert found.err
        assert "Traceback" not in found.err
        assert sandbox.requests == []


def test_a_selector_that_matches_nothing_lists_the_near_misses(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, _):
        work.add("people", people(1))
        found = work.run("--only", "peopel")
    assert found.code == 2
    assert "people" in found.err


def test_a_selection_refreshes_exactly_what_it_names(tmp_path: Path) -> None:
    names = ("people", "people_old", "positions", "links")
    with at_work(tmp_path, *(seed(name) for name in names)) as (work, _):
        for name in names:
            tags = ["nightly"] if name == "positions" else []
            work.add(name, people(2), tags=tags, depends_on=["people", "positions"] if name == "links" else [])
        assert set(work.run("--only", "people*").statuses) == {"people", "people_old"}
        assert set(work.run("--only", "tag:nightly").statuses) == {"positions"}
        assert set(work.run("--only", "links").statuses) == {"links"}
        assert set(work.run("--only", "+links").statuses) == {"people", "positions", "links"}
        assert set(work.run("--exclude", "people*,links").statuses) == {"positions"}


def test_a_disabled_dataset_is_left_out(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), seed("old")) as (work, _):
        work.add("people", people(2))
        work.add("old", people(2), enabled=False)
        assert set(work.run().statuses) == {"people"}
        assert work.run("--only", "old").code == 2


# ---- output


def test_the_short_form_is_a_run_and_json_is_one_document_alone_on_stdout(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, _):
        work.add("people", people(3))
        work.write_config()
        with Started([str(work.config), "--state-dir", str(work.state), "--output", "json"]) as started:
            found = started.end()
        assert found.code == 0, found.err
        assert_sound_summary(found.document)
        assert found.document["config"] == str(work.config)
        assert found.document["sandbox"] is False


def test_text_names_every_dataset_its_problem_and_the_next_command(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3)), seed("other", people(30))) as (work, _):
        work.add("people", people(3, start=2))
        work.add("other", people(2))
        found = work.run(output="text")
    assert found.code == 1
    for text in ("people", "succeeded", "other", "refused", "--allow-delete other=28", "--failed"):
        assert text in found.out
    assert "\x1b[" not in found.out
    assert_no_secret(work, found)


def test_json_logs_are_one_object_a_line_with_the_run_and_the_dataset(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, _):
        work.add("people", people(3))
        found = work.run("--log-format", "json", "--log-level", "info")
    lines = [json.loads(line) for line in found.err.splitlines()]
    assert all(line.keys() >= {"timestamp", "level", "event"} for line in lines)
    assert (lines[0]["event"], lines[-1]["event"]) == ("run.started", "run.finished")
    assert {line["run_id"] for line in lines} == {found.document["run_id"]}
    assert [line["dataset"] for line in lines if line["event"] == "refresh.ended"] == ["people"]


def test_the_embedded_sandbox_says_so_at_the_beginning_and_at_the_end_and_remembers(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,name\n1,A\n2,B\n")
    config = tmp_path / "all.yaml"
    dataset = {"name": "people", "dataset_id": id_of("people"), "source": "people.csv", "key": "id"}
    tenant = {"base_url": "sandbox", "tenant_id": TENANT}
    config.write_text(json.dumps({"version": 1, "tenant": tenant, "datasets": [dataset]}))
    arguments = [str(config), "--state-dir", str(tmp_path / "state")]
    with Started(["run", *arguments]) as started:
        text = started.end()
    assert text.code == 0, text.err
    assert text.err.splitlines()[0].startswith("SANDBOX")
    assert text.out.splitlines()[-1].startswith("SANDBOX")
    with Started(["run", *arguments, "--output", "json"]) as started:
        again = started.end()
    assert again.document["sandbox"] is True
    assert again.dataset("people")["items"] == {"created": 0, "updated": 0, "deleted": 0, "skipped": 2, "failed": 0}
    assert [again.err.splitlines()[place].startswith("SANDBOX") for place in (0, -1)] == [True, True]


# ---- plan and check


def test_check_sends_nothing_and_finds_what_is_wrong_with_a_source(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), seed("other")) as (work, sandbox):
        work.add("people", people(3))
        work.add("other", None)
        found = work.invoke("check")
        assert found.code == 1
        assert found.document["schema"] == "bulkimport.check/1"
        assert found.statuses == {"people": "ready", "other": "failed"}
        assert found.dataset("people")["columns"] == ["id", "name"]
        assert work.invoke("check", "--only", "people").code == 0
        assert sandbox.requests == []


def test_a_config_that_disables_everything_is_valid_but_nothing_to_run(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, sandbox):
        work.add("people", people(3), enabled=False)
        check = work.invoke("check")
        assert (check.code, check.document["datasets"]) == (0, [])
        assert "disabled" in check.document["warnings"][0]
        for command in ("run", "plan"):
            invocation = work.invoke(command)
            assert (invocation.code, invocation.document["schema"]) == (2, "bulkimport.error/1")
            assert "people is disabled" in invocation.err
        assert sandbox.requests == []


def test_check_online_asks_for_the_token_the_dataset_and_its_properties(tmp_path: Path) -> None:
    seeds = [seed("people"), seed("other", properties=())]
    with at_work(tmp_path, *seeds, token=TOKEN, tenant=TENANT) as (work, sandbox):
        for name in ("people", "other", "nobody"):
            work.add(name, people(3))
        found = work.invoke("check", "--online")
        assert found.code == 1
        assert found.statuses == {"people": "ready", "other": "refused", "nobody": "failed"}
        assert {request.step for request in sandbox.requests} == {"list", "metadata", "generate", "tempget"}


def test_check_online_with_a_wrong_token_says_so_for_every_dataset(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), seed("other"), token="another") as (work, _):
        work.add("people", people(3))
        work.add("other", people(3))
        found = work.invoke("check", "--online")
    assert found.code == 1
    assert found.statuses == {"people": "failed", "other": "failed"}
    assert {one["error"]["code"] for one in found.document["datasets"]} == {"40102"}
    assert_no_secret(work, found)


def test_a_plan_changes_nothing_and_says_what_the_run_then_does(tmp_path: Path) -> None:
    rows = [{"id": "2", "name": "Another name"}, *people(3, start=3)]
    names = ("people", "links", "bad", "many")
    with at_work(tmp_path, *(seed(name, people(30 if name == "many" else 4)) for name in names)) as (work, sandbox):
        work.add("people", rows)
        work.add("links", people(2), depends_on=["bad"])
        work.add("bad", None)
        work.add("many", people(2))
        plan = work.invoke("plan")
        assert plan.code == 1
        assert plan.document["schema"] == "bulkimport.plan/1"
        assert plan.statuses == {"people": "ready", "links": "blocked", "bad": "failed", "many": "refused"}
        assert not CHANGING & {request.step for request in sandbox.requests}
        assert not list((work.state / "spool").iterdir())
        planned = plan.dataset("people")
        assert planned["items"] == {"created": 1, "updated": 1, "deleted": 1, "unchanged": 2}
        assert plan.dataset("many")["items"]["deleted"] == 28
        run = work.run()
        done = run.dataset("people")
        assert done["sha256"] == planned["sha256"]
        assert done["items"] == {"created": 1, "updated": 1, "deleted": 1, "skipped": 2, "failed": 0}
        assert run.statuses == {"people": "succeeded", "links": "blocked", "bad": "failed", "many": "refused"}
    assert_no_secret(work, plan, run)


def test_a_plan_as_text_shows_the_numbers_and_the_reasons(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(30))) as (work, _):
        work.add("people", people(2))
        plan = work.invoke("plan", output="text")
    assert plan.code == 1
    for text in ("nothing was changed", "refused", "28", "--allow-delete people=28"):
        assert text in " ".join(plan.out.split())


# ---- status and history


def test_status_and_history_show_the_runs_of_a_state_directory(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, sandbox):
        work.add("people", people(3, start=2))
        assert work.invoke("status").code == 2
        assert work.invoke("history").document == {"schema": "bulkimport.history/1", "runs": []}
        first = work.run()
        sandbox.set_faults(fault("job", {"job_fail": ["no"]}))
        second = work.run()
    assert work.invoke("status").document == second.document
    assert work.invoke("status").code == 1
    named = work.invoke("status", first.document["run_id"])
    assert (named.code, named.document) == (0, first.document)
    runs = work.invoke("history").document["runs"]
    assert [run["run_id"] for run in runs] == [second.document["run_id"], first.document["run_id"]]
    assert [run["datasets"] for run in runs] == [{"failed": 1}, {"succeeded": 1}]
    assert work.invoke("history", "--limit", "1", output="text").out.count("all.yaml") == 1


def test_status_shows_a_run_that_is_alive(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), faults=[fault("items", {"stall": 1000})]) as (work, sandbox):
        work.settings["timeouts"]["read"] = "1000s"
        work.add("people", people(3))
        with work.start("run") as started:
            eventually(lambda: any(request.step == "items" for request in sandbox.requests), "a read of the items")
            assert started.running
            live = work.invoke("status")
            text = work.invoke("status", output="text")
            history = work.invoke("history")
        assert (live.code, live.document["status"], live.document["finished_at"]) == (0, "running", None)
        assert (live.dataset("people")["status"], live.dataset("people")["state"]) == (None, "checking")
        assert "running" in text.out
        assert history.document["runs"][0]["datasets"] == {"running": 1}


# ---- the state directory


def test_a_secret_from_the_environment_is_shown_nowhere_wherever_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "S3cretPw99"
    monkeypatch.setenv("HR_PASSWORD", secret)
    sources: dict[str, dict[str, Any]] = {
        "command": {"command": ["sh", "-c", 'echo "sent $1" >&2; exit 1', "x", "${HR_PASSWORD}"], "type": "csv"},
        "duckdb": {"type": "duckdb", "query": "select '${HR_PASSWORD}'::date as id"},
        "report": {"url": "http://127.0.0.1:9/${HR_PASSWORD}/x", "type": "json", "timeout": "1s"},
        "sql": {"url": "postgresql+psycopg://u:p@127.0.0.1:9/x?sslmode=${HR_PASSWORD}", "query": "select 1 as id"},
    }
    with at_work(tmp_path, *map(seed, sources)) as (work, _):
        for name, source in sources.items():
            work.add(name, None, source=source)
        every = [work.invoke(command, output=form) for command in ("plan", "check", "run") for form in ("text", "json")]
        for found in every:
            assert found.code == 1
            assert secret not in found.out + found.err
        assert every[-1].statuses == dict.fromkeys(sources, "failed")
        shown = work.written(journal=True)
        assert [name for name, content in shown.items() if secret.encode() in content] == []


def test_commands_that_are_shown_name_the_state_directory_that_the_command_line_named(tmp_path: Path) -> None:
    """They work as they are, in the shell where the run was started."""
    with at_work(tmp_path, seed("people", people(30)), seed("other", people(3))) as (work, _):
        work.add("people", people(2))
        work.add("other", None)
        first = work.run(output="text")
        work.source("other", people(3))
        shown = re.findall(r"bulkimport (.+)$", first.out, re.MULTILINE)
        assert len(shown) == 3
        for command in shown:
            assert shlex.split(command)[-2:] == ["--state-dir", str(work.state)]
        done = [invoke(*shlex.split(command), "--output", "json") for command in shown]
    both = dict.fromkeys(("people", "other"), "succeeded")
    assert [one.statuses for one in done] == [{"other": "succeeded"}, {"people": "succeeded"}, both]


def test_the_state_directory_is_looked_for_in_the_documented_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BULKIMPORT_STATE_DIR", raising=False)
    places = [tmp_path / name for name in (".bulkimport", "environment", "configured", "option")]
    with at_work(tmp_path, seed("people")) as (work, _):
        work.add("people", people(1))

        def runs_in(place: Path, *options: str) -> None:
            before = [len(runs(other)) for other in places]
            work.write_config()
            assert invoke("run", str(work.config), *options).code == 0
            grown = [len(runs(other)) - count for other, count in zip(places, before, strict=True)]
            assert [other for other, more in zip(places, grown, strict=True) if more] == [place]

        runs_in(tmp_path / ".bulkimport")
        monkeypatch.setenv("BULKIMPORT_STATE_DIR", str(tmp_path / "environment"))
        runs_in(tmp_path / "environment")
        work.settings["run"] = {"state_dir": "configured"}
        runs_in(tmp_path / "configured")
        runs_in(tmp_path / "option", "--state-dir", "option")
        assert len(json.loads(invoke("history", "--output", "json").out)["runs"]) == 1  # the environment's
        found = invoke("history", "--config", str(work.config), "--output", "json")
        assert len(json.loads(found.out)["runs"]) == 1


def runs(place: Path) -> list[Path]:
    return list((place / "runs").iterdir()) if place.exists() else []


def test_a_file_in_place_of_the_state_directory_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, sandbox):
        work.add("people", people(1))
        work.state.write_text("not a folder")
        for command in ("run", "plan"):
            found = work.invoke(command)
            assert (found.code, found.document["schema"]) == (1, "bulkimport.error/1"), found.err
            assert str(work.state) in found.document["error"]["message"]
            assert str(work.state) in found.err
            assert "Traceback" not in found.err
        assert sandbox.requests == []


# ---- the config's own files


def test_one_part_of_a_config_can_be_run_as_a_config_of_its_own(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), seed("other")) as (work, sandbox):
        work.add("people", people(2))
        (tmp_path / "part.yaml").write_text(json.dumps({"version": 1, "datasets": work.datasets}))
        work.datasets.clear()
        work.settings["include"] = ["part.yaml"]
        part = Workplace(tmp_path, sandbox.address, config_name="people.yaml", settings=dict(work.settings))
        assert part.run().statuses == {"people": "succeeded"}
        work.add("other", people(2))
        assert work.run().statuses == {"people": "succeeded", "other": "succeeded"}
        assert ids(sandbox.items(id_of("people"))) == ["1", "2"]
        assert part.run("--failed").code == 0  # its own last run, in which everything succeeded


def test_the_schema_is_one_json_document() -> None:
    found = invoke("schema")
    assert found.code == 0
    assert json.loads(found.out)["$schema"].startswith("https://json-schema.org/")
