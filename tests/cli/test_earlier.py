from pathlib import Path

import pytest

from bulkimport.cli.earlier import LAST, to_make_up_for, to_resume
from bulkimport.clock import SystemClock
from bulkimport.errors import StateError
from bulkimport.journal import Journal
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
