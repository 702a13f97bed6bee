"""The text file, read by Prometheus's own parser."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bulkimport.journal import DatasetRecord, Journal
from bulkimport.metrics import exposition, write_metrics
from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.refresh.events import NothingToSend, RefreshEnded, TurnCame
from bulkimport.report.facts import DatasetFacts, RunFacts
from bulkimport.report.fold import run_facts
from tests.journal.samples import a_run, source_read
from tests.report.examples import FINISHED, PARTIAL, STARTED, SUCCEEDED, run_of
from tests.support import readme
from tests.support.clock import FakeClock
from tests.support.vocabulary import a_config, a_dataset, an_error

KEY = "/srv/configs/all.yaml"
AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(content: bytes) -> Samples:
    """Every sample by its name and its labels without `config`."""
    found: Samples = {}
    for family in text_string_to_metric_families(content.decode()):
        assert family.type == "gauge", family.name
        assert family.documentation.endswith("."), family.name
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("config")
            key = (sample.name.removeprefix("bulkimport_"), frozenset(labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def of(run: RunFacts, last_success: datetime | None = None, **datasets: DatasetFacts) -> Samples:
    return parsed(exposition(run, KEY, last_success, datasets, dict.fromkeys(datasets, AT)))


def test_a_run_is_told_in_base_units() -> None:
    samples = of(run_of(SUCCEEDED, PARTIAL), AT)
    assert {
        status: value(samples, "run_status", status=status) for status in ("succeeded", "failed", "interrupted")
    } == {
        "succeeded": 0,
        "failed": 1,
        "interrupted": 0,
    }
    assert value(samples, "run_start_timestamp_seconds") == STARTED.timestamp()
    assert value(samples, "run_end_timestamp_seconds") == FINISHED.timestamp()
    assert value(samples, "run_duration_seconds") == pytest.approx(190.412)
    assert value(samples, "run_last_success_timestamp_seconds") == AT.timestamp()
    assert (value(samples, "run_requests"), value(samples, "run_throttled_requests")) == (412, 3)
    assert value(samples, "run_datasets", status="partial") == 1
    assert value(samples, "run_info", version="0.1.0", command="run", sandbox="false") == 1


def test_what_never_succeeded_has_no_time_of_success() -> None:
    assert value(of(run_of()), "run_last_success_timestamp_seconds") is None
    samples = parsed(exposition(run_of(), KEY, None, {"people": SUCCEEDED}, {}))
    assert value(samples, "dataset_last_success_timestamp_seconds", dataset="people") is None


def test_a_dataset_is_told_by_status_size_and_items() -> None:
    samples = of(run_of(PARTIAL), training=PARTIAL)
    statuses = {one: value(samples, "dataset_status", dataset="training", status=one) for one in DatasetStatus}
    assert statuses == {one: one is DatasetStatus.PARTIAL for one in DatasetStatus}
    items = {kind: value(samples, "dataset_items", dataset="training", kind=kind) for kind in ("created", "failed")}
    assert items == {"created": 235, "failed": 5}
    assert value(samples, "dataset_rows", dataset="training") == 24
    assert value(samples, "dataset_payload_bytes", dataset="training") == 345678
    assert value(samples, "dataset_duration_seconds", dataset="training") == pytest.approx(12.3456)
    assert value(samples, "dataset_attempts", dataset="training") == 1
    assert value(samples, "dataset_last_success_timestamp_seconds", dataset="training") == AT.timestamp()


def test_names_follow_the_conventions_and_labels_are_escaped() -> None:
    name = 'pe"op\\le\n'
    samples = parsed(exposition(run_of(), KEY, None, {name: SUCCEEDED}, {}))
    assert value(samples, "dataset_rows", dataset=name) == 24
    assert not [metric for metric, _ in samples if metric.endswith(("_total", "_ms", "_kb"))]


def test_every_gauge_is_documented_and_no_other() -> None:
    shown = {span for span in readme.spans() if span.startswith("bulkimport_")}
    assert {f"bulkimport_{name}" for name, _ in of(run_of(PARTIAL), AT, training=PARTIAL)} == shown


# ---- from the journal

NAMES = ("people", "positions", "never", "disabled")
CONFIG = a_config(*(a_dataset(name, dataset_id=name, enabled=name != "disabled") for name in NAMES))


async def ran(journal: Journal, run_id: str, *, good: bool, names: tuple[str, ...]) -> RunFacts:
    record = a_run(run_id, config_key=KEY, tenant_key="sandbox/ACME")
    await journal.start_run(record, [DatasetRecord(name, name, n, "f") for n, name in enumerate(names)])
    for name in names:
        await journal.append(run_id, name, TurnCame())
        await journal.append(run_id, name, source_read(rows=len(run_id)))
        ending = NothingToSend(7) if good else RefreshEnded(DatasetStatus.FAILED, an_error())
        await journal.append(run_id, name, ending)
    status = RunStatus.SUCCEEDED if good else RunStatus.FAILED
    await journal.finish_run(run_id, status, 12, 0, FINISHED)
    return await run_facts(journal, replace(record, status=status, finished_at=FINISHED), FINISHED)


async def test_successes_outlive_failures_and_other_datasets_keep_their_numbers(tmp_path: Path) -> None:
    path, clock = tmp_path / "b.prom", FakeClock()
    async with Journal.open(tmp_path / "state", clock) as journal:
        await ran(journal, "r", good=True, names=("people", "positions", "disabled"))
        success = clock.now().timestamp()
        clock.advance(86_400)
        facts = await ran(journal, "rr", good=False, names=("people",))
        await write_metrics(path, facts, CONFIG, KEY, journal)
    samples = parsed(path.read_bytes())
    assert value(samples, "dataset_status", dataset="people", status="failed") == 1
    assert value(samples, "dataset_last_success_timestamp_seconds", dataset="people") == success
    assert value(samples, "dataset_rows", dataset="people") == 2
    assert value(samples, "dataset_status", dataset="positions", status="unchanged") == 1
    assert value(samples, "dataset_rows", dataset="positions") == 1
    assert value(samples, "run_last_success_timestamp_seconds") == FINISHED.timestamp()
    assert value(samples, "run_status", status="failed") == 1
    assert {dict(labels)["dataset"] for name, labels in samples if name == "dataset_rows"} == {"people", "positions"}


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


async def test_the_file_is_readable_for_others_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "b.prom"
    path.write_text("an older one, in use")
    async with Journal.open(tmp_path / "state", FakeClock()) as journal:
        facts = await ran(journal, "r", good=True, names=("people",))
        with path.open() as reader, umask(0o077):
            await write_metrics(path, facts, CONFIG, KEY, journal)
            assert reader.read() == "an older one, in use"
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["b.prom"]
        (tmp_path / "b.prom").unlink()
        (tmp_path / "b.prom").mkdir()
        with pytest.raises(OSError, match="directory"):
            await write_metrics(path, facts, CONFIG, KEY, journal)
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == []
