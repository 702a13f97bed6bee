"""What is counted or remembered across runs: the day's requests, used plans, accepted fingerprints."""

import sqlite3
from datetime import date, datetime

from bulkimport.clock import parse_timestamp
from bulkimport.journal.records import PlanUse
from bulkimport.journal.rows import expecting_sound_rows, moment_text


def add_requests(connection: sqlite3.Connection, tenant_key: str, day: date, n: int) -> int:
    """Adds `n` (negative: takes back) to the tenant's requests of that day; the new total, never below 0."""
    connection.execute(
        "INSERT INTO requests (tenant_key, day, count) VALUES (?, ?, max(0, ?))"
        " ON CONFLICT (tenant_key, day) DO UPDATE SET count = max(0, count + ?)",
        (tenant_key, day.isoformat(), n, n),
    )
    row = connection.execute(
        "SELECT count FROM requests WHERE tenant_key = ? AND day = ?", (tenant_key, day.isoformat())
    ).fetchone()
    return int(row[0])


def use_plan(connection: sqlite3.Connection, plan_id: str, run_id: str, at: datetime) -> PlanUse | None:
    """Marks the plan as used by the run and returns None, or returns its earlier use by another run."""
    row = connection.execute("SELECT run_id, at FROM plans WHERE plan_id = ?", (plan_id,)).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO plans (plan_id, run_id, at) VALUES (?, ?, ?)", (plan_id, run_id, moment_text(at))
        )
        return None
    with expecting_sound_rows():
        use = PlanUse(row[0], parse_timestamp(row[1]))
    return None if use.run_id == run_id else use


def accepted_fingerprint(connection: sqlite3.Connection, config_key: str, dataset: str) -> str | None:
    """The fingerprint last accepted for the dataset; None before the first."""
    row = connection.execute(
        "SELECT fingerprint FROM fingerprints WHERE config_key = ? AND dataset = ?", (config_key, dataset)
    ).fetchone()
    return None if row is None else str(row[0])


def accept_fingerprint(connection: sqlite3.Connection, config_key: str, dataset: str, fingerprint: str) -> None:
    """Makes this the dataset's accepted fingerprint."""
    connection.execute(
        "INSERT OR REPLACE INTO fingerprints (config_key, dataset, fingerprint) VALUES (?, ?, ?)",
        (config_key, dataset, fingerprint),
    )
