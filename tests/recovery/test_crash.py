"""Death before and after every single write to the journal: a resume makes of it what an undisturbed run does."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bulkimport.model import DatasetStatus, ItemCounts, RunStatus
from bulkimport.sandbox.world import JobTiming
from tests.recovery.night import Fate, Moment, resume, run_until
from tests.scenarios.checks import assert_one_job_at_a_time
from tests.support.program import Row, Workplace, at_work, id_of, people, seed
from tests.support.sandbox import ThreadedSandbox

NAMES = ("people", "links")
AT_ONCE = JobTiming(0.0, 0.0, 0.0)
PATIENCE = "6s"
"""For how long a job is looked at, and an import that was not submitted is searched for until it is ruled out."""
SLICES = 4
MOST_WRITES = 200


def in_generation(folder: Path, sandbox: ThreadedSandbox, number: int) -> Workplace:
    """A workplace of its own whose sources lead from the items of the generation before to those of this one."""
    folder = folder / f"generation-{number}"
    folder.mkdir()
    work = Workplace(folder, sandbox.address)
    work.settings["defaults"]["poll"] |= {"initial": "5ms", "timeout": PATIENCE}
    for name, depends_on in zip(NAMES, ([], ["people"]), strict=True):
        work.add(name, rows_of(number), depends_on=depends_on)
    return work


def rows_of(generation: int) -> list[Row]:
    """One item fewer and one more than the generation before has, and all others changed."""
    return people(4, start=generation, grade=f"G{generation}")


def held(sandbox: ThreadedSandbox, name: str) -> list[dict[str, Any]]:
    items = [{key: value for key, value in item.items() if key != "_id"} for item in sandbox.items(id_of(name))]
    return sorted(items, key=lambda item: int(item["id"]))


@pytest.mark.usefixtures("what_was_sent_has_arrived")
@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_died_at_a_write_is_resumed_as_if_nothing_had_happened(
    moment: Moment, part: int, tmp_path: Path
) -> None:
    seeds = [seed(name, rows_of(0)) for name in NAMES]
    with at_work(tmp_path, *seeds, timing=AT_ONCE) as (_, sandbox):
        generation = 0
        for write in range(1 + part, MOST_WRITES, SLICES):
            generation += 1
            work, seen = in_generation(tmp_path, sandbox, generation), len(sandbox.jobs())
            fate = Fate(write, moment)
            run_until(work, fate)
            facts = resume(work)
            assert facts is not None
            where = f"died {moment} write {write}"
            assert {one.name: one.status for one in facts.datasets} == dict.fromkeys(NAMES, DatasetStatus.SUCCEEDED), (
                where,
                facts,
            )
            assert facts.status is RunStatus.SUCCEEDED, where
            assert (work.state / "runs" / facts.run_id / "summary.json").exists(), where
            assert [one.items for one in facts.datasets] == [ItemCounts(created=1, updated=3, deleted=1)] * 2, where
            assert [held(sandbox, name) for name in NAMES] == [rows_of(generation)] * 2, where
            jobs = sandbox.jobs()[seen:]
            assert Counter(job.dataset_id for job in jobs) == dict.fromkeys(map(id_of, NAMES), 1), where
            assert_one_job_at_a_time(jobs)
            assert not list((work.state / "spool").iterdir()), where
            if not fate.dead:
                break
        else:
            pytest.fail("the run never came to its end")
        assert generation > 5
