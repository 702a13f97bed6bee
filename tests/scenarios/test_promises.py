"""The contract's promises (section 4), each against real sockets."""

import gzip
import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bulkimport.model import Limits
from bulkimport.sandbox.world import DatasetSeed, JobTiming
from tests.scenarios.checks import assert_no_secret, assert_one_job_at_a_time, assert_sound_summary
from tests.support.program import (
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
from tests.support.sandbox import ThreadedSandbox

CHANGING = {"generate", "upload", "import", "sync", "create"}


def steps(sandbox: ThreadedSandbox) -> Counter[str]:
    return Counter(request.step for request in sandbox.requests)


# ---- 1 and 2: nothing is imported from a source that is not whole


def _write(text: bytes) -> Any:
    return lambda work: (work.folder / "people.csv").write_bytes(text)


BAD_SOURCES = {
    "missing": (lambda work: (work.folder / "people.csv").unlink(), "failed", "source"),
    "zero bytes": (_write(b""), "failed", "source"),
    "header alone": (_write(b"id,name\n"), "refused", "guard"),
    "cut in a row": (_write(b"id,name\n1,A\n2"), "failed", "source"),
    "open quote": (_write(b'id,name\n1,A\n2,"B'), "failed", "source"),
    "too many columns": (_write(b"id,name\n1,A\n2,B,C\n"), "failed", "source"),
    "column twice": (_write(b"id,name,name\n1,A,A\n"), "failed", "source"),
    "no key column": (_write(b"number,name\n1,A\n"), "failed", "source"),
    "not UTF-8": (_write(b"id,name\n1,\xff\xfe\n"), "failed", "source"),
    "blank key": (_write(b"id,name\n1,A\n,B\n"), "refused", "guard"),
    "key twice": (_write(b"id,name\n1,A\n1,B\n"), "refused", "guard"),
    "twenty fewer": (_write(b"id,name\n" + b"".join(b"%d,A\n" % n for n in range(1, 11))), "refused", "guard"),
}


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_source_that_is_not_right_changes_nothing(case: str, tmp_path: Path) -> None:
    spoil, status, stage = BAD_SOURCES[case]
    with at_work(tmp_path, seed("people", people(30)), seed("other", people(3))) as (work, sandbox):
        work.add("people", people(30))
        work.add("other", people(3, start=2))
        spoil(work)
        run = work.run()
        assert run.code == 1
        assert run.statuses == {"people": status, "other": "succeeded"}
        assert run.dataset("people")["error"]["stage"] == stage
        assert [job.dataset_id for job in sandbox.jobs()] == [id_of("other")]
        assert len(sandbox.items(id_of("people"))) == 30
    assert_sound_summary(run.document)
    assert_no_secret(work, run)


def test_a_packed_source_that_was_cut_short_changes_nothing(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(30))) as (work, sandbox):
        packed = gzip.compress(b"id,name\n" + b"".join(b"%d,A\n" % n for n in range(1, 31)))
        (tmp_path / "people.csv.gz").write_bytes(packed[:-12])
        work.add("people", None, source="people.csv.gz")
        run = work.run()
        assert run.statuses == {"people": "failed"}
        assert run.dataset("people")["error"]["stage"] == "source"
        assert sandbox.requests == []


def test_an_upload_that_the_store_holds_in_part_is_not_imported(tmp_path: Path) -> None:
    """The store acknowledges, and then has something else: it is uploaded again, and the import is from that."""
    rules = [fault("tempget", {"html": True}, first_n=2)]
    with at_work(tmp_path, seed("people", people(3)), faults=rules) as (work, sandbox):
        work.add("people", people(3, start=2))
        run = work.run()
        assert run.statuses == {"people": "succeeded"}
        assert run.dataset("people")["attempts"] == 3
        assert steps(sandbox)["import"] == 1


