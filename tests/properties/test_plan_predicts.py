"""What a plan says is what an import does, whatever the data and the guards; and a restore undoes it."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkimport.sandbox.world import JobTiming
from tests.properties.world import HELD, NAME, SEED, TEXTS, TYPED, Row, World
from tests.support.program import Workplace
from tests.support.sandbox import quick_options, sandbox_thread

CHANGING = {"generate", "upload", "import", "sync", "create"}
NOTHING = {"created": 0, "updated": 0, "deleted": 0, "skipped": 0, "failed": 0}
PERCENT = st.sampled_from([None, 0, 10, 60, 300])
GUARDS = st.fixed_dictionaries(
    {
        "min_rows": st.sampled_from([None, 0, 1, 4]),
        "max_rows": st.sampled_from([None, None, 15]),
        "max_delete_rows": st.sampled_from([None, 0, 3, 100]),
        "max_delete_percent": st.sampled_from([None, 0, 10, 60, 100]),
        "max_create_percent": PERCENT,
        "max_update_percent": PERCENT,
    }
)
OPEN = {"min_rows": 0, "max_delete_rows": None, "max_delete_percent": None}
ALLOWED = st.sampled_from([None, 0, 2, 30])
EXAMPLES = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    options = quick_options(tmp_path / "sandbox", seeds=(SEED,), timing=JobTiming(0.0, 0.0, 0.0))
    with sandbox_thread(options) as sandbox:
        yield World(tmp_path, sandbox)


def write_json(work: Workplace, rows: list[Row]) -> None:
    (work.folder / "people.json").write_text(json.dumps(rows))


def write_csv(work: Workplace, rows: list[Row]) -> None:
    with (work.folder / "people.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "name", "salary", "dob", "active"])
        writer.writeheader()
        writer.writerows(rows)


def assert_foretold(world: World, work: Workplace, *options: str) -> None:
    """Plans, runs, and compares what was foretold with what came."""
    before, seen = world.held(), len(world.sandbox.requests)
    plan = work.invoke("plan", *options)
    assert plan.code != 2, plan.err
    (planned,) = plan.document["datasets"]
    assert world.held() == before
    run = work.run(*options)
    (done,) = run.document["datasets"]
    changing = {request.step for request in world.sandbox.requests[seen:]} & CHANGING
    if planned["status"] != "ready":
        assert (planned["status"], done["status"]) == ("refused", "refused"), (plan.err, run.err)
        assert planned["error"]["message"] == done["error"]["message"]
        assert done["items"] == NOTHING
        assert changing == set()
        assert world.held() == before
        return
    assert done["status"] == "succeeded", done["error"]
    foretold = planned["items"]
    made = {name: done["items"][name] for name in ("created", "updated", "deleted")}
    assert made == {name: foretold[name] for name in made}
    assert done["items"]["skipped"] == done["rows"] - made["created"] - made["updated"]
    assert foretold["unchanged"] == len(before) - made["updated"] - made["deleted"]
    assert planned["sha256"] == done["sha256"]


@EXAMPLES
@given(held=HELD, rows=TYPED, guards=st.just(OPEN) | GUARDS, allowed=ALLOWED, implicit=st.booleans())
def test_a_plan_of_a_json_source_comes_true(
    world: World, held: list[Row], rows: list[Row], guards: dict[str, Any], allowed: int | None, implicit: bool
) -> None:
    work = world.holding(held, guards=guards, **{"import": {"implicit_delete": implicit}})
    write_json(work, rows)
    assert_foretold(world, work, *([f"--allow-delete={NAME}={allowed}"] if allowed is not None else []))


@EXAMPLES
@given(held=HELD, rows=TEXTS, guards=st.just(OPEN) | GUARDS, payload=st.sampled_from(["json", "csv"]))
def test_a_plan_of_a_csv_source_comes_true(
    world: World, held: list[Row], rows: list[Row], guards: dict[str, Any], payload: str
) -> None:
    work = world.holding(held, guards=guards, source="people.csv", payload=payload)
    write_csv(work, rows)
    assert_foretold(world, work)


@EXAMPLES
@given(held=HELD, nights=st.lists(TYPED, min_size=1, max_size=3), implicit=st.booleans())
def test_a_restore_brings_back_what_was_there_before_the_run(
    world: World, held: list[Row], nights: list[list[Row]], implicit: bool
) -> None:
    """To before the first of several runs, however often; and to before the restore, if that is named."""
    work = world.holding(held, guards=OPEN, **{"import": {"implicit_delete": implicit}})
    before, first = world.held(), None
    for rows in nights:
        write_json(work, rows)
        run = work.run("--allow-delete", f"{NAME}=1000")
        assert run.code == 0, run.err
        first = first or run.document["run_id"]
    after = world.held()
    restored = work.invoke("restore", NAME, "--run", str(first))
    assert restored.code == 0, restored.err
    assert restored.statuses == {NAME: "unchanged" if before == after else "succeeded"}
    assert world.held() == before
    again = work.invoke("restore", NAME, "--run", str(first))
    assert again.statuses == {NAME: "unchanged"}, again.err
    if before != after:
        undone = work.invoke("restore", NAME, "--run", str(restored.document["run_id"]))
        assert undone.code == 0, undone.err
        assert world.held() == after
