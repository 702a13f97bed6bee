"""Where a run keeps its files.

    STATE_DIR/runs/RUN_ID/    what stays: summary, log, results, failed items, backups
    STATE_DIR/spool/RUN_ID/   what does not outlive the run: payloads and downloaded items

Every folder is made with mode 0700. A spool folder is locked while its run lives, so that what a killed run left behind
is recognised and removed by the next one.
"""

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bulkimport.errors import StateError

_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """The files of one dataset in one run; `spool` and `items` are gone when its refresh ends.

    `backup` is None where nothing is going to be imported.
    """

    spool: Path
    items: Path
    result: Path
    failed: Path
    backup: Path | None


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
            private_folder(self.folder)
            self._lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
        except OSError as error:
            raise unusable(self.state_dir, error) from error

    def of(self, name: str) -> DatasetFiles:
        """The paths for one dataset; its spool folder exists afterwards."""
        spool = self.spool.of(name)
        return DatasetFiles(
            spool=spool,
            items=spool / "items.json",
            result=self.run_dir / f"{name}.result.json",
            failed=self.run_dir / f"{name}.failed.ndjson",
            backup=self.run_dir / f"{name}.backup.ndjson.gz",
        )

    def close(self) -> None:
        self.spool.close()


def unusable(state_dir: Path, error: OSError) -> StateError:
    """The state directory fails; what that means is that nothing was sent."""
    return StateError(
        f"The state directory {state_dir} cannot be used: {error.strerror or error}. Nothing was sent.",
        hint="Choose another one with --state-dir, or correct its permissions or its free space.",
    )


def private_folder(path: Path) -> None:
    """Makes a folder and its missing parents, readable by nobody else."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


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
