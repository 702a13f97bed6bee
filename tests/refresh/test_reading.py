import hashlib
import json
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from bulkimport.errors import SourceError
from bulkimport.refresh.machine import Refresh
from bulkimport.refresh.reading import read_source
from tests.support.clock import FakeClock
from tests.support.refreshing import a_bench, csv_dataset


async def test_the_payload_lies_in_the_datasets_spool_folder_as_it_will_be_sent(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        context = await bench.context("people")
        event = await read_source(context, Refresh())
        payload = event.payload
        content = await anyio.Path(payload.path).read_bytes()
        assert Path(payload.path).is_relative_to(context.files.spool)
        assert (payload.rows, payload.bytes) == (3, len(content))
        assert payload.sha256 == hashlib.sha256(content).hexdigest()
        assert json.loads(content)[0] == {"_action": "createOrUpdate", "id": "1", "name": "Person 1"}
        assert bench.service.asked == []


async def test_what_the_source_gives_cause_to_say_is_said(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people", (1, 2, 2))
    dataset = replace(dataset, guards=replace(dataset.guards, duplicates="first"))
    async with a_bench(tmp_path, dataset, clock=FakeClock()) as bench:
        event = await read_source(await bench.context("people"), Refresh())
        assert event.payload.rows == 2
        assert bench.witness.of("warned") == list(event.payload.warnings) != []


async def test_a_source_that_is_missing_is_a_source_error(tmp_path: Path) -> None:
    dataset = csv_dataset(tmp_path, "people")
    (tmp_path / "people.csv").unlink()
    async with a_bench(tmp_path, dataset, clock=FakeClock()) as bench:
        with pytest.raises(SourceError, match=r"people\.csv"):
            await read_source(await bench.context("people"), Refresh())
