"""The coroutine of one refresh: take the next command, perform it, write down the event, give it to the machine."""

import errno
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import anyio

from bulkimport.errors import BulkimportError, GuardError, LocationExpiredError, ServiceError, TenantError
from bulkimport.model import DatasetStatus, ErrorReport, Stage
from bulkimport.refresh import checking, collecting, events, polling, reading, searching, sending
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.machine import Command, Refresh, State, apply, next_command
from bulkimport.refresh.stop import Level, RunningCommand, StoppedError

Step = Callable[[DatasetContext, Refresh], Awaitable[events.Event]]

STEPS: dict[Command, Step] = {
    Command.READ_SOURCE: reading.read_source,
    Command.CHECK_PAYLOAD: checking.check_payload,
    Command.GENERATE_LOCATION: sending.generate_location,
    Command.UPLOAD_PAYLOAD: sending.upload_payload,
    Command.VERIFY_UPLOAD: sending.verify_upload,
    Command.SUBMIT_IMPORT: sending.submit_import,
    Command.SEARCH_IMPORT: searching.search_import,
    Command.POLL_JOB: polling.poll_job,
    Command.COLLECT_RESULT: collecting.collect_result,
}

GRACE: dict[Command, float] = {
    Command.GENERATE_LOCATION: 3.0,
    Command.VERIFY_UPLOAD: 3.0,
    Command.COLLECT_RESULT: 5.0,
}
"""Seconds a command may still take once the run is stopping; the others end at once, since nothing is lost by it."""

GRACE_OF_IMPORT = 10.0
"""The same for an import request that is on its way; before, while it waits for its turn, it ends at once."""

LATE = 10.0
"""Seconds after which what a look at the dataset has told is old, if an import is to be triggered by it."""

STAGES: dict[State, Stage | None] = {
    State.PENDING: None,
    State.READING: Stage.SOURCE,
    State.CHECKING: Stage.GUARD,
    State.LOCATING: Stage.GENERATE,
    State.UPLOADING: Stage.UPLOAD,
    State.VERIFYING: Stage.UPLOAD,
    State.SUBMITTING: Stage.IMPORT,
    State.AWAITING: Stage.IMPORT,
    State.SEARCHING: Stage.IMPORT,
    State.POLLING: Stage.POLL,
    State.COLLECTING: Stage.RESULT,
    State.DONE: None,
}

_SHORTAGES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EROFS})
"""What the machine may lack in the middle of any step, which is no mistake of the program."""

_UPLOADING = (State.UPLOADING, State.VERIFYING)

Confirm = Callable[[], Awaitable[None]]


class Driver:
    """Drives one refresh; `steps` answer the commands that are the run's business, and may take over others.

    `confirm` is asked right before an import request goes out; it raises GuardError if it must not.
    """

    def __init__(
        self,
        context: DatasetContext,
        steps: Mapping[Command, Step],
        refresh: Refresh | None = None,
        confirm: Confirm | None = None,
    ) -> None:
        self.context = context
        self.refresh = refresh or Refresh()
        self.confirm = confirm
        self._steps = STEPS | dict(steps)

    async def drive(self) -> Refresh:
        """Runs the refresh to its end, or to where a stopping run leaves it. Raises StateError if the journal fails."""
        observer, name = self.context.run.observer, self.context.dataset.name
        try:
            while (command := next_command(self.refresh)) is not None:
                observer.state_changed(name, self.refresh.state)
                event = await self._perform(command)
                if event is None:
                    break
                await self.record(event)
                if self.refresh.state not in _UPLOADING:
                    self.context.upload_slot.release()
        finally:
            self.context.upload_slot.release()
        observer.ended(name, self.refresh)
        return self.refresh

    async def record(self, event: events.Event) -> None:
        """Writes the event down before anything follows from it, even while the run is being cancelled.

        The journal outlives the run and is read without its config, so secrets do not even get there.
        """
        event = events.redacted(event, self.context.run.redact)
        after = apply(self.refresh, event)
        with anyio.CancelScope(shield=True):
            await self.context.run.journal.append(self.context.run.run_id, self.context.dataset.name, event)
        self.refresh = after

    async def _perform(self, command: Command) -> events.Event | None:
        stop, submitted = self.context.run.stop, self.refresh.state.may_have_imported
        if stop.concerns(submitted):
            return self._stopped()
        try:
            with stop.watch(submitted=submitted, grace=GRACE.get(command, 0.0)) as running:
                context = replace(self.context, gate=_ImportGate(self, running))
                event = await self._steps[command](context, self.refresh)
                apply(self.refresh, event)  # an event that cannot happen here is a defect like any other
                return event
        except StoppedError:
            return self._stopped()
        except TenantError as error:
            stop.hold(_tenant_wide(error))
            return self._ended(error)
        except BulkimportError as error:
            return self._ended(error)
        except OSError as error:
            return self._fallen_short(error) if error.errno in _SHORTAGES else self.defect(error)
        except Exception as error:  # noqa: BLE001 - a defect in one refresh must not touch the others
            return self.defect(error)

    def _stopped(self) -> events.Event | None:
        """A held refresh is cancelled for good; a halted one stays where it is, for a resume."""
        stop = self.context.run.stop
        if stop.level is Level.HALT or stop.reason is None:
            return None
        return events.RefreshEnded(DatasetStatus.CANCELLED, stop.reason)

    def _ended(self, error: BulkimportError) -> events.RefreshEnded:
        report = error.report()
        if report.stage is None:
            report = replace(report, stage=STAGES[self.refresh.state])
        if isinstance(error, GuardError) and not self.refresh.state.may_have_imported:
            return events.RefreshEnded(DatasetStatus.REFUSED, report)
        unseen = self.refresh.state in (State.SEARCHING, State.POLLING, State.COLLECTING)
        return events.RefreshEnded(DatasetStatus.UNKNOWN if unseen else DatasetStatus.FAILED, report)

    def defect(self, error: Exception) -> events.RefreshEnded:
        """Tells the observer of a mistake of the program; the end that it is for this refresh."""
        self.context.run.observer.defect(self.context.dataset.name, error)
        return self._broken_off(
            f"bulkimport itself failed while {self.refresh.state} ({type(error).__name__}).",
            "This is a defect of the program: please report it with the run's log, which has the details.",
        )

    def _fallen_short(self, error: OSError) -> events.RefreshEnded:
        where = f" ({error.filename})" if error.filename else ""
        return self._broken_off(
            f"This machine gave out while {self.refresh.state}: {os.strerror(error.errno or 0)}{where}.",
            "See to its disks, its memory, and how many files a process may have open (ulimit -n), or run fewer "
            "datasets at once (run.max_parallel_datasets); then run again.",
        )

    def _broken_off(self, what: str, hint: str) -> events.RefreshEnded:
        """In the middle of a step: nothing is known of an import that was on its way."""
        unseen = self.refresh.state.may_have_imported
        data = "The import may have been applied." if unseen else "Nothing was imported."
        report = ErrorReport(stage=STAGES[self.refresh.state], message=f"{what} {data}", hint=hint)
        return events.RefreshEnded(DatasetStatus.UNKNOWN if unseen else DatasetStatus.FAILED, report)


