"""What the whole program shows in tests/scenarios/test_telling.py, where something goes wrong within the telling."""

from dataclasses import replace
from pathlib import Path

import pytest

from bulkimport.cli import audience
from bulkimport.cli.audience import Audience
from bulkimport.errors import StateError
from bulkimport.journal import Journal
from bulkimport.log import Redactor
from bulkimport.model import Heartbeat, Outlets, Secret
from tests.notify.support import logged
from tests.report.examples import SUCCEEDED, run_of
from tests.support.clock import FakeClock
from tests.support.listeners import listening
from tests.support.vocabulary import a_config


async def test_a_journal_that_fails_at_the_very_end_is_logged_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StateError("The disk is full.")

    monkeypatch.setattr(audience, "write_metrics", fail)
    config = replace(a_config(), outlets=Outlets(textfile=str(tmp_path / "a.prom")))
    async with Journal.open(tmp_path, FakeClock()) as journal, logged() as log:
        await Audience(config, "key", "run-1", journal, FakeClock(), Redactor()).tell(run_of(SUCCEEDED))
        (failed,) = log.events(1)
    assert failed["event"] == "telling.failed"
    assert "The disk is full." in failed["error"]


async def test_without_outlets_nothing_is_told(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, FakeClock()) as journal:
        own = Audience(a_config(), "key", "run-1", journal, FakeClock(), Redactor())
        await own.look_back()
        async with own.accompany():
            assert own.spans is None
        await own.tell(run_of(SUCCEEDED))


async def test_a_heartbeat_accompanies_the_run(tmp_path: Path) -> None:
    with listening() as web:
        heartbeat = Heartbeat(Secret(f"{web.address}/start"), None, Secret(f"{web.address}/fail"))
        config = replace(a_config(), outlets=Outlets(heartbeat=heartbeat))
        async with Journal.open(tmp_path, FakeClock()) as journal, logged():
            own = Audience(config, "key", "run-1", journal, FakeClock(), Redactor())
            async with own.accompany():
                pass
            await own.tell(run_of(SUCCEEDED))  # its status is failed
    assert web.targets == ["/start", "/fail"]
