"""Progress where nobody watches: a line when an import was submitted and when a dataset ended; or nothing at all."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from bulkimport.clock import Clock
from bulkimport.model import DatasetStatus
from bulkimport.wording import counted, printable

# From here on Orgvue may be changing the dataset; all earlier states are harmless and pass in a moment.
_WORTH_A_LINE = {
    "polling": "import submitted",
    "searching": "looking for an import whose reply was lost",
}


class SilentProgress:
    """Shows nothing."""

    printer: Callable[[str], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was opened."""

    def state_changed(self, name: str, state: str, detail: str = "") -> None: ...

    def rows(self, name: str, rows: int, source_bytes: int, total_source_bytes: int) -> None: ...

    def uploaded(self, name: str, sent: int, total: int) -> None: ...

    def polled(self, name: str, count: int, job_status: str) -> None: ...

    def waiting(self, name: str, reason: str) -> None: ...

    def limited(self, name: str, *, waits: bool) -> None: ...

    def ended(self, name: str, status: DatasetStatus, message: str = "") -> None: ...

    def traffic(
        self, requests: int, in_flight: int, throttled: int, waiting: int = 0, left_today: int | None = None
    ) -> None: ...


class PlainProgress(SilentProgress):
    """Lines such as `02:00:13Z people: import submitted, 1,200 rows`, for logs and cron mail; times are UTC."""

    def __init__(self, write: Callable[[str], None], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._rows: dict[str, int] = {}
        self._said: set[tuple[str, str]] = set()

    def state_changed(self, name: str, state: str, detail: str = "") -> None:
        words = _WORTH_A_LINE.get(state.casefold())
        if words is None or (name, words) in self._said:
            return
        self._said.add((name, words))
        rows = self._rows.get(name, 0)
        self._line(name, ", ".join(part for part in (words, counted(rows, "row") if rows else "", detail) if part))

    def rows(self, name: str, rows: int, source_bytes: int, total_source_bytes: int) -> None:
        self._rows[name] = rows

    def ended(self, name: str, status: DatasetStatus, message: str = "") -> None:
        if status.is_success:  # anything else is in the log as an error, with what to do next
            self._line(name, status.value)

    def _line(self, name: str, text: str) -> None:
        self._write(f"{self._clock.now():%H:%M:%S}Z {printable(name)}: {printable(text)}")
