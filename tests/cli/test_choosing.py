from pathlib import Path

import pytest

from bulkimport.cli.choosing import chosen_run
from bulkimport.errors import UsageError
from bulkimport.journal import Journal
from tests.support.clock import FakeClock
from tests.support.refreshing import a_record


async def test_the_last_run_is_chosen_or_the_one_that_is_named(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Journal.open(tmp_path, clock) as journal:
        for run_id in ("run-1", "run-2"):
            await journal.start_run(a_record(run_id, clock.now()), [])
        assert (await chosen_run(journal, None, tmp_path))[1].run_id == "run-2"
        assert (await chosen_run(journal, "run-1", tmp_path))[1].run_id == "run-1"


@pytest.mark.parametrize(("named", "told"), [(None, "no run yet"), ("run-7", "no run run-7")])
async def test_where_there_is_none_the_command_is_wrong(named: str | None, told: str, tmp_path: Path) -> None:
    async with Journal.open(tmp_path, FakeClock()) as journal:
        for one in (journal, None):
            with pytest.raises(UsageError, match=told) as raised:
                await chosen_run(one, named, tmp_path)
            assert "bulkimport history" in str(raised.value.report().hint)


async def test_a_config_in_place_of_a_run_is_told_how_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        await chosen_run(None, "nightly.yaml", tmp_path)
    assert "--config nightly.yaml" in str(raised.value.report().hint)
