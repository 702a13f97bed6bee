"""The SQLite file: creating it privately, opening it durably, and saying in words what is wrong with it."""

import errno
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from bulkimport.durability import sync
from bulkimport.errors import StateError
from bulkimport.journal import schema
from bulkimport.journal.rows import SET_ASIDE

FILE_NAME = "journal.db"

_WHAT_WENT_WRONG: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: (
        "cannot grow: the disk is full. What was not yet written down is not in it",
        "Free space on the disk that holds the state directory; the run can then be resumed (--resume).",
    ),
    sqlite3.SQLITE_BUSY: (
        "is locked: another process has been holding it for too long",
        "Look for a stopped or hanging bulkimport process that uses the same state directory, then try again.",
    ),
    sqlite3.SQLITE_NOTADB: ("is not a SQLite database, or is damaged", SET_ASIDE),
    sqlite3.SQLITE_CORRUPT: ("is damaged", SET_ASIDE),
    sqlite3.SQLITE_READONLY: (
        "cannot be written to",
        "Check the permissions of the state directory and its files, or choose another one (--state-dir).",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "Check the permissions of the state directory and its files, or choose another one (--state-dir).",
    ),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written: the disk reports an error or has no space",
        "Check the disk that holds the state directory: its space, its health, and that it is no network share.",
    ),
}
_WHAT_WENT_WRONG[sqlite3.SQLITE_LOCKED] = _WHAT_WENT_WRONG[sqlite3.SQLITE_BUSY]
_WHAT_WENT_WRONG[sqlite3.SQLITE_PERM] = _WHAT_WENT_WRONG[sqlite3.SQLITE_CANTOPEN]
_NO_WRITES = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def translate(error: Exception, path: Path) -> Exception:
    """What SQLite or the file system says about the journal at `path`, as a StateError; other errors as they are."""
    if isinstance(error, sqlite3.DatabaseError) and hasattr(error, "sqlite_errorcode"):
        what, hint = _WHAT_WENT_WRONG.get(error.sqlite_errorcode & 0xFF, ("cannot be used", SET_ASIDE))
        return StateError(f"The journal {path} {what} ({error}).", hint=hint)
    if isinstance(error, UnicodeDecodeError | sqlite3.OperationalError):  # these quote what they could not decode
        return StateError(f"The journal {path} is damaged: it holds text that makes no sense.", hint=SET_ASIDE)
    if isinstance(error, OSError):
        return StateError(
            f"The state directory {path.parent} cannot be used: {error.strerror}.",
            hint="Make it a directory with free space that you may write to, or choose another one (--state-dir).",
        )
    return error


class Presence:
    """Whether the journal at `path` is still the file that was opened.

    SQLite goes on in a file that nobody can find any more; other runs then begin a journal of their own, which knows
    nothing of this one's leases.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: os.stat_result | None = None

    def remember(self) -> None:
        self._opened = self._path.stat()

    def check(self) -> None:
        """Raises StateError where it was removed or replaced."""
        try:
            same = self._opened is None or os.path.samestat(self._path.stat(), self._opened)
        except FileNotFoundError:
            same = False
        if not same:
            raise StateError(
                f"The journal {self._path} was removed or replaced while a run was using it. What happens from now on "
                "cannot be written down, and other runs do not see this one, so it ends here.",
                hint="Imports that were submitted may still be applied: look at the datasets in Orgvue. Put the state "
                "directory back if you can, and see that nothing cleans it up; then run again.",
            )


def exists(state_dir: Path) -> bool:
    """Whether there is a journal in that state directory; StateError if that cannot be seen."""
    path = state_dir / FILE_NAME
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:  # among them a file in the place of the directory, which `exists` would pass over
        raise translate(error, path) from None
    return True


def connect(state_dir: Path, *, read_only: bool, busy_timeout: float) -> sqlite3.Connection:
    """A connection to the journal in `state_dir`, brought to this program's version; made if it is not there.

    For the thread that calls alone. `busy_timeout` is how long, in seconds, other processes are waited for. With
    `read_only` its contents cannot be changed, and a disk that takes no writes is no hindrance. StateError if the
    journal cannot be used.
    """
    path = (state_dir / FILE_NAME).absolute()
    try:
        return _writable(path, read_only=read_only, busy_timeout=busy_timeout)
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        looked = _for_looking_alone(path, busy_timeout) if read_only and _takes_no_writes(error) else None
        if looked is None:
            raise translate(error, path) from None
        return looked


def _writable(path: Path, *, read_only: bool, busy_timeout: float) -> sqlite3.Connection:
    _create_privately(path)
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=busy_timeout, isolation_level=None)
    try:
        schema.check(connection, str(path))
        _prefer_durability(connection, busy_timeout)
        schema.migrate(connection)
        connection.execute(f"PRAGMA query_only = {int(read_only)}")
    except BaseException:
        connection.close()
        raise
    return connection


def _takes_no_writes(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_WRITES
    return isinstance(error, OSError) and error.errno in (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES)


def _for_looking_alone(path: Path, busy_timeout: float) -> sqlite3.Connection | None:
    """A connection that writes nothing at all, if there is one to a journal of this version. The second way is for a
    journal that was closed well: nothing has to be made beside it."""
    for options in ("mode=ro", "mode=ro&immutable=1"):
        connection = None
        try:
            uri = f"{path.as_uri()}?{options}"
            connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout, isolation_level=None)
            schema.check(connection, str(path))
            if schema.is_current(connection):
                return connection
        except (sqlite3.Error, UnicodeDecodeError):
            pass
        if connection is not None:
            connection.close()
    return None


def _prefer_durability(connection: sqlite3.Connection, busy_timeout: float) -> None:
    """A commit that returned survives a power cut: WAL, synced on every commit (on macOS down to the platter)."""
    deadline = time.monotonic() + busy_timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:  # SQLite does not wait here when two processes make the file at once
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA foreign_keys = ON")


def _create_privately(path: Path) -> None:
    """Makes the directory (0700) and an empty file (0600), whose mode SQLite gives to its companions too.

    A directory that exists keeps its mode, since it may hold other things; files that were opened up are closed.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = not path.exists()
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for file in (path, path.with_name(f"{FILE_NAME}-wal"), path.with_name(f"{FILE_NAME}-shm")):
        with suppress(FileNotFoundError):  # whoever closes it last removes SQLite's companions, at any time
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)
    if new:
        sync(path.parent)
        sync(path.parent.parent)
