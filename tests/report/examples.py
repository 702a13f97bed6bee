"""A run with an ending of every kind, for tests."""

from dataclasses import replace
from datetime import UTC, datetime

from bulkimport.model import Changes, DatasetStatus, ErrorReport, ItemCounts, RunStatus, Stage
from bulkimport.report.facts import DatasetFacts, RunFacts

STARTED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FINISHED = datetime(2026, 11, 23, 2, 3, 10, 412_000, tzinfo=UTC)
TRACE = "Root=1-6a1ea9ef-0123456789abcdef01234567"

SUCCEEDED = DatasetFacts(
    name="locations",
    dataset_id="6586F21B-AD4D-4D06-A309-712AF47184A2",
    status=DatasetStatus.SUCCEEDED,
    state="done",
    rows=24,
    bytes=345678,
    sha256="ab" * 32,
    items=ItemCounts(created=3, updated=20, deleted=1),
    attempts=1,
    duration_s=12.3456,
    trace_ids=(TRACE,),
    baseline="live",
    changes=Changes(3, 20, 1, 0, deleted_examples=("X",)),
)


def ended(status: DatasetStatus, name: str = "", error: ErrorReport | None = None) -> DatasetFacts:
    """A dataset that ended so, without any items."""
    return replace(
        SUCCEEDED,
        name=name or status.value,
        status=status,
        items=ItemCounts(),
        changes=None,
        error=error,
    )


EXPIRED = ErrorReport(
    stage=Stage.IMPORT,
    message="The API token has expired.",
    hint="Put a new token into ORGVUE_API_TOKEN.",
    http_status=403,
    code="40302",
    name="ApiTokenExpired",
    trace_id=TRACE,
)
PARTIAL = replace(
    ended(DatasetStatus.PARTIAL, "training", ErrorReport(Stage.RESULT, "Orgvue rejected 5 items.", "Correct them.")),
    items=ItemCounts(created=235, failed=5),
)
UNKNOWN = replace(
    ended(DatasetStatus.UNKNOWN, "positions", ErrorReport(Stage.POLL, "The job could no longer be seen.", "Resume.")),
    changes=Changes(1, 2, 3456, 4),
)
BLOCKED = ended(
    DatasetStatus.BLOCKED,
    "links",
    ErrorReport(None, "It depends on people, which failed.", "Correct people.", blocked_by=("people",)),
)


def run_of(
    *datasets: DatasetFacts, status: RunStatus = RunStatus.FAILED, sandbox: bool = False, requests: int = 412
) -> RunFacts:
    return RunFacts(
        run_id="20261123T020000Z-7f3a",
        config="configs/all.yaml",
        status=status,
        sandbox=sandbox,
        started_at=STARTED,
        finished_at=None if status is RunStatus.RUNNING else FINISHED,
        datasets=datasets,
        requests=requests,
        throttled=3,
        version="0.1.0",
    )
