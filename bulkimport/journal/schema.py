"""The tables of the journal and how older ones become newer ones. The SQL is understood by SQLite 3.24 and later."""

import sqlite3

from bulkimport.errors import StateError
from bulkimport.journal import entries, facts

APPLICATION_ID = 0x42554C4B
"""`BULK`: marks a SQLite file as a journal of ours."""

_V1 = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL UNIQUE,
        config_path TEXT NOT NULL,
        config_key TEXT NOT NULL,
        command TEXT NOT NULL,
        options TEXT NOT NULL,
        tenant_key TEXT NOT NULL,
        sandbox INTEGER NOT NULL,
        version TEXT NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        status TEXT NOT NULL,
        parent_run_id TEXT,
        requests INTEGER NOT NULL,
        throttled INTEGER NOT NULL
    )
    """,
    "CREATE INDEX runs_by_config ON runs (config_key, id)",
    # From `status` to `ended_by` the columns are a cache of the events (facts.py); `ended_by` is the id of the event
    # that ended the refresh. Dataset ids are GUIDs, in which case does not count.
    """
    CREATE TABLE datasets (
        run_id TEXT NOT NULL REFERENCES runs (run_id),
        name TEXT NOT NULL,
        dataset_id TEXT NOT NULL COLLATE NOCASE,
        tenant_key TEXT NOT NULL,
        position INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        spec TEXT NOT NULL,
        settled_seq INTEGER NOT NULL DEFAULT 0,
        settled_note TEXT,
        status TEXT,
        ended_at TEXT,
        row_count INTEGER,
        sha256 TEXT,
        created INTEGER NOT NULL DEFAULT 0,
        updated INTEGER NOT NULL DEFAULT 0,
        deleted INTEGER NOT NULL DEFAULT 0,
        skipped INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        accepted_at TEXT,
        job_seconds REAL,
        in_flight INTEGER,
        ended_by INTEGER,
        PRIMARY KEY (run_id, name)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX datasets_ended ON datasets (tenant_key, dataset_id, ended_by) WHERE ended_by IS NOT NULL",
    "CREATE INDEX datasets_in_flight ON datasets (tenant_key, dataset_id) WHERE in_flight IS NOT NULL",
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL,
        dataset TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at TEXT NOT NULL,
        event TEXT NOT NULL,
        UNIQUE (run_id, dataset, seq),
        FOREIGN KEY (run_id, dataset) REFERENCES datasets (run_id, name)
    )
    """,
    """
    CREATE TABLE requests (
        tenant_key TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (tenant_key, day)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE leases (
        tenant_key TEXT NOT NULL,
        dataset_id TEXT NOT NULL COLLATE NOCASE,
        run_id TEXT NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        dataset TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        PRIMARY KEY (tenant_key, dataset_id)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE plans (plan_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID",
    """
    CREATE TABLE fingerprints (
        config_key TEXT NOT NULL, dataset TEXT NOT NULL, fingerprint TEXT NOT NULL,
        PRIMARY KEY (config_key, dataset)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE facts_version (version INTEGER NOT NULL)",
    "INSERT INTO facts_version VALUES (0)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_V1,)
"""The statements that lead from each version to the next, the first from an empty file; only ever added to."""


def check(connection: sqlite3.Connection, path: str) -> None:
    """Refuses, with a StateError, a database that is not a journal or that a newer program made. Changes nothing."""
    version = _pragma(connection, "user_version")
    if _pragma(connection, "application_id") != APPLICATION_ID:
        if version or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StateError(
                f"{path} is a SQLite database, but not a journal of bulkimport; nothing was changed.",
                hint="Choose another state directory (--state-dir), or move that file away.",
            )
    elif version > len(MIGRATIONS):
        raise StateError(
            f"The journal {path} was written by a newer version of bulkimport"
            f" (journal version {version}; this program knows up to {len(MIGRATIONS)}); nothing was changed.",
            hint="Use the newer version of bulkimport, or choose another state directory (--state-dir).",
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the journal to this program's version, all or nothing; several processes may try at the same time."""
    if is_current(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[_pragma(connection, "user_version") :]:
            for statement in statements:
                connection.execute(statement)
        if _facts_version(connection) < facts.FACTS_VERSION:
            entries.rebuild_facts(connection)
            connection.execute("UPDATE facts_version SET version = ?", (facts.FACTS_VERSION,))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether the journal is of this program's version."""
    return _pragma(connection, "user_version") == len(MIGRATIONS) and _facts_version(connection) >= facts.FACTS_VERSION


def _facts_version(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT version FROM facts_version").fetchone()
    return int(row[0]) if row else 0


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