def test_an_empty_source_empties_a_dataset_only_if_that_is_allowed_in_so_many_words(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(30))) as (work, sandbox):
        work.add("people", [])
        assert work.run().statuses == {"people": "refused"}
        assert work.run("--allow-delete", "people=29").statuses == {"people": "refused"}
        assert sandbox.jobs() == []
        run = work.run("--allow-delete", "people=30")
        assert run.statuses == {"people": "succeeded"}
        assert run.dataset("people")["items"]["deleted"] == 30
        assert sandbox.items(id_of("people")) == []


def test_an_allowance_serves_once_and_a_rerun_keeps_it_only_if_it_was_not_used(tmp_path: Path) -> None:
    rules = [fault("generate", {"status": 400}, nth=1), fault("job", {"job_reject": ["1"]}, nth=1)]
    with at_work(tmp_path, seed("people", people(100)), faults=rules) as (work, sandbox):
        work.add("people", people(60), **{"import": {"on_action_validation_failure": "skip"}})
        assert work.run("--allow-delete", "people=40").statuses == {"people": "failed"}
        assert work.run("--failed").dataset("people")["items"]["deleted"] == 40
        work.source("people", people(30))
        rerun = work.run("--failed")
        assert rerun.statuses == {"people": "refused"}
        assert len(sandbox.jobs()) == 1


def test_the_deletion_guard_names_the_command_that_lets_the_load_through(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(100))) as (work, sandbox):
        work.add("people", people(80))
        refused = work.run()
        assert refused.statuses == {"people": "refused"}
        command = refused.dataset("people")["error"]["hint"].rpartition(": bulkimport ")[2]
        assert "--allow-delete people=20" in command
        assert invoke(*shlex.split(command), "--output", "json").statuses == {"people": "succeeded"}
        assert len(sandbox.items(id_of("people"))) == 80


# ---- 3: one dataset's failure concerns those alone that depend on it


def test_a_failure_blocks_what_depends_on_it_and_nothing_else(tmp_path: Path) -> None:
    names = ("people", "positions", "links", "chains", "free")
    rules = [fault("job", {"job_fail": ["no"]}, "people")]
    with at_work(tmp_path, *(seed(name, people(3)) for name in names), faults=rules) as (work, sandbox):
        depends = {"links": ["people", "positions"], "chains": ["links"]}
        for name in names:
            work.add(name, people(3, start=2), depends_on=depends.get(name, []))
        run = work.run()
        assert run.statuses == {
            "people": "failed",
            "positions": "succeeded",
            "links": "blocked",
            "chains": "blocked",
            "free": "succeeded",
        }
        assert run.dataset("people")["error"]["stage"] == "poll"
        assert run.dataset("links")["error"]["blocked_by"] == ["people"]
        assert run.dataset("chains")["error"]["blocked_by"] == ["links"]
        sandbox.set_faults()
        again = work.run("--failed")
        assert again.statuses == {"people": "succeeded", "links": "succeeded", "chains": "succeeded"}
        assert again.code == 0
        assert work.run("--failed").code == 0  # nothing is left, and it says so
    assert_sound_summary(run.document)


def test_what_depends_on_another_is_sent_after_it_has_ended(tmp_path: Path) -> None:
    names = ("people", "links")
    with at_work(tmp_path, *(seed(name, people(3)) for name in names)) as (work, sandbox):
        work.add("links", people(3, start=2), depends_on=["people"])
        work.add("people", people(3, start=2))
        assert work.run().code == 0
        first, second = sandbox.jobs()
        assert [first.dataset_id, second.dataset_id] == [id_of("people"), id_of("links")]
        assert first.modified_at is not None
        assert first.modified_at <= second.created_at


