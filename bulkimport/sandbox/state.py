"""What survives the server: settings, temporary files, jobs and the day's quota, in one SQLite database.

Every method blocks; the server calls them one at a time from a thread.
"""

import json
import sqlite3
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from bulkimport.sandbox.dataset import connect

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (id TEXT PRIMARY KEY, target_type TEXT NOT NULL, expires REAL NOT NULL,
                                  content_type TEXT, encoding TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
                                 reads INTEGER NOT NULL DEFAULT 0, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS quota (day TEXT, tenant TEXT, used INTEGER NOT NULL,
                                  PRIMARY KEY (day, tenant)) WITHOUT ROWID;
"""

JobStatus = Literal["created", "running", "completed", "failed"]


@dataclass(frozen=True, slots=True)
class TempFile:
    """A temporary file; `content_type` is None until something was stored. `expires` is Unix time."""

    id: str
    target_type: str
    expires: float
    content_type: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `kind` is `import` or an export format; `result_file_id` names the temporary file that the result
    goes to as well.

    `parameters` are those of `ImportParameters`. Times are RFC 3339; `ticket_target` and `result_target` are presigned
    request targets on the storage host.
    """

    id: str
    kind: str
    tenant: str
    dataset_id: str
    trace_id: str
    created_at: str
    ticket_target: str = field(repr=False)
    status: JobStatus = "created"
    target_type: str = "json"
    parameters: dict[str, Any] | None = None
    result_file_id: str | None = None
    modified_at: str | None = None
    result_target: str | None = field(default=None, repr=False)
    items: int = 0
    errors: tuple[dict[str, Any], ...] = ()

    @property
    def ended(self) -> bool:
        return self.status in ("completed", "failed")


_JOB_FIELDS = (
    "kind", "tenant", "dataset_id", "trace_id", "created_at", "ticket_target", "target_type", "parameters",
    "result_file_id", "modified_at", "result_target", "items", "errors",
)  # fmt: skip


class SandboxState:
    """The database `world.db` of a data folder."""

    def __init__(self, path: Path) -> None:
        self._db: sqlite3.Connection = connect(path)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def setting(self, name: str, default: str) -> str:
        """A setting's value; the first call that asks for it decides it for good."""
        self._db.execute("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO NOTHING", (name, default))
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return str(row[0])

    def change_setting(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def count_request(self, day: str, tenant: str) -> int:
        """Counts one request and answers how many the tenant made on that UTC day, this one included."""
        row = self._db.execute(
            "INSERT INTO quota VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET used = used + 1 RETURNING used", (day, tenant)
        ).fetchone()
        return int(row[0])

    def add_file(self, file: TempFile) -> None:
        row = (file.id, file.target_type, file.expires, file.content_type, file.encoding)
        self._db.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?)", row)

    def file(self, file_id: str) -> TempFile | None:
        row = self._db.execute("SELECT * FROM files WHERE id = ?", (file_id,)).fetchone()
        return TempFile(*row) if row else None

    def fill_file(self, file_id: str, content_type: str, encoding: str | None = None) -> None:
        row = (content_type, encoding, file_id)
        self._db.execute("UPDATE files SET content_type = ?, encoding = ? WHERE id = ?", row)

    def forget_files(self, before: float) -> list[str]:
        """Forgets the temporary files that expired before a moment and answers their ids."""
        rows = self._db.execute("DELETE FROM files WHERE expires < ? RETURNING id", (before,)).fetchall()
        return [file_id for (file_id,) in rows]

    def add_job(self, job: Job) -> None:
        row = (job.id, job.status, _encode(job))
        self._db.execute("INSERT INTO jobs (id, status, document) VALUES (?, ?, ?)", row)

    def save_job(self, job: Job) -> None:
        self._db.execute("UPDATE jobs SET status = ?, document = ? WHERE id = ?", (job.status, _encode(job), job.id))

    def job(self, job_id: str) -> Job | None:
        row = self._db.execute("SELECT id, status, document FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return _decode(*row) if row else None

    def jobs(self) -> list[Job]:
        """All jobs in the order in which they were accepted."""
        return [_decode(*row) for row in self._db.execute("SELECT id, status, document FROM jobs ORDER BY seq")]

    def count_read(self, job_id: str) -> int:
        """Counts one read of a job's ticket and answers how many there were, this one included."""
        query = "UPDATE jobs SET reads = reads + 1 WHERE id = ? RETURNING reads"
        return int(self._db.execute(query, (job_id,)).fetchone()[0])


def _encode(job: Job) -> str:
    return json.dumps({name: getattr(job, name) for name in _JOB_FIELDS})


def _decode(job_id: str, status: JobStatus, document: str) -> Job:
    job = Job(id=job_id, status=status, **json.loads(document))
    return replace(job, errors=tuple(job.errors))
