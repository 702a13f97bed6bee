"""A run that is stopped or killed: what is left behind, and what a resume makes of it."""

import json
import re
import shlex
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkimport.sandbox.world import JobTiming
from tests.scenarios.checks import assert_no_secret, assert_one_job_at_a_time, assert_sound_summary
from tests.support.program import (
    Invocation,
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
from tests.support.readme import ROOT
from tests.support.sandbox import ThreadedSandbox

NAMES = ["first", "second", "third"]
FOR_EVER = {"stall": 1000}
LONGER_THAN_ANYTHING = "1000s"
"""What is to be ended by a signal does not end by itself."""
GRACE_WITHOUT_END = """
from bulkimport.refresh.driver import GRACE
GRACE.update(dict.fromkeys(GRACE, 1000.0))
"""


@pytest.fixture
def under_way(tmp_path: Path) -> Iterator[tuple[Workplace, ThreadedSandbox]]:
    """Three datasets, one of which does not come as far as its import; the ends of the others' jobs stay unseen."""
    seeds = [seed(name, people(3)) for name in (*NAMES, "fourth")]
    rules = [fault("items", FOR_EVER, "third")]
    rules += [fault("poll", {"status": 404}, name) for name in ("first", "second")]
    with at_work(tmp_path, *seeds, faults=rules) as (work, sandbox):
        work.settings["timeouts"]["read"] = LONGER_THAN_ANYTHING
        work.settings["defaults"]["poll"]["timeout"] = LONGER_THAN_ANYTHING
        for name in NAMES:
            work.add(name, people(3, start=2))
        yield work, sandbox


def submitted(sandbox: ThreadedSandbox, count: int = 2) -> None:
    eventually(lambda: len(sandbox.jobs()) >= count, f"{count} submitted imports")
    eventually(lambda: _requests(sandbox)["poll"] >= count, "a look at the tickets")


def killed(work: Workplace, sandbox: ThreadedSandbox, *arguments: str) -> str:
    """The id of a run that was killed once it had submitted imports, whose jobs may end from now on."""
    with work.start("run", *arguments) as started:
        submitted(sandbox)
        started.kill()
    sandbox.set_faults()
    run_id: str = work.invoke("status").document["run_id"]
    return run_id


def _requests(sandbox: ThreadedSandbox) -> Counter[str]:
    return Counter(request.step for request in sandbox.requests)


def jobs_per_dataset(sandbox: ThreadedSandbox) -> dict[str, int]:
    return {name: [job.dataset_id for job in sandbox.jobs()].count(id_of(name)) for name in NAMES}


def resumed(work: Workplace, sandbox: ThreadedSandbox) -> None:
    """The resume succeeds, with one job for each dataset in all."""
    sandbox.set_faults()
    run = work.run("--resume")
    assert run.code == 0, run.err
    assert run.statuses == dict.fromkeys(NAMES, "succeeded")
    assert jobs_per_dataset(sandbox) == dict.fromkeys(NAMES, 1)
    assert [ids(sandbox.items(id_of(name))) for name in NAMES] == [["2", "3", "4"]] * 3
    assert_sound_summary(run.document)
    assert_one_job_at_a_time(sandbox.jobs())
    assert_no_secret(work, run)
    assert work.run("--resume").code == 0  # there is nothing left to do
    assert jobs_per_dataset(sandbox) == dict.fromkeys(NAMES, 1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_run_with_a_summary_and_a_resume_continues_it(
    number: signal.Signals, code: int, under_way: tuple[Workplace, ThreadedSandbox]
) -> None:
    work, sandbox = under_way
    with work.start("run") as started:
        submitted(sandbox)
        started.send(number)
        run = started.end()
    assert run.code == code, run.err
    assert run.document["status"] == "interrupted"
    assert run.statuses == {"first": "unknown", "second": "unknown", "third": "cancelled"}
    assert_sound_summary(run.document)
    assert_no_secret(work, run)
    status = work.invoke("status")
    assert (status.code, status.statuses) == (1, run.statuses)
    resumed(work, sandbox)


def test_a_second_signal_ends_the_run_at_once(tmp_path: Path) -> None:
    """The first gives a request that starts an import some time, here more than there is; the second takes it away."""
    rules = [fault("import", FOR_EVER)]
    with at_work(tmp_path, seed("people", people(3)), faults=rules) as (work, sandbox):
        work.settings["timeouts"]["read"] = LONGER_THAN_ANYTHING
        work.add("people", people(3, start=2))
        with work.start("run", "--log-format", "json", "--log-level", "info", prelude=GRACE_WITHOUT_END) as started:
            eventually(lambda: any(request.step == "import" for request in sandbox.requests), "an import request")
            started.send(signal.SIGTERM)
            eventually(lambda: "run.stopping" in _run_log(work), "a log of the first signal")
            started.send(signal.SIGTERM)
            run = started.end()
    assert run.code == 143, run.err
    assert run.statuses == {"people": "unknown"}


def test_a_run_whose_journal_is_removed_sends_nothing_more(tmp_path: Path) -> None:
    """Another run begins a journal of its own, without this one's leases, and imports the same dataset beside it."""
    timing = JobTiming(created=0.1, running=2.0)
    with at_work(tmp_path, *(seed(name, people(3)) for name in NAMES[:2]), timing=timing) as (work, sandbox):
        work.settings["defaults"] = {"poll": {"initial": "20ms", "max": "100ms", "timeout": "30s"}}
        work.add("first", people(3, start=2))
        work.add("second", people(3, start=2), depends_on=["first"])
        with work.start("run") as started:
            submitted(sandbox, 1)
            for path in work.state.glob("journal.db*"):
                path.unlink()
            run = started.end(timeout=20)
        assert run.code == 1, run.err
        assert "was removed or replaced while a run was using it" in run.document["error"]["message"]
        assert [job.dataset_id for job in sandbox.jobs()] == [id_of("first")]


@pytest.mark.parametrize("by", ["option", "variable", "default"])
def test_the_command_that_goes_on_can_be_typed_anywhere(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads of the stop in a mail is not where the run was started, nor has its environment."""
    with at_work(tmp_path, seed("people", people(3)), faults=[fault("items", {"stall": 30})]) as (work, sandbox):
        work.settings["timeouts"] = {"connect": "1s", "read": "20s"}
        work.config_name = "the night's.yaml"
        work.add("people", people(3, start=2))
        work.write_config()
        environ = {"BULKIMPORT_STATE_DIR": "kept"} if by == "variable" else {}
        named = ["--state-dir", "my state"] if by == "option" else []
        with Started(["run", work.config_name, *named], cwd=tmp_path, **environ) as started:
            eventually(lambda: any(request.step == "items" for request in sandbox.requests), "a request")
            started.send(signal.SIGTERM)
            run = started.end(timeout=20)
        assert run.code == 143, run.err
        (command,) = set(re.findall(r"^(?: +| *Type: +)(bulkimport run .*--resume .*)$", run.out, re.MULTILINE))
        sandbox.set_faults()
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        resumed = invoke(*shlex.split(command)[1:])
        assert resumed.code == 0, (command, resumed.err)
        assert ids(sandbox.items(id_of("people"))) == ["2", "3", "4"]
        assert not list(elsewhere.iterdir())


def _run_log(work: Workplace) -> str:
    return "".join(path.read_text() for path in work.state.glob("runs/*/run.log"))


@pytest.mark.parametrize("step", ["items", "generate", "upload", "import", "poll", "result"])
def test_a_run_that_was_killed_at_a_step_is_resumed(step: str, tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3)), faults=[fault(step, {"stall_after": 1000})]) as (work, sandbox):
        work.settings["timeouts"]["read"] = LONGER_THAN_ANYTHING
        work.add("people", people(3, start=2))
        with work.start("run") as started:
            eventually(lambda: any(request.step == step for request in sandbox.requests), f"a request to {step}")
            if step == "import":  # which is known before it is done
                eventually(sandbox.jobs, "the job")
            started.kill()
        sandbox.set_faults()
        left = work.invoke("status")
        assert left.code == 1
        assert left.document["status"] == "interrupted"
        after = step in ("import", "poll", "result")
        assert left.statuses == {"people": "unknown" if after else "cancelled"}
        run = work.run("--resume")
        assert run.statuses == {"people": "succeeded"}, run.err
        assert run.code == 0
        assert run.document["run_id"] == left.document["run_id"]
        assert len(sandbox.jobs()) == 1
        assert ids(sandbox.items(id_of("people"))) == ["2", "3", "4"]
        assert_no_secret(work, run, left)
        assert not list((work.state / "spool").iterdir())


def test_a_new_run_waits_for_the_job_that_a_killed_run_left_behind(tmp_path: Path) -> None:
    timing = JobTiming(created=0.1, running=1.5)
    with at_work(tmp_path, seed("people", people(3)), timing=timing) as (work, sandbox):
        work.add("people", people(3, start=2))
        with work.start("run") as started:
            submitted(sandbox, 1)
            started.kill()
        work.source("people", people(3, start=3))
        run = work.run()
        assert run.statuses == {"people": "succeeded"}, run.err
        assert len(sandbox.jobs()) == 2
        assert_one_job_at_a_time(sandbox.jobs())
        assert ids(sandbox.items(id_of("people"))) == ["3", "4", "5"]


def test_a_resume_leaves_alone_what_had_ended_before(tmp_path: Path) -> None:
    rules = [fault("items", FOR_EVER, "third")]
    with at_work(tmp_path, *(seed(name, people(3)) for name in NAMES), faults=rules) as (work, sandbox):
        work.settings["timeouts"]["read"] = LONGER_THAN_ANYTHING
        work.add("first", people(3, start=2))
        work.add("second", None)
        work.add("third", people(3, start=2))
        with work.start("run") as started:
            eventually(lambda: any(job.ended for job in sandbox.jobs()), "the end of the first job")
            eventually(lambda: _live_statuses(work).get("first") == "succeeded", "the end of the first dataset")
            started.send(signal.SIGTERM)
            assert started.end().statuses == {"first": "succeeded", "second": "failed", "third": "cancelled"}
        sandbox.set_faults()
        run = work.run("--resume")
        assert run.statuses == {"first": "succeeded", "second": "failed", "third": "succeeded"}, run.err
        assert run.code == 1
        assert jobs_per_dataset(sandbox) == {"first": 1, "second": 0, "third": 1}


def _live_statuses(work: Workplace) -> dict[str, str]:
    status = work.invoke("status")
    return status.statuses if status.code in (0, 1) else {}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_plan_that_is_stopped_leaves_nothing_behind(number: signal.Signals, code: int, tmp_path: Path) -> None:
    rules = [fault("items", FOR_EVER)]
    with at_work(tmp_path, seed("people", people(3)), faults=rules) as (work, sandbox):
        work.settings["timeouts"]["read"] = LONGER_THAN_ANYTHING
        work.add("people", people(3))
        with work.start("plan") as started:
            eventually(lambda: any(one.step == "items" for one in sandbox.requests), "a read of the items")
            assert any((work.state / "spool").rglob("*.keys"))
            started.send(number)
            stopped = started.end()
    assert (stopped.code, stopped.document["schema"]) == (code, "bulkimport.error/1")
    assert "nothing was changed" in stopped.err
    assert "nothing was changed" in stopped.document["error"]["message"]
    assert [path for path in (work.state / "spool").rglob("*") if path.is_file()] == []


def test_a_signal_while_the_sandbox_still_starts_leaves_a_summary_and_a_run_to_be_resumed(tmp_path: Path) -> None:
    config = ROOT / "configs" / "all.yaml"
    common = ("--state-dir", str(tmp_path), "--output", "json")
    with Started(["run", str(config), *common]) as started:
        eventually(lambda: invoke("status", *common).code == 0, "a run in the journal")
        started.send(signal.SIGTERM)
        stopped = started.end()
    assert stopped.code == 143
    assert stopped.document["status"] == "interrupted"
    (summary,) = tmp_path.glob("runs/*/summary.json")
    assert json.loads(summary.read_bytes()) == stopped.document
    assert invoke("run", str(config), "--resume", *common).code == 0


def run_impatiently(work: Workplace, *options: str) -> Invocation:
    """A run that does not look at jobs for long."""
    poll = work.settings["defaults"]["poll"]
    patience, poll["timeout"] = poll["timeout"], "300ms"
    run = work.run(*options)
    poll["timeout"] = patience
    return run


def test_a_resume_looks_again_at_what_is_unknown_in_a_finished_run(tmp_path: Path) -> None:
    """The job outlasts `poll.timeout`; the resume sees its end."""
    with at_work(tmp_path, seed("people", people(3))) as (work, sandbox):
        work.add("people", people(3, start=2))
        with sandbox.jobs_held():
            first = run_impatiently(work)
        assert first.code == 1
        assert first.statuses == {"people": "unknown"}
        assert first.dataset("people")["error"]["stage"] == "poll"
        eventually(lambda: all(job.ended for job in sandbox.jobs()), "the end of the job")
        second = work.run("--resume")
        assert second.statuses == {"people": "succeeded"}
        assert len(sandbox.jobs()) == 1


def test_what_had_succeeded_unseen_is_not_imported_again_when_it_is_made_up_for(tmp_path: Path) -> None:
    """Nor is what depends on it held up any longer."""
    with at_work(tmp_path, seed("people", people(3)), seed("links", people(3))) as (work, sandbox):
        work.add("people", people(3, start=2))
        work.add("links", people(3, start=2), depends_on=["people"])
        with sandbox.jobs_held():
            first = run_impatiently(work)
            assert first.statuses == {"people": "unknown", "links": "blocked"}
            too_early = run_impatiently(work, "--failed")
        assert too_early.statuses == {"people": "refused", "links": "blocked"}, "its job still runs"
        assert f"--failed {first.document['run_id']} --only people" in too_early.dataset("people")["error"]["hint"]
        second = work.run("--failed")
        assert second.statuses == {"people": "succeeded", "links": "succeeded"}, second.err
        assert [job.dataset_id for job in sandbox.jobs()] == [id_of("people"), id_of("links")]
        seen = second.dataset("people")
        assert (seen["rows"], seen["attempts"]) == (3, 0)
        assert seen["items"] == {"created": 1, "updated": 0, "deleted": 1, "skipped": 2, "failed": 0}
        assert f"run {first.document['run_id']} submitted has succeeded since" in seen["warnings"][0]
        assert_sound_summary(second.document)
        assert work.run("--failed").code == 0
        assert len(sandbox.jobs()) == 2


def test_a_resume_begins_what_an_unknown_one_had_blocked_once_that_one_has_succeeded(tmp_path: Path) -> None:
    names = ["people", "links", "chains", "bad", "below"]
    with at_work(tmp_path, *map(seed, names)) as (work, sandbox):
        for name, needs in zip(names, ([], ["people"], ["links"], [], ["bad", "people"]), strict=True):
            work.add(name, people(3) if name != "bad" else None, depends_on=needs)
        with sandbox.jobs_held():
            first = run_impatiently(work)
        assert first.statuses == {"people": "unknown", "bad": "failed"} | dict.fromkeys(
            ("links", "chains", "below"), "blocked"
        )
        eventually(lambda: all(job.ended for job in sandbox.jobs()), "the end of the job")
        second = work.run("--resume")
        assert second.code == 1
        assert second.statuses == dict.fromkeys(("people", "links", "chains"), "succeeded") | {
            "bad": "failed",
            "below": "blocked",
        }
        assert second.dataset("below")["error"]["blocked_by"] == ["bad"]
        assert [job.dataset_id for job in sandbox.jobs()] == [id_of(name) for name in ("people", "links", "chains")]
        assert work.run("--resume").code == 0  # what failed is not unknown: that is for --failed


def test_an_interrupted_run_is_resumed_although_a_later_one_of_other_datasets_succeeded(
    under_way: tuple[Workplace, ThreadedSandbox],
) -> None:
    work, sandbox = under_way
    work.add("fourth", people(3))
    interrupted = killed(work, sandbox, "--exclude", "fourth")
    later = work.run("--only", "fourth").document["run_id"]
    failed = work.run("--failed")
    assert failed.code == 0
    assert f"--resume {interrupted}" in failed.err
    run = work.run("--resume")
    assert run.code == 0, run.err
    assert run.document["run_id"] == interrupted
    assert run.statuses == dict.fromkeys(NAMES, "succeeded")
    assert f"run {later} came after it" in run.err
    assert jobs_per_dataset(sandbox) == dict.fromkeys(NAMES, 1)
    nothing = work.run("--resume")
    assert (nothing.code, nothing.document["run_id"]) == (0, later)


def test_a_later_run_of_a_part_does_not_settle_the_rest_of_an_interrupted_one(
    under_way: tuple[Workplace, ThreadedSandbox],
) -> None:
    work, sandbox = under_way
    interrupted = killed(work, sandbox)
    assert work.run("--only", "first,second").code == 0
    run = work.run("--resume")
    assert (run.code, run.document["run_id"]) == (0, interrupted), run.err
    assert "first and second succeeded since" in run.err
    assert jobs_per_dataset(sandbox) == {"first": 2, "second": 2, "third": 1}


def test_an_interrupted_run_is_settled_once_later_ones_have_refreshed_what_it_left_open(
    under_way: tuple[Workplace, ThreadedSandbox],
) -> None:
    work, sandbox = under_way
    killed(work, sandbox)
    assert work.run("--only", "first,second").code == 0
    last = work.run("--only", "third")
    assert last.code == 0, last.err
    run = work.run("--resume")
    assert (run.code, run.document["run_id"]) == (0, last.document["run_id"])
    assert "Nothing to do" in run.err
    assert jobs_per_dataset(sandbox) == {"first": 2, "second": 2, "third": 1}


def test_resume_and_failed_without_an_earlier_run_are_usage_errors(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, sandbox):
        work.add("people", people(1))
        for option in ("--resume", "--failed"):
            run = work.run(option)
            assert run.code == 2
            assert run.document["schema"] == "bulkimport.error/1"
            assert option in run.err
        assert sandbox.requests == []


def test_a_config_that_changed_cannot_be_resumed_but_run_anew(under_way: tuple[Workplace, ThreadedSandbox]) -> None:
    work, sandbox = under_way
    with work.start("run") as started:
        submitted(sandbox)
        started.kill()
    work.datasets[0]["import"] = {"implicit_delete": False}
    run = work.run("--resume")
    assert run.code == 2
    assert "first" in run.err
    assert len(sandbox.jobs()) == 2


def test_the_run_ends_although_nobody_reads_its_output(tmp_path: Path) -> None:
    """A closed pipe is no failure of the run."""
    with at_work(tmp_path, seed("people", people(3))) as (work, sandbox):
        work.add("people", people(3, start=2))
        with work.start("run") as started:
            started.close_output()
            assert started.end().code == 0
        assert ids(sandbox.items(id_of("people"))) == ["2", "3", "4"]
        assert re.fullmatch(r"\[.*\]", str(work.invoke("history").document["runs"]))


def test_the_processes_of_a_killed_run_do_not_outlive_it(tmp_path: Path) -> None:
    """A large source is encoded in a process of its own, which notices that its parent is gone."""
    with at_work(tmp_path, seed("people", people(3)), faults=[fault("items", FOR_EVER)]) as (work, sandbox):
        work.settings["timeouts"]["read"] = LONGER_THAN_ANYTHING
        work.add("people", people(20_000, name="x" * 40))
        with work.start("run") as started:
            eventually(lambda: any(request.step == "items" for request in sandbox.requests), "a read of the items")
            assert len(group_of(started)) > 1
            started.kill_alone()
            eventually(lambda: not group_of(started), "the end of its workers")


def group_of(started: Started) -> list[int]:
    """The living processes of the program's group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == started.pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found
