"""The real program, killed: at chosen writes of its journal, and at whatever instant chance wants."""

import contextlib
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bulkimport.sandbox.faults import STORAGE_STEPS
from bulkimport.sandbox.world import JobTiming, python_environment
from tests.recovery.child import EXIT_DEAD
from tests.scenarios.checks import assert_no_secret, assert_one_job_at_a_time, assert_sound_summary
from tests.support.program import Workplace, at_work, eventually, id_of, ids, invoke, people, seed
from tests.support.sandbox import ThreadedSandbox

NAMES = tuple(f"set{number}" for number in range(20))
PATIENCE = "12s"
"""For how long a job is looked at, and an import that was not submitted is searched for until it is ruled out."""
KILLS = 10


@pytest.fixture
def rng() -> random.Random:
    return random.Random(20261123)


def add_datasets(work: Workplace, names: tuple[str, ...]) -> None:
    """Two chains, of the even and of the odd ones."""
    work.settings["defaults"]["poll"]["timeout"] = PATIENCE
    work.settings["run"] = {"max_parallel_datasets": 6}
    for number, name in enumerate(names):
        depends_on = [names[number - 2]] if number > 1 else []
        work.add(name, people(5, start=2, grade="new"), depends_on=depends_on)


def assert_as_if_undisturbed(work: Workplace, sandbox: ThreadedSandbox, names: tuple[str, ...]) -> None:
    """Every dataset is as its source, by one job whose ticket no other dataset has, and nothing is left to do."""
    for name in names:
        items = sandbox.items(id_of(name))
        assert ids(items) == ["2", "3", "4", "5", "6"], name
        assert {item["grade"] for item in items} == {"new"}, name
    jobs = sandbox.jobs()
    assert_one_job_at_a_time(jobs)
    assert Counter(job.dataset_id for job in jobs) == dict.fromkeys(map(id_of, names), 1)
    run = work.run("--resume")
    assert run.code == 0, run.err
    assert run.statuses == dict.fromkeys(names, "succeeded")
    assert_sound_summary(run.document)
    assert_no_secret(work, run)
    assert len(sandbox.jobs()) == len(names)
    assert not list((work.state / "spool").iterdir())


def recorded_runs(work: Workplace) -> list[dict[str, Any]]:
    """What the journal has. Leaves the config alone, which the program may just be reading."""
    history = invoke(*work.arguments("history"))
    assert history.code == 0, history.err
    runs: list[dict[str, Any]] = history.document["runs"]
    return runs


def is_running(work: Workplace) -> bool:
    runs = recorded_runs(work)
    return bool(runs) and runs[0]["status"] == "running"


@pytest.mark.usefixtures("what_was_sent_has_arrived")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_that_ends_at_a_write_is_resumed(moment: str, rng: random.Random, tmp_path: Path) -> None:
    names = NAMES[:3]
    with at_work(tmp_path, *(seed(name, people(5)) for name in names)) as (work, sandbox):
        add_datasets(work, names)
        work.write_config()
        for number in rng.sample(range(2, 16), 2):
            option = ["--resume"] if recorded_runs(work) else []
            words = [moment, str(number), *work.arguments("run", *option)]
            child = subprocess.run(
                [sys.executable, "-m", "tests.recovery.child", *words],
                env=python_environment(),
                capture_output=True,
                timeout=200,
                check=False,
            )
            assert child.returncode == EXIT_DEAD, child.stderr
        resumed = work.run("--resume")
        assert resumed.code == 0, resumed.err
        assert_as_if_undisturbed(work, sandbox, names)


@pytest.mark.usefixtures("what_was_sent_has_arrived")
def test_a_program_that_is_killed_ten_times_at_random_ends_as_if_undisturbed(
    rng: random.Random, tmp_path: Path
) -> None:
    timing = JobTiming(created=0.1, running=0.6)
    seeds = [seed(name, people(5)) for name in NAMES]
    with at_work(tmp_path, *seeds, timing=timing) as (work, sandbox):
        add_datasets(work, NAMES)
        with sandbox.jobs_held(id_of(NAMES[-1])):  # however slow the killing is, the last one is killed too
            for number in range(KILLS):
                with work.start("run", *(["--resume"] if number else [])) as started:
                    eventually(lambda: is_running(work) or not started.running, "a run")
                    time.sleep(rng.uniform(0.0, 0.4))  # an instant of its life, not a wait for anything
                    assert started.running, started.end().err
                    started.kill()
        resumed = work.run("--resume")
        assert resumed.code == 0, resumed.err
        assert_as_if_undisturbed(work, sandbox, NAMES)
        assert in_the_days_count(work) >= sum(request.step not in STORAGE_STEPS for request in sandbox.requests)


def in_the_days_count(work: Workplace) -> int:
    with contextlib.closing(sqlite3.connect(work.state / "journal.db")) as journal:
        return int(journal.execute("SELECT sum(count) FROM requests").fetchone()[0])
