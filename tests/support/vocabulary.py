"""Values of the vocabulary with everything filled in, so that a test names only what it is about."""

from typing import Any

from bulkimport.model import (
    Config,
    CsvSource,
    Dataset,
    ErrorReport,
    Guards,
    Limits,
    Payload,
    Retries,
    RunOptions,
    Stage,
    Tenant,
    Timeouts,
)


def a_dataset(name: str = "people", *, guards: Guards | None = None, **changes: Any) -> Dataset:
    values: dict[str, Any] = {
        "name": name,
        "dataset_id": "6586F21B-AD4D-4D06-A309-712AF47184A2",
        "source": CsvSource(("people.csv",)),
        "key": ("employeeID",),
        "guards": guards or Guards(),
    }
    return Dataset(**values | changes)


def a_payload(rows: int = 100, **changes: Any) -> Payload:
    values: dict[str, Any] = {
        "path": "/spool/payload.json",
        "format": "json",
        "rows": rows,
        "bytes": rows * 50,
        "sha256": "ab" * 32,
        "columns": ("employeeID", "name"),
        "keys_path": "/spool/keys.ndjson",
    }
    return Payload(**values | changes)


def a_config(*datasets: Dataset) -> Config:
    return Config(
        path="configs/all.yaml",
        tenant=Tenant("sandbox", "ACME", None),
        limits=Limits(),
        timeouts=Timeouts(),
        retries=Retries(),
        run=RunOptions(),
        datasets=datasets,
    )


def an_error(message: str = "It broke.", *, stage: Stage | None = None, trace_id: str | None = None) -> ErrorReport:
    return ErrorReport(stage=stage, message=message, hint="Try again.", trace_id=trace_id)
