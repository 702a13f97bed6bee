"""A run that is looked at from another shell while it goes on."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import Workplace, at_work, eventually, fault, people, seed
from tests.support.sandbox import ThreadedSandbox


@pytest.fixture
def under_way(tmp_path: Path) -> Iterator[tuple[Workplace, ThreadedSandbox]]:
    """`people` waits for its job until the faults are taken away; `other` is refused at once."""
    with at_work(
        tmp_path,
        seed("people", people(3)),
        seed("other", people(30)),
        faults=[fault("poll", {"status": 404}, "people")],
    ) as (work, sandbox):
        work.settings["defaults"]["poll"]["timeout"] = "1000s"
        work.add("people", people(3, start=2))
        work.add("other", people(2))
        yield work, sandbox


def begun(work: Workplace, sandbox: ThreadedSandbox) -> None:
    eventually(sandbox.jobs, "a submitted import")
    eventually(
        lambda: work.invoke("history").document["runs"][0]["datasets"] == {"refused": 1, "running": 1}, "a refusal"
    )


def test_a_run_is_followed_to_its_end_with_its_outcome(under_way: tuple[Workplace, ThreadedSandbox]) -> None:
    work, sandbox = under_way
    with work.start("run") as run:
        begun(work, sandbox)
        with work.start("status", "--follow", output="json") as following:
            lines = following.error_lines()
            assert any("people: import submitted, 3 rows" in next(lines) for _ in range(2))
            sandbox.set_faults()
            done = run.end()
            found = following.end()
    assert found.code == 1
    assert found.document == done.document
    assert "people: succeeded" in found.err


def test_ctrl_c_leaves_the_run_alone(under_way: tuple[Workplace, ThreadedSandbox]) -> None:
    work, sandbox = under_way
    with work.start("run") as run:
        begun(work, sandbox)
        with work.start("status", "--follow", output="text") as following:
            lines = following.error_lines()
            assert any("people: import submitted" in next(lines) for _ in range(2))
            following.send(signal.SIGINT)
            found = following.end()
        assert found.code == 130
        assert "goes on" in found.err
        assert "running for" in found.out
        assert run.running
        sandbox.set_faults()
        assert run.end().statuses == {"people": "succeeded", "other": "refused"}


def test_a_run_that_has_ended_is_shown_at_once(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, _):
        work.add("people", people(3))
        assert work.invoke("status", "--follow").code == 2
        run = work.run()
        found = work.invoke("status", "--follow")
        assert (found.code, found.document, found.err) == (0, run.document, "")


def test_a_run_that_is_killed_ends_the_following(under_way: tuple[Workplace, ThreadedSandbox]) -> None:
    work, sandbox = under_way
    with work.start("run") as run:
        begun(work, sandbox)
        with work.start("status", "--follow") as following:
            lines = following.error_lines()
            assert any("people: import submitted" in next(lines) for _ in range(2))
            run.kill()
            found = following.end()
    assert (found.code, found.document["status"]) == (1, "interrupted")
    assert found.statuses == {"people": "unknown", "other": "refused"}