def test_rejected_items_make_a_dataset_partial_and_are_kept(tmp_path: Path) -> None:
    rules = [fault("job", {"job_reject": ["2"]}, "people")]
    with at_work(tmp_path, seed("people", people(3)), faults=rules) as (work, _):
        work.add("people", people(3, start=2), **{"import": {"on_action_validation_failure": "skip"}})
        run = work.run()
    dataset = run.dataset("people")
    assert run.code == 1
    assert dataset["status"] == "partial"
    assert dataset["items"]["failed"] == 1
    assert dataset["error"]["stage"] == "result"
    failed = work.state / "runs" / run.document["run_id"] / "people.failed.ndjson"
    assert [json.loads(line)["key"] for line in failed.read_text().splitlines()] == ["2"]
    assert str(failed) in dataset["error"]["hint"]


def test_fail_fast_lets_no_further_import_begin(tmp_path: Path) -> None:
    names = ("first", "second", "third")
    rules = [fault("job", {"job_fail": ["no"]}, "first")]
    with at_work(tmp_path, *(seed(name, people(3)) for name in names), faults=rules) as (work, sandbox):
        work.settings["run"] = {"fail_fast": True, "max_parallel_datasets": 1}
        work.add("first", people(3, start=2))
        work.add("second", people(3, start=2))
        work.add("third", people(3, start=2), depends_on=["first"])
        run = work.run()
        assert run.statuses == {"first": "failed", "second": "cancelled", "third": "blocked"}
        assert len(sandbox.jobs()) == 1
    assert_sound_summary(run.document)


# ---- 4: the tenant's limits


def test_the_rate_and_the_number_of_requests_at_once_stay_within_the_limits(tmp_path: Path) -> None:
    names = [f"d{number}" for number in range(12)]
    limits = Limits(requests_per_second=20, concurrent_requests=4)
    with at_work(tmp_path, *(seed(name, people(3)) for name in names), limits=limits) as (work, sandbox):
        work.settings["limits"] = {"requests_per_second": 20, "concurrent_requests": 4}
        for name in names:
            work.add(name, people(3, start=2))
        run = work.run()
        stats, seen = sandbox.stats(), len(sandbox.requests)
    assert run.code == 0
    assert stats.throttled == 0
    assert stats.peak_per_second <= 20
    assert stats.peak_concurrency <= 4
    assert run.document["requests"] == seen


def test_the_daily_quota_counts_all_runs_of_a_state_directory(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, sandbox):
        work.settings["limits"] = {"requests_per_day": 6}
        work.add("people", people(3, start=2))
        assert work.run().statuses == {"people": "succeeded"}
        run = work.run()
        assert run.statuses == {"people": "failed"}
        assert run.dataset("people")["error"]["code"] == "42902"
        assert sum(request.host == "api" for request in sandbox.requests) <= 6


# ---- 5 and 6: the token and the presigned URLs


@pytest.mark.parametrize("store", ["storage", "api", "redirect"])
def test_the_token_goes_to_the_tenants_host_alone_and_urls_go_out_as_they_came(store: str, tmp_path: Path) -> None:
    """The sandbox refuses a URL that is not byte for byte its own, and a presigned one that comes with a token."""
    with at_work(tmp_path, seed("people", people(3)), store=store) as (work, sandbox):
        work.add("people", people(3, start=2))
        run = work.run("--log-format", "json", "--log-level", "debug")
        assert run.statuses == {"people": "succeeded"}
        for request in sandbox.requests:
            sent = any(TOKEN.encode() in value for _, value in request.headers)
            assert sent is (request.step in ("metadata", "items", "generate", "import")), request.step
            assert TOKEN not in request.target
    assert_no_secret(work, run)


# ---- 7: a lost reply


@pytest.mark.parametrize("payload", ["json", "csv"])
@pytest.mark.parametrize("count", [3, 1000])
@pytest.mark.parametrize("packed", [False, True])
def test_an_import_whose_reply_was_lost_is_found_and_not_sent_again(
    payload: str, count: int, packed: bool, tmp_path: Path
) -> None:
    """By its result, whose first bytes tell it from the payload, also where the store keeps it compressed."""
    rules = [fault("import", {"reset_after": True})]
    with at_work(tmp_path, seed("people", people(count)), faults=rules, gzip_results=packed) as (work, sandbox):
        work.add("people", people(count, start=2), payload=payload)
        run = work.run()
        assert run.statuses == {"people": "succeeded"}
        items = run.dataset("people")["items"]
        assert items == {"created": 1, "updated": 0, "deleted": 1, "skipped": count - 1, "failed": 0}
        assert len(sandbox.jobs()) == 1
        assert steps(sandbox)["import"] == 1


