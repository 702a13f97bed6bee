"""The journal: every event of every run, durable before anything builds on it. One of the two owners of SQLite."""

from bulkimport.journal.journal import Journal
from bulkimport.journal.records import (
    DatasetRecord,
    Entry,
    LeaseOwner,
    Outcome,
    PlanUse,
    RunCommand,
    RunIdTakenError,
    RunRecord,
    StatusCount,
    UnsettledImport,
    new_run_id,
)

__all__ = [
    "DatasetRecord",
    "Entry",
    "Journal",
    "LeaseOwner",
    "Outcome",
    "PlanUse",
    "RunCommand",
    "RunIdTakenError",
    "RunRecord",
    "StatusCount",
    "UnsettledImport",
    "new_run_id",
]
