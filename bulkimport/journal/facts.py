"""What the events of one refresh add up to, for the questions that must not read thousands of events.

The journal keeps these facts beside the events and updates them in the same transaction. They are a cache: folding the
events anew gives the same, and opening the journal does so when `FACTS_VERSION` has grown.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from bulkimport.model import DatasetStatus, ItemCounts
from bulkimport.refresh.events import (
    EarlierImportSucceeded,
    Event,
    ImportAccepted,
    ImportFound,
    ImportRequested,
    ImportRuledOut,
    ImportTurnedAway,
    JobCompleted,
    LocationExpired,
    NothingToSend,
    RefreshEnded,
    RefreshResumed,
    ResultCollected,
    SourceRead,
)

FACTS_VERSION = 1
"""Raise it whenever `advance` comes to give another answer: journals are then folded anew."""

_NO_ITEMS = ItemCounts()


@dataclass(frozen=True, slots=True)
class RefreshFacts:
    """`status` and `ended_at` are None until the refresh has ended, and again once it is resumed.

    `in_flight` is the `seq` of an import request whose end has not been seen: that import may still be running.
    `accepted_at` is when that import was accepted, None if a death of the process makes it useless for durations.
    """

    status: DatasetStatus | None = None
    ended_at: datetime | None = None
    rows: int | None = None
    sha256: str | None = None
    items: ItemCounts = _NO_ITEMS
    accepted_at: datetime | None = None
    job_seconds: float | None = None
    in_flight: int | None = None


def advance(facts: RefreshFacts, event: Event, seq: int, at: datetime) -> RefreshFacts:
    """The facts after one more event; the same object if the event changes none of them."""
    match event:
        case SourceRead(payload=payload):
            return replace(facts, rows=payload.rows, sha256=payload.sha256)
        case ImportRequested():
            return replace(facts, in_flight=seq, accepted_at=None, job_seconds=None)
        case ImportAccepted():
            return replace(facts, accepted_at=at)
        case ImportFound() | ImportRuledOut() | ImportTurnedAway() | LocationExpired():
            return replace(facts, in_flight=None, accepted_at=None)
        case JobCompleted():
            seconds = max(0.0, (at - facts.accepted_at).total_seconds()) if facts.accepted_at else None
            return replace(facts, in_flight=None, accepted_at=None, job_seconds=seconds)
        case ResultCollected(status=status, items=items):
            return replace(facts, status=status, ended_at=at, items=items, in_flight=None)
        case EarlierImportSucceeded(payload=payload, items=items):
            known = replace(facts, rows=payload.rows, sha256=payload.sha256, items=items)
            return replace(known, status=DatasetStatus.SUCCEEDED, ended_at=at)
        case NothingToSend():
            return replace(facts, status=DatasetStatus.UNCHANGED, ended_at=at)
        case RefreshEnded(status=status, items=items):
            in_flight = facts.in_flight if _leaves_import_open(status) else None
            return replace(facts, status=status, ended_at=at, items=items, in_flight=in_flight)
        case RefreshResumed():
            return replace(facts, status=None, ended_at=None, items=_NO_ITEMS, accepted_at=None)
        case _:
            return facts


def _leaves_import_open(status: DatasetStatus) -> bool:
    """`cancelled` promises that no import was submitted; should one be open all the same, it stays open."""
    return status in (DatasetStatus.UNKNOWN, DatasetStatus.CANCELLED)
