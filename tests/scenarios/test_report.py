"""A night that ends in every way, told: as a page, as text, as a document; and seen by a monitor."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.markup import assert_accessible, assert_harmless, read_page
from tests.scenarios.checks import assert_no_secret
from tests.scenarios.mixed import SALARY, STATUSES, mixed_nights
from tests.support.program import Invocation, Workplace, at_work, fault, invoke, people, seed


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workplace, Invocation]]:
    with mixed_nights(tmp_path_factory.mktemp("mixed")) as (work, run):
        yield work, run


def test_the_night_ended_in_every_way(night: tuple[Workplace, Invocation]) -> None:
    assert night[1].statuses == STATUSES


def test_the_page_of_the_night_is_whole_harmless_and_tells_all(
    night: tuple[Workplace, Invocation], tmp_path: Path
) -> None:
    work, run = night
    path = tmp_path / "report.html"
    found = work.invoke("report", "--html", str(path), output="text")
    assert (found.code, found.out) == (0, "")
    assert str(path) in found.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = read_page(path.read_text("utf-8"))
    assert_harmless(page)
    assert_accessible(page)
    for part in (
        "Failed: 6 of 8 datasets did not succeed",
        f"bulkimport run {work.config} --failed {run.document['run_id']}",
        "--allow-delete people=",
        "salary: '…' is not a number P-0, P-1, P-2, P-3, P-4, …",
        "people-to-positions blocked after people and positions",
        "Compared with the last 2 runs of this config",
        *STATUSES,
        *(trace for dataset in run.document["datasets"] if dataset["error"] for trace in dataset["trace_ids"]),
    ):
        assert part in page.text, part
    assert SALARY not in page.text
    assert_no_secret(work, found, Invocation(0, path.read_text("utf-8"), ""))


def test_text_and_document_tell_the_same_without_values(night: tuple[Workplace, Invocation]) -> None:
    work, run = night
    text = work.invoke("report", output="text")
    squeezed = " ".join(text.out.split())
    assert "Rejected items of positions 6 items: salary: '…' is not a number keys P-0" in squeezed
    document = work.invoke("report", run.document["run_id"])
    assert document.document["schema"] == "bulkimport.report/1"
    assert {one["name"]: one["status"] for one in document.document["run"]["datasets"]} == STATUSES
    stages = {
        one["name"]: [span["stage"] for span in one["spans"]] for one in document.document["timeline"]["datasets"]
    }
    assert stages["locations"] == ["waiting", "source", "guard", "generate", "upload", "import", "poll", "result"]
    assert stages["people-to-positions"] == ["waiting"]
    assert stages["people"] == ["waiting", "source", "guard"]
    for told in (text, document):
        assert told.code == 0
        assert SALARY not in told.out
    assert_no_secret(work, text, document)


def test_values_are_told_where_they_are_asked_for(night: tuple[Workplace, Invocation]) -> None:
    work, _ = night
    assert SALARY in work.invoke("report", "--include-values", output="text").out
    shown = work.invoke("report", "--include-values", "--html", "-", output="text")
    assert SALARY in read_page(shown.out).text
    assert_no_secret(work, shown)


def test_a_page_and_a_document_can_be_had_at_once_but_not_both_on_stdout(
    night: tuple[Workplace, Invocation], tmp_path: Path
) -> None:
    work, _ = night
    both = work.invoke("report", "--html", str(tmp_path / "r.html"))
    assert both.document["schema"] == "bulkimport.report/1"
    assert (tmp_path / "r.html").exists()
    assert work.invoke("report", "--html", "-").code == 2
    lost = work.invoke("report", "--html", str(tmp_path / "absent" / "r.html"))
    assert (lost.code, lost.document["schema"]) == (1, "bulkimport.error/1")
    assert "No such file" in lost.err


def test_a_run_that_lost_its_folder_is_still_told(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), faults=[fault("job", {"job_reject": ["2"]})]) as (work, _):
        work.add("people", people(3), **{"import": {"on_action_validation_failure": "skip"}})
        run = work.run()
        assert run.statuses == {"people": "partial"}
        (work.state / "runs" / run.document["run_id"] / "people.failed.ndjson").unlink()
        assert "Their file is no longer there" in " ".join(work.invoke("report", output="text").out.split())


def test_the_report_is_found_by_its_config_and_a_config_is_not_taken_for_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with at_work(tmp_path, seed("people")) as (work, _):
        work.add("people", people(1))
        work.settings["run"] = {"state_dir": "configured"}
        work.write_config()
        assert invoke("report").code == 2
        assert invoke("run", str(work.config)).code == 0
        found = invoke("report", "--config", str(work.config), "--output", "json")
        assert found.document["run"]["status"] == "succeeded"
        wrong = invoke("report", work.config_name)
        assert wrong.code == 2
        assert f"--config {work.config_name}" in wrong.err


# ---- monitoring and one dataset over time


def test_a_monitor_is_told_in_one_line_whether_the_last_runs_are_well(night: tuple[Workplace, Invocation]) -> None:
    work, run = night
    bad = work.invoke("status", "--max-age", "26h", output="text")
    assert bad.code == 1
    assert bad.out.startswith(f"NOT OK: run {run.document['run_id']}")
    assert bad.out.count("\n") == 1
    document = work.invoke("status", "--max-age", "26h", "--config", str(work.config)).document
    assert (document["schema"], document["ok"], document["run_id"]) == (
        "bulkimport.freshness/1",
        False,
        run.document["run_id"],
    )


def test_a_monitor_is_content_with_a_young_success_and_with_nothing_else(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), seed("other")) as (work, sandbox):
        work.add("people", people(3))
        work.add("other", people(3))
        none = work.invoke("status", "--max-age", "26h", output="text")
        assert (none.code, none.out) == (1, "NOT OK: no run is on record.\n")
        assert not work.state.exists()
        assert work.run().code == 0
        well = work.invoke("status", "--max-age", "26h", output="text")
        assert (well.code, well.out[:3]) == (0, "OK:")
        assert work.invoke("status", "--max-age", "1ms").code == 1
        sandbox.set_faults(fault("import", {"status": 403}, "other"))
        assert work.run().code == 1
        sandbox.set_faults()
        assert work.run("--only", "people").code == 0
        hidden = work.invoke("status", "--max-age", "26h", output="text")
        assert hidden.code == 1
        assert "other failed" in hidden.out
        assert work.run("--only", "other").code == 0
        assert work.invoke("status", "--max-age", "26h").code == 0
        for wrong in (["--max-age", "soon"], ["--max-age", "1h", "--follow"], ["run-1", "--max-age", "1h"]):
            assert work.invoke("status", *wrong).code == 2


def test_one_dataset_is_shown_over_time(night: tuple[Workplace, Invocation]) -> None:
    work, run = night
    found = work.invoke("history", "--dataset", "positions").document
    assert (found["schema"], found["dataset"]) == ("bulkimport.history/1", "positions")
    assert [one["dataset"]["status"] for one in found["runs"]] == ["partial", "succeeded", "succeeded"]
    assert found["runs"][0]["dataset"] == run.dataset("positions")
    assert found["runs"][0]["datasets"]["failed"] == 2
    text = work.invoke("history", "--dataset", "positions", "--limit", "2", output="text").out
    assert text.count("Z-") == 2
    wrong = work.invoke("history", "--dataset", "positoins")
    assert wrong.code == 2
    assert "positions" in wrong.err
    everything = work.invoke("history").document["runs"]
    assert everything[0].keys() >= {"run_id", "config", "status", "started_at", "finished_at", "datasets", "duration_s"}
    assert json.loads(work.invoke("history", "--limit", "1").out)["runs"] == everything[:1]
