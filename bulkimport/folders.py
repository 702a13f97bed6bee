"""Where a run keeps its files.

    STATE_DIR/runs/RUN_ID/    what stays: summary, log, results, failed items, backups
    STATE_DIR/spool/RUN_ID/   what does not outlive the run: payloads and downloaded items

Every folder is made with mode 0700. A spool folder is locked while its run lives, so that what a killed run left behind
is recognised and removed by the next one.
"""

import errno
import fcntl
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from bulkimport.durability import sync
from bulkimport.errors import StateError

_LOCK = ".lock"
RESERVE = 4 << 20
SPACE_HINT = "Free space there, choose another --state-dir, or retire old runs with run.keep_runs."
_ATTEMPTS, _BETWEEN_ATTEMPTS = 50, 0.01


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """The files of one dataset in one run; `spool` and `items` are gone when its refresh ends.

    `backup` (the items that an import would delete or change) and `created` (the keys of those that it would create)
    are None where nothing is going to be imported.
    """

    spool: Path
    items: Path
    result: Path
    failed: Path
    backup: Path | None = None
    created: Path | None = None


class Spool:
    """A folder of its own under STATE_DIR/spool for the time of a command, locked while the command lives."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self.state_dir = state_dir
        self.folder = state_dir / "spool" / name
        self._lock: int | None = None

    def open(self) -> None:
        """Makes the folder and removes what dead commands left. Raises StateError."""
        try:
            private_folder(self.state_dir)
            sweep(self.state_dir / "spool")
            self._lock = _claim(self.folder)
        except OSError as error:
            raise unusable(self.state_dir, error) from error

    def of(self, name: str) -> Path:
        """One dataset's folder in the spool, made if it is not there. Raises StateError."""
        folder = self.folder / name
        try:
            private_folder(folder)
        except OSError as error:
            raise unusable(self.state_dir, error) from error
        return folder

    @property
    def kept(self) -> Path:
        """A folder, not made yet, for what outlives the refresh of its dataset, but not the command."""
        return self.folder / ".kept"

    def clear(self, name: str) -> None:
        """Removes what one dataset has in the spool."""
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def close(self) -> None:
        """Removes the folder; errors do not matter, the next command sweeps."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class RunFolders:
    """The folders of one run; `open` makes them, `close` removes the spool."""

    def __init__(self, state_dir: Path, run_id: str) -> None:
        self.run_id = run_id
        self.state_dir = state_dir
        self.run_dir = state_dir / "runs" / run_id
        self.spool = Spool(state_dir, run_id)

    def open(self) -> None:
        """Raises StateError where the state directory cannot be used."""
        self.spool.open()
        try:
            private_folder(self.run_dir)
            sync(self.run_dir.parent)  # what the journal says to be in it must not be lost with its name
        except OSError as error:
            raise unusable(self.state_dir, error) from error

    def of(self, name: str) -> DatasetFiles:
        """The paths for one dataset; its spool folder exists afterwards. Raises StateError."""
        self.spool.of(name)
        return self.named(name)

    def named(self, name: str) -> DatasetFiles:
        """The paths for one dataset."""
        spool = self.spool.folder / name
        return DatasetFiles(
            spool=spool,
            items=spool / "items.json",
            result=self.run_dir / f"{name}.result.json",
            failed=self.run_dir / f"{name}.failed.ndjson",
            backup=self.run_dir / f"{name}.backup.ndjson.gz",
            created=self.run_dir / f"{name}.created.ndjson.gz",
        )

    def close(self) -> None:
        self.spool.close()


def unusable(state_dir: Path, error: OSError) -> StateError:
    """The state directory fails; what that means is that nothing was sent."""
    return StateError(
        f"The state directory {state_dir} cannot be used: {error.strerror or error}. Nothing was sent.",
        hint="Choose another one with --state-dir, or correct its permissions or its free space.",
    )


def free_space(folder: Path) -> int:
    """Bytes that the disk of `folder` has free. Raises StateError."""
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise unusable(folder, error) from error


def require_space(folder: Path, needed: int) -> None:
    """Raises StateError unless the disk of `folder` has room for `needed` bytes and a reserve."""
    free = free_space(folder)
    if free < needed + RESERVE:
        raise StateError(
            f"{folder} has {free / 1e6:,.0f} MB free, and about {(needed + RESERVE) / 1e6:,.0f} MB are needed for "
            "this dataset's payload. Nothing was sent for it.",
            hint=SPACE_HINT,
        )


def private_folder(path: Path) -> None:
    """Makes a folder and its missing parents, readable by nobody else."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _claim(folder: Path) -> int:
    """Makes the folder and locks it; returns the lock's descriptor. Raises OSError if another process has it.

    Between the making and the locking the folder looks like a dead command's, and another command may sweep it away:
    then it is made again.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _lock_folder(folder)
        except (BlockingIOError, FileNotFoundError):
            time.sleep(_BETWEEN_ATTEMPTS)
    return _lock_folder(folder)


def _lock_folder(folder: Path) -> int:
    private_folder(folder)
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(lock), (folder / _LOCK).stat()):
            raise FileNotFoundError(errno.ENOENT, "it was swept away", str(folder))
    except OSError:
        os.close(lock)
        raise
    return lock


def sweep(spool: Path) -> None:
    """Removes the spool folders whose run no longer lives."""
    for folder in spool.iterdir() if spool.is_dir() else ():
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(lock)