@pytest.mark.usefixtures("jobs_begin_at_once")
def test_an_import_that_certainly_did_not_happen_is_sent_again_with_a_fresh_location(tmp_path: Path) -> None:
    """Certain: no job that began in the temporary file's life can still be running, and the dataset is as it was."""
    rules = [fault("import", {"reset_before": True}, nth=1)]
    with at_work(tmp_path, seed("people", people(3)), faults=rules, url_ttl=3.5, file_ttl=3.5) as (work, sandbox):
        work.settings["defaults"]["poll"]["timeout"] = "4s"
        work.add("people", people(3, start=2))
        run = work.run()
        assert run.statuses == {"people": "succeeded"}, run.out
        assert run.dataset("people")["attempts"] == 2
        assert len(sandbox.jobs()) == 1


@pytest.mark.parametrize("life", [900.0, 3.0])
def test_an_import_that_may_be_running_ends_unknown_and_holds_up_the_next_run(life: float, tmp_path: Path) -> None:
    """Also if its temporary file is gone: the job may have read it, and take longer than anybody watched."""
    timing = JobTiming(created=0.1, running=1000.0)
    rules = [fault("import", {"reset_after": True}, nth=1)]
    seeds = (seed("people", people(3)),)
    with at_work(tmp_path, *seeds, faults=rules, timing=timing, url_ttl=life, file_ttl=life) as (work, sandbox):
        work.settings["defaults"]["poll"]["timeout"] = "3500ms" if life < 4 else "500ms"
        work.add("people", people(3, start=2))
        first = work.run()
        assert first.statuses == {"people": "unknown"}
        second = work.run()
        assert second.statuses == {"people": "refused"}
        assert first.document["run_id"] in second.dataset("people")["error"]["message"]
        assert len(sandbox.jobs()) == 1
    assert_sound_summary(first.document)
    assert_sound_summary(second.document)


@pytest.mark.parametrize("status", [503, 408, 307])
def test_an_answer_that_leaves_the_import_open_is_in_the_error_also_after_a_resume(status: int, tmp_path: Path) -> None:
    away = {"status": status} | ({"headers": {"Location": "https://elsewhere.example/"}} if status == 307 else {})
    with at_work(tmp_path, seed("people", people(3)), faults=[fault("import", away, nth=1)]) as (work, sandbox):
        work.settings["defaults"]["poll"]["timeout"] = "300ms"
        work.add("people", people(3, start=2))
        first = work.run()
        error = first.dataset("people")["error"]
        again = work.run("--resume", str(first.document["run_id"])).dataset("people")
        assert sandbox.jobs() == []
    assert (error["http_status"], error["retryable"]) == (status, False)
    assert status == 307 or (error["name"], error["code"]) == ("InjectedFault", f"{status}00")
    assert "redirects" in error["message"] or f"answered {status}" in error["message"]
    assert "is not known" in error["message"]
    assert f" --resume {first.document['run_id']}" in error["hint"]
    assert again["status"] == "unknown"
    assert again["error"] == error | {"trace_id": again["error"]["trace_id"]}


