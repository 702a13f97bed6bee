"""Who is alive: a lock of the operating system per run, which vanishes with the process however it dies."""

import fcntl
import os
import re
import time
import weakref
from pathlib import Path

_RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,99}")
_LOOKS = 20
_BETWEEN_LOOKS = 0.005
"""Someone who only looks whether a run is alive holds its lock for microseconds; such a holder is waited out."""


class RunLocks:
    """The lock files of a state directory (`locks/RUN_ID.lock`); blocking, for one thread.

    A file stays behind where a process died. A child process of a forked worker pool lets go of the locks it inherits,
    so that it cannot keep a dead run alive.
    """

    def __init__(self, state_dir: Path) -> None:
        self._directory = state_dir / "locks"
        self._held: dict[str, int] = {}
        _instances.add(self)

    def acquire(self, run_id: str) -> bool:
        """Takes the run's lock until `release` or `close`; False if another process (or journal) has it."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        for look in range(_LOOKS):
            time.sleep(_BETWEEN_LOOKS if look else 0)
            descriptor = os.open(self._file(run_id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # The owner may have removed the file after we opened it; a lock on a file without a name is worth nothing.
            if _try_lock(descriptor, fcntl.LOCK_EX) and self._is_current(descriptor, run_id):
                self._held[run_id] = descriptor
                return True
            os.close(descriptor)
        return False

    def is_held(self, run_id: str) -> bool:
        """Whether any process holds the run's lock at this moment."""
        if not _RUN_ID.fullmatch(run_id):
            return False
        try:
            descriptor = os.open(self._file(run_id), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _try_lock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def release(self, run_id: str) -> None:
        """Gives the lock back and removes its file; nothing happens if it is not held here."""
        descriptor = self._held.pop(run_id, None)
        if descriptor is not None:
            self._file(run_id).unlink(missing_ok=True)
            os.close(descriptor)

    def close(self) -> None:
        """Lets go of everything; runs that did not finish are seen as interrupted from now on."""
        while self._held:
            os.close(self._held.popitem()[1])

    def _file(self, run_id: str) -> Path:
        return self._directory / f"{run_id}.lock"

    def _is_current(self, descriptor: int, run_id: str) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._file(run_id).stat())
        except FileNotFoundError:
            return False


_instances: weakref.WeakSet[RunLocks] = weakref.WeakSet()


def _let_go_in_child() -> None:
    for locks in _instances:
        locks.close()


os.register_at_fork(after_in_child=_let_go_in_child)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
