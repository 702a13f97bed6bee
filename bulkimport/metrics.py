"""What the journal knows of a config's datasets as gauges for Prometheus, in a file for node_exporter.

The file is about the config, not about one run: a run of two datasets leaves the numbers of the others as they were,
and the time of the last success outlives failing runs.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import anyio.to_thread

from bulkimport.identity import tenant_key
from bulkimport.journal import Journal
from bulkimport.model import Config, DatasetStatus, RunStatus
from bulkimport.report.facts import DatasetFacts, RunFacts
from bulkimport.report.fold import run_facts

FILE_MODE = 0o644
"""node_exporter is another user, whatever the umask of this one; the file holds no personal data."""

_ENDED = (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.INTERRUPTED)


async def write_metrics(path: Path, run: RunFacts, config: Config, config_key: str, journal: Journal) -> None:
    """Replaces the file, whole or not at all. Raises OSError, or StateError if the journal fails."""
    datasets = await _latest(run, config, journal)
    successes: dict[str, datetime] = {}
    for dataset in config.datasets:
        last = await journal.last_success(tenant_key(config), dataset.dataset_id)
        if last is not None and dataset.name in datasets:
            successes[dataset.name] = last.at
    runs = await journal.runs(config_key=config_key)
    good = [one.finished_at for one in runs if one.status is RunStatus.SUCCEEDED and one.command != "restore"]

    def write() -> None:
        _replace(path, exposition(run, config_key, good[0] if good else None, datasets, successes))

    await anyio.to_thread.run_sync(write)


async def _latest(run: RunFacts, config: Config, journal: Journal) -> dict[str, DatasetFacts]:
    """The last known of every enabled dataset: in this run, or in the run that had it last."""
    found = {dataset.name: dataset for dataset in run.datasets}
    earlier: dict[str, RunFacts] = {}
    for dataset in config.datasets:
        if dataset.name in found or not dataset.enabled:
            continue
        last = await journal.last_outcome(tenant_key(config), dataset.dataset_id)
        if last is None:
            continue
        if last.run_id not in earlier and (record := await journal.run(last.run_id)) is not None:
            earlier[last.run_id] = await run_facts(journal, record, record.finished_at or record.started_at)
        of_then = earlier[last.run_id].datasets if last.run_id in earlier else ()
        found.update((dataset.name, one) for one in of_then if one.name == last.dataset)
    return found


def exposition(
    run: RunFacts,
    config: str,
    last_success: datetime | None,
    datasets: Mapping[str, DatasetFacts],
    successes: Mapping[str, datetime],
) -> bytes:
    """The text format. `config` is the label that tells the files of several configs apart."""
    page = _Page(config)
    _about_run(page, run, last_success)
    for name, dataset in datasets.items():
        _about_dataset(page, name, dataset, successes.get(name))
    return page.text()


class _Page:
    """Gauges by their names without the prefix; all have the label `config`."""

    def __init__(self, config: str) -> None:
        from prometheus_client import CollectorRegistry, Gauge, generate_latest

        self._config = config
        self._registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}
        self._new = Gauge
        self._written = generate_latest

    def set(self, name: str, help_text: str, value: float, **labels: str) -> None:
        if name not in self._gauges:
            names = ("config", *labels)
            self._gauges[name] = self._new(f"bulkimport_{name}", help_text, names, registry=self._registry)
        self._gauges[name].labels(config=self._config, **labels).set(value)

    def text(self) -> bytes:
        return self._written(self._registry)


def _about_run(page: _Page, run: RunFacts, last_success: datetime | None) -> None:
    ended = run.finished_at or run.started_at
    labels = {"version": run.version or "", "command": run.command, "sandbox": str(run.sandbox).lower()}
    page.set("run_info", "What the last run was; always 1.", 1, **labels)
    for status in _ENDED:
        page.set("run_status", "How the last run ended: 1 for that status.", run.status is status, status=status)
    page.set("run_start_timestamp_seconds", "When the last run started.", run.started_at.timestamp())
    page.set("run_end_timestamp_seconds", "When the last run ended.", ended.timestamp())
    if last_success is not None:
        page.set("run_last_success_timestamp_seconds", "When a run last succeeded.", last_success.timestamp())
    duration = (ended - run.started_at).total_seconds()
    page.set("run_duration_seconds", "How long the last run took.", duration)
    page.set("run_requests", "HTTP requests of the last run, to tenant and storage.", run.requests)
    page.set("run_throttled_requests", "Those of them that the tenant answered 429.", run.throttled)
    counts = run.counts()
    for one in DatasetStatus:
        page.set("run_datasets", "Datasets of the last run by how they ended.", counts.get(one, 0), status=one)


def _about_dataset(page: _Page, name: str, dataset: DatasetFacts, last_success: datetime | None) -> None:
    def gauge(metric: str, help_text: str, value: float | None, **labels: str) -> None:
        if value is not None:
            page.set(f"dataset_{metric}", help_text, value, dataset=name, **labels)

    for status in DatasetStatus:
        gauge("status", "How the dataset last ended: 1 for that status.", dataset.status is status, status=status)
    gauge(
        "last_success_timestamp_seconds",
        "When the dataset last succeeded, in any run.",
        None if last_success is None else last_success.timestamp(),
    )
    gauge("duration_seconds", "How long its last refresh was at work.", dataset.duration_s)
    gauge("rows", "Rows of its last payload.", dataset.rows)
    gauge("payload_bytes", "Bytes of its last payload.", dataset.bytes)
    gauge("attempts", "Temporary files that its last refresh took.", dataset.attempts)
    gauge("warnings", "Warnings about its last refresh.", len(dataset.warnings))
    for kind, count in asdict(dataset.items).items():
        gauge("items", "Items of its last result by what became of them.", count, kind=kind)


def _replace(path: Path, content: bytes) -> None:
    """Through a file beside it whose name node_exporter does not look at."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        beside.write_bytes(content)
        beside.chmod(FILE_MODE)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