def test_two_runs_at_once_do_not_refresh_the_same_dataset(tmp_path: Path) -> None:
    rules = [fault("poll", {"status": 404}, "people")]
    with at_work(tmp_path, seed("people", people(3)), seed("other", people(3)), faults=rules) as (work, sandbox):
        work.settings["defaults"]["poll"]["timeout"] = "1000s"
        work.add("people", people(3, start=2))
        work.add("other", people(3, start=2))
        with work.start("run", "--only", "people") as started:
            eventually(sandbox.jobs, "a submitted import")
            refused = work.run()
            with work.start("run", "--wait-lock", "1000s", "--only", "people") as waiting:
                eventually(lambda: _running(work, started, waiting) == 2, "a second run that waits for the first")
                sandbox.set_faults()
                first, waited = started.end(), waiting.end()
        assert refused.statuses == {"people": "refused", "other": "succeeded"}
        assert first.document["run_id"] in refused.dataset("people")["error"]["message"]
        assert first.statuses == waited.statuses == {"people": "succeeded"}
        assert_one_job_at_a_time(sandbox.jobs())


def test_two_shells_that_start_one_config_at_once_never_import_the_same_dataset_at_the_same_time(
    tmp_path: Path,
) -> None:
    names = [f"set{number}" for number in range(4)]
    timing = JobTiming(created=0.1, running=0.3)
    with at_work(tmp_path, *(seed(name, people(3)) for name in names), timing=timing) as (work, sandbox):
        for name in names:
            work.add(name, people(3, start=2))
        with work.start("run") as one, work.start("run", "--wait-lock", "60s") as other:
            runs = [one.end(), other.end()]
        assert runs[1].statuses == dict.fromkeys(names, "succeeded"), runs[1].err
        for name in names:
            assert runs[0].statuses[name] in ("succeeded", "refused")
            if runs[0].statuses[name] == "refused":
                assert runs[1].document["run_id"] in runs[0].dataset(name)["error"]["message"]
            assert ids(sandbox.items(id_of(name))) == ["2", "3", "4"]
        succeeded = sum(status == "succeeded" for run in runs for status in run.statuses.values())
        assert len(sandbox.jobs()) == succeeded
        assert_one_job_at_a_time(sandbox.jobs())


def _running(work: Workplace, *processes: Started) -> int:
    for process in processes:
        assert process.running, process.end().err
    return [run["status"] for run in work.invoke("history").document["runs"]].count("running")


# ---- 9: what the dataset holds


def test_items_that_cannot_be_read_are_stood_in_for_by_the_last_run(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, sandbox):
        work.add("people", people(40))
        assert work.run().statuses == {"people": "succeeded"}
        sandbox.set_faults(fault("items", {"status": 413}))
        assert work.run().dataset("people")["baseline"] == "last_run"
        work.source("people", people(20))
        run = work.run()
        dataset = run.dataset("people")
        assert (dataset["status"], dataset["baseline"]) == ("refused", "last_run")
        assert "last successful run" in dataset["warnings"][0]
        assert len(sandbox.items(id_of("people"))) == 40


def test_a_column_that_is_no_property_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", properties=())) as (work, sandbox):
        work.add("people", people(3))
        run = work.run()
        assert run.statuses == {"people": "refused"}
        assert "name" in run.dataset("people")["error"]["message"]
        assert not CHANGING & steps(sandbox).keys()


@pytest.mark.parametrize("policy", ["warn", "refuse"])
def test_links_without_an_end_are_foreseen_by_plan_and_run(policy: str, tmp_path: Path) -> None:
    """Also where the sides have these keys since tonight only, and in whatever order the config has them."""
    sides = (seed("people", people(2)), seed("positions", people(2, start=100)))
    links = DatasetSeed(id_of("links"), "links", "LINKS", joins=(id_of("people"), id_of("positions")))
    with at_work(tmp_path, *sides, links) as (work, sandbox):
        rows = [{"from_id": f"{number}", "to_id": f"{number + 99}"} for number in range(1, 5)]
        work.add(
            "links",
            rows,
            key=["from_id", "to_id"],
            depends_on=["people", "positions"],
            guards={"dangling_links": policy, "allow_item_errors": 0},
        )
        work.add("people", people(3))
        work.add("positions", people(4, start=100))
        foreseen = "1 of 4 links has a from_id that is no key of people or positions: 4."
        for command, status in (("plan", "ready"), ("run", "failed")):
            found = work.invoke(command)
            told = found.dataset("links")
            assert told["status"] == (status if policy == "warn" else "refused")
            assert foreseen in (told["error"]["message"] if policy == "refuse" else " ".join(told["warnings"]))
        assert steps(sandbox)["import"] == (3 if policy == "warn" else 2)
        assert [path.name for path in (work.state / "spool").iterdir()] == []

        work.source("links", rows[:3])
        assert work.run().statuses == dict.fromkeys(("links", "people", "positions"), "succeeded")
        assert not [text for one in work.invoke("status").document["datasets"] for text in one["warnings"]]


