"""`restore` as a person on call uses it: what comes back, what is refused, and what other commands make of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkimport.refresh.events import ImportAccepted
from bulkimport.sandbox.world import DatasetSeed
from tests.recovery.night import Fate, run_until
from tests.scenarios.checks import assert_no_secret, assert_one_job_at_a_time, assert_sound_summary
from tests.support.program import Row, Workplace, at_work, eventually, fault, id_of, ids, people, seed
from tests.support.sandbox import ThreadedSandbox

At = tuple[Workplace, ThreadedSandbox]


@pytest.fixture
def at(tmp_path: Path) -> Iterator[At]:
    with at_work(tmp_path, seed("people", people(30))) as (work, sandbox):
        work.add("people", people(30))
        yield work, sandbox


def night(work: Workplace, rows: list[Row]) -> str:
    """A run that imports these rows; its id."""
    work.source("people", rows)
    run = work.run("--allow-delete", "people=100")
    assert run.statuses == {"people": "succeeded"}, run.err
    return str(run.document["run_id"])


def names(sandbox: ThreadedSandbox) -> list[str]:
    return ids(sandbox.items(id_of("people")))


FIRST = [str(number) for number in range(1, 31)]


def test_a_dataset_is_put_back_to_what_it_was_before_its_last_import(at: At) -> None:
    work, sandbox = at
    last = night(work, people(10, start=25, name="new"))
    restored = work.invoke("restore", "people")
    assert restored.code == 0, restored.err
    assert restored.statuses == {"people": "succeeded"}
    assert restored.document["follows"] == last
    assert "24 come again" in restored.err
    assert names(sandbox) == FIRST
    assert {item["name"] for item in sandbox.items(id_of("people"))} == {f"Person {number}" for number in FIRST}
    assert_sound_summary(restored.document)
    assert_no_secret(work, restored)
    assert_one_job_at_a_time(sandbox.jobs())


def test_a_dataset_is_put_back_by_several_runs_at_once(at: At) -> None:
    work, sandbox = at
    first = night(work, people(10))
    night(work, people(10, start=8))
    assert work.invoke("restore", "people", "--run", first).code == 0
    assert names(sandbox) == FIRST


def test_a_restore_that_is_named_can_be_undone_and_done_again(at: At) -> None:
    work, sandbox = at
    loaded = [str(number) for number in range(25, 35)]
    night(work, people(10, start=25))
    restored = work.invoke("restore", "people")
    name_it = ("restore", "people", "--run", restored.document["run_id"], "--allow-delete", "people=24")
    undone = work.invoke(*name_it)
    assert undone.code == 0, undone.err
    assert names(sandbox) == loaded
    assert work.invoke(*name_it).statuses == {"people": "unchanged"}
    assert work.invoke("restore", "people").statuses == {"people": "succeeded"}
    assert names(sandbox) == FIRST


def test_a_restore_that_is_repeated_changes_nothing(at: At) -> None:
    work, sandbox = at
    last = night(work, people(10, start=25))
    assert work.invoke("restore", "people").code == 0
    jobs = len(sandbox.jobs())
    again = work.invoke("restore", "people")
    assert (again.code, again.statuses) == (0, {"people": "unchanged"}), again.err
    assert again.document["follows"] == last
    assert (names(sandbox), len(sandbox.jobs())) == (FIRST, jobs)


def test_a_named_run_is_undone_whatever_was_loaded_and_restored_since(at: At) -> None:
    work, sandbox = at
    first = night(work, people(20, name="a"))
    before_second = names(sandbox)
    night(work, people(10, start=15, name="b"))
    assert work.invoke("restore", "people").code == 0
    assert names(sandbox) == before_second
    third = night(work, people(12, start=5, name="c"))
    assert work.invoke("restore", "people").document["follows"] == third
    assert names(sandbox) == before_second
    assert work.invoke("restore", "people", "--run", first).code == 0
    assert names(sandbox) == FIRST
    assert {item["name"] for item in sandbox.items(id_of("people"))} == {f"Person {number}" for number in FIRST}


def test_an_earlier_restore_needs_no_backup_once_what_it_undid_is_undone_again(at: At) -> None:
    work, sandbox = at
    night(work, people(10, start=25))
    restored = work.invoke("restore", "people")
    for path in (work.state / "runs" / str(restored.document["run_id"])).glob("people.*.gz"):
        path.unlink()
    again = work.invoke("restore", "people")
    assert (again.code, again.statuses) == (0, {"people": "unchanged"}), again.err
    assert names(sandbox) == FIRST


def test_what_is_as_it_was_is_unchanged(at: At) -> None:
    work, sandbox = at
    first = night(work, people(10))
    assert work.invoke("restore", "people").code == 0
    jobs = len(sandbox.jobs())
    again = work.invoke("restore", "people", "--run", first)
    assert (again.code, again.statuses) == (0, {"people": "unchanged"}), again.err
    assert len(sandbox.jobs()) == jobs


def test_a_guard_stops_a_restore_and_names_the_one_it_would_let_through(at: At) -> None:
    work, sandbox = at
    last = night(work, people(60))
    refused = work.invoke("restore", "people")
    assert (refused.code, refused.statuses) == (1, {"people": "refused"})
    command = refused.dataset("people")["error"]["hint"].rpartition(": ")[2].split()
    assert command == [
        "bulkimport",
        "restore",
        str(work.config),
        "people",
        "--run",
        last,
        "--allow-delete",
        "people=30",
        "--state-dir",
        str(work.state),
    ]
    assert len(sandbox.jobs()) == 1
    assert work.invoke(*command[1:2], *command[3:]).code == 0
    assert names(sandbox) == FIRST


def test_the_backup_must_still_be_there(at: At) -> None:
    work, sandbox = at
    last = night(work, people(10, start=25))
    folder = work.state / "runs" / last
    (folder / "people.backup.ndjson.gz").rename(folder / "elsewhere")
    gone = work.invoke("restore", "people")
    assert gone.code == 2
    assert "is gone" in gone.err
    (folder / "elsewhere").rename(folder / "people.backup.ndjson.gz")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert work.invoke("restore", "people").code == 2
    assert len(sandbox.jobs()) == 1


def test_a_damaged_backup_changes_nothing(at: At) -> None:
    work, sandbox = at
    last = night(work, people(10, start=25))
    path = work.state / "runs" / last / "people.backup.ndjson.gz"
    path.write_bytes(path.read_bytes()[:-10])
    failed = work.invoke("restore", "people")
    assert (failed.code, failed.statuses) == (1, {"people": "failed"})
    assert len(sandbox.jobs()) == 1
    assert_sound_summary(failed.document)


def test_a_backup_by_another_key_is_not_matched(at: At) -> None:
    work, sandbox = at
    night(work, people(10))
    work.datasets[0] |= {"key": "name", "import": {"id_key": "name"}}
    refused = work.invoke("restore", "people")
    assert refused.code == 2
    assert "the key id, which is now name" in refused.err
    assert len(sandbox.jobs()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["people"], "No import of people"),
        (["people", "--run", "no-such-run"], "by run no-such-run"),
        (["peple"], "did you mean people"),
        ([" people"], "one dataset"),
        (["people,people"], "one dataset"),
    ],
)
def test_a_restore_of_what_never_was_is_a_usage_error(arguments: list[str], told: str, at: At) -> None:
    work, sandbox = at
    wrong = work.invoke("restore", *arguments)
    assert wrong.code == 2
    assert told in wrong.err
    assert sandbox.requests == []


def test_an_import_that_the_service_declined_is_not_there_to_be_undone(at: At) -> None:
    work, sandbox = at
    last = night(work, people(10))
    sandbox.set_faults(fault("import", {"status": 400}))
    work.source("people", people(12))
    assert work.run().statuses == {"people": "failed"}
    sandbox.set_faults()
    restored = work.invoke("restore", "people")
    assert restored.document["follows"] == last
    assert names(sandbox) == FIRST


def test_a_run_that_saw_no_items_has_no_backup(at: At) -> None:
    work, sandbox = at
    night(work, people(30, name="x"))
    sandbox.set_faults(fault("items", {"status": 413}))
    work.source("people", people(30, name="y"))
    assert work.run().statuses == {"people": "succeeded"}
    sandbox.set_faults()
    refused = work.invoke("restore", "people")
    assert refused.code == 2
    assert "kept no backup" in refused.err


def test_an_import_that_was_cut_off_can_be_undone(at: At) -> None:
    """Whether it was carried out is seen first: two imports at once could delete what the other wrote."""
    work, sandbox = at
    night(work, people(30, name="x"))
    work.source("people", people(25, name="y"))
    run_until(work, Fate(0, "before", ImportAccepted))
    restored = work.invoke("restore", "people")
    assert restored.code == 0, restored.err
    assert names(sandbox) == FIRST
    assert {item["name"] for item in sandbox.items(id_of("people"))} == {"x"}
    assert_one_job_at_a_time(sandbox.jobs())


def test_neither_failed_nor_resume_take_a_restore_for_the_last_run(at: At) -> None:
    work, sandbox = at
    night(work, people(10))
    work.source("people", [])
    failed = work.run()
    assert failed.statuses == {"people": "refused"}
    restored = work.invoke("restore", "people")
    assert restored.code == 0
    work.source("people", people(30, name="z"))
    made_up = work.run("--failed")
    assert made_up.statuses == {"people": "succeeded"}
    assert made_up.document["follows"] == failed.document["run_id"]
    for option in ("--failed", "--resume"):
        wrong = work.run(option, restored.document["run_id"])
        assert wrong.code == 2
        assert f"bulkimport restore {work.config} people --run" in " ".join(wrong.err.split())
    assert len(sandbox.jobs()) == 3


@pytest.mark.parametrize("named", [True, False])
def test_an_interrupted_restore_is_restored_again_not_undone(named: bool, at: At) -> None:
    work, sandbox = at
    last = night(work, people(10))
    sandbox.set_faults(fault("import", {"stall_after": 1000}))
    work.settings["timeouts"]["read"] = "1000s"
    seen = len(sandbox.jobs())
    with work.start("restore", "people") as started:
        eventually(lambda: len(sandbox.jobs()) > seen, "an import")
        started.kill()
    sandbox.set_faults()
    wrong = work.run("--resume")
    assert wrong.code == 2
    assert f"--run {last}" in " ".join(wrong.err.split())
    command = f"bulkimport restore {work.config} people --run {last} --state-dir {work.state}"
    status = work.invoke("status")
    assert status.dataset("people")["status"] == "unknown"
    assert status.dataset("people")["error"]["hint"].endswith(f": {command}")
    again = work.invoke("restore", "people", *(("--run", last) if named else ()))
    assert again.statuses == {"people": "unchanged"}, again.err
    assert names(sandbox) == FIRST


def test_a_restore_whose_end_was_not_seen_is_to_be_restored_again(at: At) -> None:
    work, sandbox = at
    last = night(work, people(10))
    work.settings["defaults"]["poll"]["timeout"] = "300ms"
    sandbox.set_faults(
        fault("poll", {"status": 503}), fault("result", {"status": 503}), fault("tempget", {"status": 503}, after_n=1)
    )
    work.settings["retries"] = {"attempts": 1}
    unseen = work.invoke("restore", "people")
    assert unseen.statuses == {"people": "unknown"}, unseen.err
    command = f"bulkimport restore {work.config} people --run {last} --state-dir {work.state}"
    assert unseen.dataset("people")["error"]["hint"].endswith(f": {command}")


def test_links_are_put_back_without_what_orgvue_computes(tmp_path: Path) -> None:
    pairs = [{"from_id": f"E{number}", "to_id": f"P{number}", "share": str(number)} for number in range(12)]
    with at_work(tmp_path, DatasetSeed(id_of("links"), "links", type="LINKS")) as (work, sandbox):
        work.add("links", None, key=["from_id", "to_id"], source="links.json")

        def load(rows: list[dict[str, str]]) -> None:
            (tmp_path / "links.json").write_text(json.dumps(rows))
            run = work.run("--allow-delete", "links=7")
            assert run.statuses == {"links": "succeeded"}, run.err

        def held() -> list[dict[str, str]]:
            items = [
                {key: item[key] for key in ("from_id", "to_id", "share")} for item in sandbox.items(id_of("links"))
            ]
            assert all("link_id" in item for item in sandbox.items(id_of("links")))
            return sorted(items, key=lambda item: int(item["share"]))

        load(pairs)
        load([*pairs[:5], {"from_id": "E9", "to_id": "P0", "share": "1"}])
        restored = work.invoke("restore", "links")
        assert restored.statuses == {"links": "succeeded"}, restored.document
        assert held() == pairs