class _ImportGate:
    """Writes down what becomes of an import request while its step still runs, so that `requested` means just that.

    Only what happens between that line and the first byte sent can leave an import open that never was.
    """

    def __init__(self, driver: Driver, command: RunningCommand) -> None:
        self._driver = driver
        self._command = command
        self._late_from: float | None = driver.context.run.clock.monotonic() + LATE

    async def about_to_send(self) -> None:
        """The last moment: the look at the dataset must be fresh, unless it is the second, the temporary file still be
        alive, and the run still have its right to the dataset.

        Raises LateTurnError, LocationExpiredError, GuardError, or StoppedError.
        """
        driver, run = self._driver, self._driver.context.run
        if driver.refresh.state is State.AWAITING:
            return  # redirected, so it is on its way
        late_from, self._late_from = self._late_from, None
        if late_from is not None and run.clock.monotonic() > late_from:
            raise sending.LateTurnError
        if run.clock.now() >= sending.location_of(driver.refresh).expires_at:
            raise LocationExpiredError(
                "The temporary file expired before its import was submitted.",
                hint="The payload is uploaded again.",
                stage=Stage.UPLOAD,
                retryable=True,
            )
        if driver.confirm is not None:
            await driver.confirm()
        if run.stop.level is not Level.NONE:
            raise StoppedError
        self._command.becomes(submitted=True, grace=GRACE_OF_IMPORT)
        await driver.record(events.ImportRequested())
        run.observer.state_changed(driver.context.dataset.name, driver.refresh.state)
        if run.stop.level is not Level.NONE:
            await self._note_turned_away(ErrorReport(None, "The run was stopped before it was sent.", ""))
            raise StoppedError

    async def turned_away(self, error: ServiceError) -> None:
        """Nothing runs, so a stop need not wait for it."""
        await self._note_turned_away(error.report())
        self._command.becomes(submitted=False, grace=0.0)

    async def again(self) -> None:
        """The wait may have been long: what the guards saw must still hold. Raises DatasetChangedError, TenantError."""
        await sending.look_out_for_changes(self._driver.context, self._driver.refresh)

    async def _note_turned_away(self, report: ErrorReport) -> None:
        driver = self._driver
        await driver.record(events.ImportTurnedAway(report))
        driver.context.run.observer.state_changed(driver.context.dataset.name, driver.refresh.state)


def _tenant_wide(error: TenantError) -> ErrorReport:
    """What the refreshes end with that were held back because the tenant refuses every request."""
    return replace(
        error.report(),
        stage=None,
        message=f"Stopped before its import, because the tenant refuses all requests: {error.message}",
    )