def test_a_dataset_that_does_not_exist_fails_alone(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, _):
        work.add("people", people(3))
        work.add("nobody", people(3))
        run = work.run()
        assert run.statuses == {"people": "succeeded", "nobody": "failed"}
        assert "dataset_id" in run.dataset("nobody")["error"]["hint"]


def test_a_second_run_finds_nothing_to_change(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, _):
        work.add("people", people(5, start=2))
        assert work.run().dataset("people")["items"]["created"] == 3
        run = work.run()
        assert run.dataset("people")["items"] == {"created": 0, "updated": 0, "deleted": 0, "skipped": 5, "failed": 0}
        assert run.dataset("people")["changes"] == {"created": 0, "updated": 0, "deleted": 0, "unchanged": 5}


def test_csv_payloads_and_other_kinds_of_sources_arrive(tmp_path: Path) -> None:
    names = ("csv", "json", "ndjson", "packed")
    rows = people(3, start=2)
    with at_work(tmp_path, *(seed(name, people(3)) for name in names)) as (work, sandbox):
        work.add("csv", rows, payload="csv")
        (tmp_path / "j.json").write_text(json.dumps(rows))
        (tmp_path / "n.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        (tmp_path / "p.ndjson.gz").write_bytes(gzip.compress((tmp_path / "n.ndjson").read_bytes()))
        work.add("json", None, source="j.json")
        work.add("ndjson", None, source="n.ndjson")
        work.add("packed", None, source="p.ndjson.gz")
        run = work.run()
        assert run.code == 0, run.out
        assert [ids(sandbox.items(id_of(name))) for name in names] == [["2", "3", "4"]] * 4


def test_what_the_run_leaves_behind_is_private_and_its_spool_is_gone(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, _):
        work.add("people", people(3, start=2))
        run = work.run()
    own = work.state / "runs" / run.document["run_id"]
    assert {path.name for path in own.iterdir()} >= {
        "summary.json",
        "run.log",
        "people.result.json",
        "people.backup.ndjson.gz",
    }
    assert json.loads((own / "summary.json").read_text()) == run.document
    assert not list((work.state / "spool").iterdir())
    open_to_others = [path for path in work.state.rglob("*") if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_the_backup_holds_what_the_import_deletes_or_changes(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, _):
        work.add("people", [{"id": "2", "name": "Another name"}, *people(2, start=3)])
        run = work.run()
    backup = work.state / "runs" / run.document["run_id"] / "people.backup.ndjson.gz"
    kept = [json.loads(line) for line in gzip.decompress(backup.read_bytes()).splitlines()]
    assert {item["id"]: item["name"] for item in kept} == {"1": "Person 1", "2": "Person 2"}


def test_a_location_that_expires_again_and_again_is_given_up(tmp_path: Path) -> None:
    rules = [fault("upload", {"expire": True})]
    with at_work(tmp_path, seed("people", people(3)), faults=rules) as (work, sandbox):
        work.add("people", people(3, start=2))
        run = work.run()
        assert run.statuses == {"people": "failed"}
        assert run.dataset("people")["attempts"] == 5
        assert steps(sandbox)["generate"] == 5
        assert steps(sandbox)["import"] == 0
