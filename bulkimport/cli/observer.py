"""What happens in a run, told to the log, to the live progress, and to tracing where that is on."""

from bulkimport.log import REFRESH_ENDED, REFRESH_STATE_CHANGED, logger
from bulkimport.progress import Progress
from bulkimport.refresh.context import current_dataset
from bulkimport.refresh.machine import Refresh, State
from bulkimport.tracing import Spans


class RunObserver:
    """Feeds them all; never holds the run up."""

    def __init__(self, progress: Progress, spans: Spans | None = None) -> None:
        self._progress = progress
        self._spans = spans
        self._log = logger()

    def state_changed(self, name: str, state: State, detail: str = "") -> None:
        self._progress.state_changed(name, state.value, detail)
        self._log.debug(REFRESH_STATE_CHANGED, dataset=name, state=state.value)
        if self._spans is not None:
            self._spans.state_changed(name, state)

    def reading(self, name: str, rows: int, source_bytes: int, total_bytes: int) -> None:
        self._progress.rows(name, rows, source_bytes, total_bytes)

    def uploading(self, name: str, sent: int, total: int) -> None:
        self._progress.uploaded(name, sent, total)

    def polled(self, name: str, looks: int, job_status: str) -> None:
        self._progress.polled(name, looks, job_status)

    def waiting(self, name: str, reason: str) -> None:
        self._progress.waiting(name, reason)

    def limited(self, waits: bool) -> None:
        """A request of the present task's dataset begins to wait for the limiter, or no longer waits."""
        name = current_dataset.get()
        if name is not None:
            self._progress.limited(name, waits=waits)

    def warned(self, name: str, message: str) -> None:
        self._log.warning("refresh.warned", dataset=name, message=message)

    def ended(self, name: str, refresh: Refresh) -> None:
        if self._spans is not None:
            self._spans.ended(name, refresh)
        error = refresh.error
        if refresh.status is None:
            self._log.warning("refresh.left", dataset=name, state=refresh.state.value)
            return
        self._progress.ended(name, refresh.status, error.message if error else "")
        fields: dict[str, object] = {"dataset": name, "status": refresh.status.value}
        if refresh.payload is not None:
            fields["rows"] = refresh.payload.rows
        if error is None:
            self._log.info(REFRESH_ENDED, **fields)
            return
        fields |= {
            "stage": error.stage.value if error.stage else None,
            "trace_id": error.trace_id,
            "error": error.message,
        }
        self._log.error(REFRESH_ENDED, **fields)

    def defect(self, name: str, error: BaseException) -> None:
        self._log.error("refresh.defect", dataset=name, exc_info=error)
