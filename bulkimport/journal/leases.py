"""Leases: one refresh of a dataset at a time, across all processes that share the state directory."""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from bulkimport.journal.records import LeaseOwner
from bulkimport.journal.rows import moment_text

_THIS = "tenant_key = ? AND dataset_id = ?"


def acquire(
    connection: sqlite3.Connection,
    tenant_key: str,
    dataset_id: str,
    owner: LeaseOwner,
    now: datetime,
    until: datetime,
    is_alive: Callable[[str], bool],
) -> LeaseOwner | None:
    """Takes the lease until the moment `until` and returns None, or returns its present holder.

    A lease is free again when it was given back, when its holder's run is no longer alive, and always to the run that
    holds it, since only one process can carry a run. On the same host that is seen at once; a holder on another one is
    taken for dead when the lease has expired.
    """
    row = connection.execute(
        f"SELECT run_id, host, pid, dataset, expires_at FROM leases WHERE {_THIS}",  # noqa: S608 # constant condition
        (tenant_key, dataset_id),
    ).fetchone()
    if row is not None:
        holder, expires_at = LeaseOwner(*row[:4]), row[4]
        is_held = is_alive(holder.run_id) if holder.host == owner.host else expires_at > moment_text(now)
        if holder.run_id != owner.run_id and is_held:
            return holder
    connection.execute(
        "INSERT OR REPLACE INTO leases (tenant_key, dataset_id, run_id, host, pid, dataset, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (tenant_key, dataset_id, owner.run_id, owner.host, owner.pid, owner.dataset, moment_text(until)),
    )
    return None


def renew(connection: sqlite3.Connection, tenant_key: str, dataset_id: str, owner: LeaseOwner, until: datetime) -> bool:
    """Prolongs the lease; False if another run has it, or nobody."""
    changed = connection.execute(
        f"UPDATE leases SET expires_at = ? WHERE {_THIS} AND run_id = ? AND pid = ?",  # noqa: S608 # constant condition
        (moment_text(until), tenant_key, dataset_id, owner.run_id, owner.pid),
    ).rowcount
    return changed > 0


def release(connection: sqlite3.Connection, tenant_key: str, dataset_id: str, owner: LeaseOwner) -> None:
    """Gives the lease back; nothing happens if it is no longer the owner's."""
    connection.execute(
        f"DELETE FROM leases WHERE {_THIS} AND run_id = ? AND pid = ?",  # noqa: S608 # constant condition
        (tenant_key, dataset_id, owner.run_id, owner.pid),
    )
