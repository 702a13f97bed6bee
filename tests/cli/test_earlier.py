from dataclasses import replace
from pathlib import Path

import pytest

from bulkimport.cli.earlier import LAST, to_make_up_for, to_resume
from bulkimport.clock import SystemClock
from bulkimport.errors import StateError
from bulkimport.journal import Journal
from bulkimport.model import RunStatus
from bulkimport.plan import selection_of
from bulkimport.refresh import events as e
from tests.support.refreshing import CONFIG_KEY, a_record, records
from tests.support.vocabulary import a_config, a_dataset


async def test_events_that_make_no_sense_are_the_journals_mistake(tmp_path: Path) -> None:
    dataset, clock = a_dataset(), SystemClock()
    async with Journal.open(tmp_path, clock) as journal:
        await journal.start_run(a_record("run-1", clock.now()), records([dataset]))
        await journal.append("run-1", dataset.name, e.PayloadUploaded())
    async with Journal.open(tmp_path, clock) as journal:
        config = a_config(dataset)
        with pytest.raises(StateError, match="events of run run-1 make no sense"):
            await to_resume(journal, config, CONFIG_KEY, LAST)
        with pytest.raises(StateError, match="events of run run-1 make no sense"):
            await to_make_up_for(journal, config, CONFIG_KEY, LAST, selection_of([dataset]))


async def test_what_cannot_be_made_up_for_is_named(tmp_path: Path) -> None:
    """A dataset that was renamed, removed or disabled since is not passed over as though it had succeeded."""
    kept, gone, off = a_dataset(name="kept"), a_dataset(name="gone"), a_dataset(name="off")
    clock = SystemClock()
    async with Journal.open(tmp_path, clock) as journal:
        await journal.start_run(a_record("run-1", clock.now()), records([kept, gone, off]))
        await journal.finish_run("run-1", RunStatus.INTERRUPTED, 0, 0, clock.now())
        config = a_config(kept, replace(off, enabled=False))
        work = await to_make_up_for(journal, config, CONFIG_KEY, LAST, selection_of([kept]))
        whole = await to_make_up_for(journal, a_config(kept, gone, off), CONFIG_KEY, LAST, selection_of([kept]))
    assert work.warnings == (
        "gone did not succeed in run run-1 and is no longer in the config; nothing is done about that here.",
        "off did not succeed in run run-1 and is disabled by now; nothing is done about that here.",
    )
    assert whole.warnings == ()
