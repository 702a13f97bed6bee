"""What a resume keeps of the run it continues: uploads that are still there, permissions, and a plan's promises."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.refresh.events import ImportRequested, ResultCollected, SourceRead, UploadVerified
from tests.recovery.night import Fate, resume, run_until
from tests.scenarios.checks import assert_one_job_at_a_time
from tests.support.program import Workplace, at_work, eventually, fault, id_of, ids, people, seed
from tests.support.sandbox import ThreadedSandbox

At = tuple[Workplace, ThreadedSandbox]


@pytest.fixture
def people_at_work(tmp_path: Path) -> Iterator[At]:
    with at_work(tmp_path, seed("people", people(4))) as (work, sandbox):
        work.add("people", people(4, start=2))
        yield work, sandbox


def steps(sandbox: ThreadedSandbox) -> Counter[str]:
    return Counter(request.step for request in sandbox.requests)


def before(event: type[ImportRequested | SourceRead | UploadVerified]) -> Fate:
    return Fate(0, "before", event)


@pytest.mark.parametrize("fate", [before(UploadVerified), before(ImportRequested)])
def test_an_upload_that_was_acknowledged_is_not_repeated(fate: Fate, people_at_work: At) -> None:
    work, sandbox = people_at_work
    run_until(work, fate)
    assert fate.dead
    facts = resume(work)
    assert facts is not None
    assert facts.status is RunStatus.SUCCEEDED
    assert facts.datasets[0].attempts == 1
    assert {name: steps(sandbox)[name] for name in ("generate", "upload", "import")} == {
        "generate": 1,
        "upload": 1,
        "import": 1,
    }


def test_an_upload_of_what_the_source_no_longer_says_is_not_used(people_at_work: At) -> None:
    work, sandbox = people_at_work
    run_until(work, before(ImportRequested))
    work.source("people", people(4, start=3))
    facts = resume(work)
    assert facts is not None
    assert facts.datasets[0].attempts == 2
    assert ids(sandbox.items(id_of("people"))) == ["3", "4", "5", "6"]


def test_an_upload_whose_temporary_file_has_expired_is_repeated(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(4)), url_ttl=3, file_ttl=3) as (work, sandbox):
        work.add("people", people(4, start=2))
        run_until(work, before(ImportRequested))
        eventually(lambda: not any((tmp_path / "sandbox" / "objects").iterdir()), "the end of the temporary file")
        facts = resume(work)
        assert facts is not None
        assert facts.status is RunStatus.SUCCEEDED
        assert facts.datasets[0].attempts >= 2
        assert len(sandbox.jobs()) == 1


def test_a_resume_may_die_as_well(people_at_work: At) -> None:
    work, sandbox = people_at_work
    run_until(work, before(UploadVerified))
    for write in (2, 6, 10):
        assert resume(work, Fate(write, "after")) is None
    facts = resume(work)
    assert facts is not None
    assert facts.datasets[0].status is DatasetStatus.SUCCEEDED
    assert len(sandbox.jobs()) == 1
    assert_one_job_at_a_time(sandbox.jobs())


def test_what_had_ended_before_says_nothing_about_the_config_as_it_is_now(tmp_path: Path) -> None:
    """The first one ended, then its id was changed: no import has shown that this is right."""
    with at_work(tmp_path, *(seed(name, people(4)) for name in ("first", "second", "other"))) as (work, sandbox):
        work.add("first", people(4, start=2))
        work.add("second", people(4, start=2), depends_on=["first"])
        run_until(work, Fate(0, "before", SourceRead, "second"))
        work.datasets[0]["dataset_id"] = id_of("other")
        resumed = work.run("--resume")
        assert resumed.statuses == {"first": "succeeded", "second": "succeeded"}, resumed.err
        run = work.run("--only", "first")
        assert run.statuses == {"first": "refused"}
        assert "dataset_id" in run.dataset("first")["error"]["message"]
        assert ids(sandbox.items(id_of("other"))) == ["1", "2", "3", "4"]


def test_a_run_whose_datasets_had_all_ended_is_brought_to_its_end(people_at_work: At) -> None:
    work, sandbox = people_at_work
    fate = Fate(0, "after", ResultCollected)
    run_until(work, fate)
    left = work.invoke("status")
    assert (left.code, left.document["status"], left.statuses) == (1, "interrupted", {"people": "succeeded"})
    run = work.run("--resume")
    assert (run.code, run.document["status"]) == (0, "succeeded"), run.err
    assert work.invoke("status").code == 0
    assert len(sandbox.jobs()) == 1
    again = work.run("--resume")
    assert again.code == 0
    assert "Nothing to do" in again.err


def test_a_resume_is_held_to_the_plan_that_was_being_applied(people_at_work: At, tmp_path: Path) -> None:
    """What was planned are other rows than the source has by now."""
    work, sandbox = people_at_work
    plan = str(tmp_path / "plan.json")
    assert work.invoke("plan", "--save", plan).code == 0
    with stalled_at_metadata(sandbox), work.start("run", "--plan", plan) as started:
        eventually(lambda: steps(sandbox)["metadata"] > 1, "a look at the dataset")
        started.kill()
    work.source("people", people(4, start=3))
    run = work.run("--resume")
    assert run.statuses == {"people": "refused"}, run.err
    assert "planned" in run.dataset("people")["error"]["message"]
    again = work.run("--failed")
    assert again.statuses == {"people": "refused"}, again.err
    assert sandbox.jobs() == []
    work.source("people", people(4, start=2))
    assert work.run("--failed").statuses == {"people": "succeeded"}
    used = work.run("--plan", plan)
    assert used.code == 2
    assert "applied already" in used.err


def test_a_resume_keeps_what_was_accepted(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(30)), seed("other", people(30))) as (work, sandbox):
        work.add("people", people(30, start=2))
        assert work.run().code == 0
        work.datasets[0]["dataset_id"] = id_of("other")
        work.source("people", people(10))
        assert work.run().statuses == {"people": "refused"}
        with stalled_at_metadata(sandbox):
            options = ("--accept-config-change", "people", "--allow-delete", "people=20")
            seen = steps(sandbox)["metadata"]
            with work.start("run", *options) as started:
                eventually(lambda: steps(sandbox)["metadata"] > seen, "a look at the dataset")
                started.kill()
        run = work.run("--resume")
        assert run.statuses == {"people": "succeeded"}, run.err
        assert len(sandbox.items(id_of("other"))) == 10


@contextmanager
def stalled_at_metadata(sandbox: ThreadedSandbox) -> Iterator[None]:
    sandbox.set_faults(fault("metadata", {"stall": 1000}))
    yield
    sandbox.set_faults()
