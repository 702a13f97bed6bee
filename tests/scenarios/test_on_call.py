"""README's page for the night, done as it says: from a night in which nearly everything went wrong to all green."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.support import readme
from tests.support.program import Invocation, Workplace, at_work, eventually, fault, id_of, ids, invoke, people, seed
from tests.support.sandbox import ThreadedSandbox

HELD = {"people": 20, "positions": 30, "grades": 3, "locations": 3, "costs": 3, "links": 3, "rates": 3}
SOURCES = {name: people(15 if name == "positions" else count, start=2) for name, count in HELD.items()}
PROBLEM = re.compile(r"^(?P<name>\w+): (?P<status>\w+)(?: \(stage (?P<stage>\w+)\))?$", re.MULTILINE)


def typed(command: str) -> Invocation:
    """What somebody types who copies the line."""
    program, *arguments = shlex.split(command)
    assert program == "bulkimport"
    return invoke(*arguments)


def page(number: int) -> list[str]:
    """The commands of a step of the page."""
    text = readme.text().partition("## It is 3 am")[2].partition("\n### ")[0]
    step = text.partition(f"**{number}.")[2].partition(f"**{number + 1}.")[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", step, re.DOTALL) for line in block.splitlines()]


def problems(text: str) -> dict[str, tuple[str, str, str]]:
    """By dataset: its status, what it says comes next, and the command that stands there to be typed."""
    found = {}
    starts = list(PROBLEM.finditer(text))
    for match, end in zip(starts, [*(one.start() for one in starts[1:]), len(text)], strict=True):
        part = text[match.end() : end]
        (command,) = re.findall(r"^  Type: +(bulkimport .*)$", part, re.MULTILINE)
        advice = re.search(r"^  Next: +(.*?)(?=^  \w+: )", part, re.MULTILINE | re.DOTALL)
        assert advice is not None, part
        assert "  What:" in part
        assert "  Data:" in part
        found[match["name"]] = (match["status"], " ".join(advice[1].split()), command)
    return found


def jobs_of(sandbox: ThreadedSandbox, name: str) -> int:
    return sum(job.dataset_id == id_of(name) for job in sandbox.jobs())


def prepare(work: Workplace) -> None:
    """The night: a cut file, one without its key, too many deletions, a job that fails, one whose end is not seen, and
    a dataset that depends on the first."""
    work.config_name = "nightly.yaml"
    work.settings["run"] = {"state_dir": "state"}
    for name, rows in SOURCES.items():
        more = {"poll": {"timeout": "300ms"}} if name == "locations" else {}
        depends = {"depends_on": ["people"]} if name == "links" else {}
        work.add(name, rows, **more, **depends)
    people_csv = work.folder / "people.csv"
    people_csv.write_text(people_csv.read_text().rpartition(",")[0])
    (work.folder / "costs.csv").write_text("number,name\n1,One\n")
    work.write_config()


def test_the_page_for_the_night_brings_everything_back_to_green(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = [seed(name, people(count)) for name, count in HELD.items()]
    rules = [fault("job", {"job_fail": ["the disk is full"]}, "grades", nth=1)]
    with at_work(tmp_path, *seeds, faults=rules) as (work, sandbox):
        monkeypatch.chdir(tmp_path)
        prepare(work)
        with sandbox.jobs_held(id_of("locations")):
            night = typed("bulkimport run nightly.yaml")
        assert night.code == 1, night.err

        status, history, report = page(1)
        shown = typed(status)
        assert shown.out == night.out
        assert "failed" in typed(history).out
        assert typed(report).code == 0
        assert "people" in (tmp_path / "report.html").read_text("utf-8")
        found = problems(shown.out)
        assert {name: one for name, (one, _, _) in found.items()} == {
            "people": "failed",
            "costs": "failed",
            "grades": "failed",
            "locations": "unknown",
            "positions": "refused",
            "links": "blocked",
        }

        for name, rows in SOURCES.items():  # what Next says: the extracts are made again, and are whole this time
            work.source(name, rows)
        eventually(lambda: all(job.ended for job in sandbox.jobs()), "the end of the job in Orgvue")
        for name in sorted(found, key=lambda name: found[name][0] == "blocked"):
            status_of, advice, command = found[name]
            assert advice
            done = typed(command)
            assert done.code == (1 if status_of == "unknown" else 0), (command, done.out, done.err)

        (resumed,) = (json.loads(path.read_text()) for path in work.state.glob("runs/*/summary.json") if is_night(path))
        assert {one["name"]: one["status"] for one in resumed["datasets"]}["locations"] == "succeeded"
        for name, rows in SOURCES.items():
            assert ids(sandbox.items(id_of(name))) == [row["id"] for row in rows], name
        assert (jobs_of(sandbox, "rates"), jobs_of(sandbox, "locations"), jobs_of(sandbox, "grades")) == (1, 1, 2)


def is_night(summary: Path) -> bool:
    return len(json.loads(summary.read_text())["datasets"]) == len(HELD)


def test_one_cause_for_all_needs_one_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step 3 without a RUN_ID: here for a token that Orgvue refused for a while."""
    body = {"errors": [{"name": "ApiTokenExpired", "code": "40302", "message": "Expired."}]}
    rules = [fault("api", {"status": 403, "body": body})]
    with at_work(tmp_path, *(seed(name, people(3)) for name in ("people", "grades")), faults=rules) as (work, sandbox):
        monkeypatch.chdir(tmp_path)
        work.config_name = "nightly.yaml"
        work.settings["run"] = {"state_dir": "state"}
        for name in ("people", "grades"):
            work.add(name, people(3, start=2))
        work.write_config()
        assert typed("bulkimport run nightly.yaml").code == 1
        sandbox.set_faults()
        first, *_ = page(3)
        assert first == "bulkimport run nightly.yaml --failed"
        assert typed(first).code == 0
        assert all(ids(sandbox.items(id_of(name))) == ["2", "3", "4"] for name in ("people", "grades"))
