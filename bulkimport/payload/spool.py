"""Private files: what is prepared lies in them until it is uploaded and compared."""

import errno
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkimport.errors import NOTHING_SENT, StateError
from bulkimport.folders import RESERVE
from bulkimport.model import Stage

_BETWEEN_LOOKS = 1 << 20


class PrivateFile:
    """A new file of mode 0600, written from start to end; removed if the `with` block ends in an error.

    The file must not exist: nobody else's is overwritten or, as a link, followed. Raises OSError; with ENOSPC already
    when the disk is nearly full, for how much a packed source holds is known only once it was read, and others write
    to that disk as well.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._unwatched = 0

    def write(self, data: bytes | memoryview) -> None:
        self._unwatched += len(data)
        if self._unwatched >= _BETWEEN_LOOKS:
            self._unwatched = 0
            self._require_room()
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def _require_room(self) -> None:
        disk = os.fstatvfs(self._descriptor)
        if disk.f_bavail * disk.f_frsize < RESERVE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)

    def start_over(self) -> None:
        """Forgets everything written so far."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
        if error is not None:
            Path(self.path).unlink(missing_ok=True)


class SpoolFile(PrivateFile):
    """The file of a payload: `size` and `sha256` are those of what was written."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.size = 0
        self._digest = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        self.size += len(data)
        self._digest.update(data)
        super().write(data)

    def start_over(self) -> None:
        super().start_over()
        self.size = 0
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def spool_error(error: OSError, directory: str) -> StateError:
    """The one place where failures to write become ours; those to read are translated in `sources.files`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        message = f"No space is left in {directory} for the payload"
        hint = f"Free some space, or use another state directory. {NOTHING_SENT}"
    else:
        message = f"The payload cannot be written to {directory}: {error.strerror or error}"
        hint = f"Check the state directory and its permissions. {NOTHING_SENT}"
    return StateError(message, hint=hint, stage=Stage.SOURCE)
