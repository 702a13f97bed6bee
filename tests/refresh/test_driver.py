"""The driver against a service in memory and the real journal."""

import errno
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from bulkimport.errors import (
    AmbiguousError,
    GuardError,
    LocationExpiredError,
    ServiceError,
    TenantError,
    UnavailableError,
)
from bulkimport.model import DatasetStatus, Stage
from bulkimport.orgvue.wire import JobError
from bulkimport.refresh import events as e
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.machine import IllegalEventError, Refresh, State
from bulkimport.refresh.stop import Level
from tests.support.clock import FakeClock
from tests.support.refreshing import Bench, a_bench, csv_dataset
from tests.support.vocabulary import an_error

STRAIGHT = [
    "TurnCame",
    "SourceRead",
    "PayloadChecked",
    "LocationGenerated",
    "PayloadUploaded",
    "UploadVerified",
    "ImportRequested",
    "ImportAccepted",
    "JobCompleted",
    "ResultCollected",
]


async def test_a_refresh_goes_straight_from_its_turn_to_its_result(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        dataset_id = bench.run.config.datasets[0].dataset_id
        bench.service.items[dataset_id] = [{"id": "9", "name": "Gone"}]
        refresh = await (await bench.driver("people")).drive()
        assert refresh.status is DatasetStatus.SUCCEEDED
        assert (refresh.items.created, refresh.items.deleted) == (3, 1)
        assert [item["id"] for item in bench.service.items[dataset_id]] == ["1", "2", "3"]
        assert await bench.kinds("people") == STRAIGHT
        assert await bench.replayed("people") == refresh


async def test_every_event_is_in_the_journal_before_the_next_step_begins(tmp_path: Path) -> None:
    """Above all the request for an import before the import, and its ticket before the first look at it."""
    before = {
        "upload": "LocationGenerated",
        "verify": "PayloadUploaded",
        "turn": "UploadVerified",
        "throttled": "ImportTurnedAway",
        "import": "ImportRequested",
        "poll": "ImportAccepted",
        "result": "JobCompleted",
    }
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        seen: dict[str, str] = {}

        def witness(step: str) -> Callable[[], Awaitable[object]]:
            async def look() -> None:
                seen[step] = (await bench.kinds("people"))[-1]

            return look

        bench.service.before = {step: witness(step) for step in before}
        bench.service.throttles = 1
        await (await bench.driver("people")).drive()
        assert seen == before


@pytest.mark.parametrize(
    ("step", "error", "status", "stage"),
    [
        ("items", GuardError("Too many deletions.", hint="Look."), DatasetStatus.REFUSED, Stage.GUARD),
        ("generate", UnavailableError("No answer.", hint="Later."), DatasetStatus.FAILED, Stage.GENERATE),
        ("upload", UnavailableError("No answer.", hint="Later."), DatasetStatus.FAILED, Stage.UPLOAD),
        ("verify", UnavailableError("No answer.", hint="Later."), DatasetStatus.FAILED, Stage.UPLOAD),
        ("import", ServiceError("Bad request.", hint="Look."), DatasetStatus.FAILED, Stage.IMPORT),
        ("poll", ValueError("a defect"), DatasetStatus.UNKNOWN, Stage.POLL),
        ("import", ValueError("a defect"), DatasetStatus.UNKNOWN, Stage.IMPORT),
        ("upload", ValueError("a defect"), DatasetStatus.FAILED, Stage.UPLOAD),
        ("items", OSError(errno.EMFILE, "too many files"), DatasetStatus.FAILED, Stage.GUARD),
        ("poll", OSError(errno.ENOSPC, "no space"), DatasetStatus.UNKNOWN, Stage.POLL),
    ],
)
async def test_an_error_ends_the_refresh_with_the_stage_it_was_in(
    step: str, error: Exception, status: DatasetStatus, stage: Stage, tmp_path: Path
) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors[step].append(error)
        refresh = await (await bench.driver("people")).drive()
        assert refresh.status is status
        assert refresh.error is not None
        assert refresh.error.stage is stage
        assert refresh.error.hint
        assert bench.witness.defects == ([error] if isinstance(error, ValueError) else [])


async def test_a_step_that_answers_out_of_order_is_a_defect_of_this_refresh_alone(tmp_path: Path) -> None:
    async def out_of_order(context: DatasetContext, refresh: Refresh) -> e.Event:
        return e.JobCompleted("https://result")

    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await (await bench.driver("people", UPLOAD_PAYLOAD=out_of_order)).drive()
        assert refresh.status is DatasetStatus.FAILED
        assert refresh.error is not None
        assert "IllegalEventError" in refresh.error.message
        assert "JobCompleted" not in await bench.kinds("people")


async def test_an_event_that_cannot_happen_is_not_written_down(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        driver = await bench.driver("people")
        with pytest.raises(IllegalEventError):
            await driver.record(e.ImportAccepted("https://ticket"))
        assert await bench.kinds("people") == []
        assert driver.refresh == Refresh()


async def test_a_failed_job_is_a_failed_refresh_with_the_services_words(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.fails_with = (JobError("Broken", "123", "it broke"),)
        refresh = await (await bench.driver("people")).drive()
        assert refresh.status is DatasetStatus.FAILED
        assert refresh.error is not None
        assert (refresh.error.stage, refresh.error.code, refresh.error.name) == (Stage.POLL, "123", "Broken")
        assert "it broke" in refresh.error.message


async def test_an_error_of_the_tenant_holds_every_other_refresh_of_the_run(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("people", "other")]
    async with a_bench(tmp_path, *datasets, clock=FakeClock()) as bench:
        bench.service.errors["generate"].append(TenantError("The token has expired.", hint="A new one.", code="40302"))
        first = await (await bench.driver("people")).drive()
        second = await (await bench.driver("other")).drive()
        assert (first.status, second.status) == (DatasetStatus.FAILED, DatasetStatus.CANCELLED)
        assert second.error is not None
        assert second.error.code == "40302"
        assert "The token has expired." in second.error.message


# ---- stopping, in every state

AT = {
    "metadata": State.CHECKING,
    "items": State.CHECKING,
    "upload": State.UPLOADING,
    "turn": State.SUBMITTING,
    "throttled": State.SUBMITTING,
    "poll": State.POLLING,
}
WITH_GRACE = {
    "generate": State.UPLOADING,
    "verify": State.SUBMITTING,
    "import": State.POLLING,
    "result": State.DONE,
}


@pytest.mark.parametrize("step", AT)
async def test_a_halt_in_a_step_that_loses_nothing_leaves_it_at_once(step: str, tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await _halted_in(bench, step, anyio.sleep_forever)
        assert refresh.state is AT[step]
        assert refresh.status is None
        assert await bench.replayed("people") == refresh


@pytest.mark.parametrize("step", WITH_GRACE)
async def test_a_halt_lets_a_request_with_effects_finish_and_writes_down_what_came_of_it(
    step: str, tmp_path: Path
) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await _halted_in(bench, step, anyio.lowlevel.checkpoint)
        assert refresh.state is WITH_GRACE[step]
        assert await bench.replayed("people") == refresh


async def _halted_in(bench: Bench, step: str, then: Callable[[], Awaitable[object]]) -> Refresh:
    async def halt() -> None:
        bench.run.stop.halt()
        await then()

    bench.service.before[step] = halt
    bench.service.throttles = 1
    with anyio.fail_after(100):
        return await (await bench.driver("people")).drive()


@pytest.mark.parametrize("level", [Level.HOLD, Level.HALT])
async def test_a_stop_between_the_note_and_the_import_sends_nothing_and_says_so(level: Level, tmp_path: Path) -> None:
    """So that a resume need not wait until the import that never was could be ruled out."""
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        driver = await bench.driver("people")
        append = bench.journal.append

        async def append_and_stop(run_id: str, dataset: str, event: e.Event) -> Any:
            if isinstance(event, e.ImportRequested):
                _stop(bench, level)
            return await append(run_id, dataset, event)

        bench.journal.append = append_and_stop  # type: ignore[method-assign] # the moment cannot be hit otherwise
        refresh = await driver.drive()
        assert bench.service.times("import") == 0
        ends = ["RefreshEnded"] if level is Level.HOLD else []
        assert (refresh.state, refresh.status) == (
            (State.DONE, DatasetStatus.CANCELLED) if level is Level.HOLD else (State.SUBMITTING, None)
        )
        assert (await bench.kinds("people"))[6:] == ["ImportRequested", "ImportTurnedAway", *ends]
        assert await bench.journal.unsettled_imports("sandbox/ACME", bench.run.config.datasets[0].dataset_id) == []


@pytest.mark.parametrize("step", ["turn", "throttled"])
async def test_an_import_request_that_waits_is_cancelled_by_a_hold(step: str, tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:

        async def hold() -> None:
            _stop(bench, Level.HOLD)
            await anyio.sleep_forever()

        bench.service.before[step] = hold
        bench.service.throttles = 1
        with anyio.fail_after(100):
            refresh = await (await bench.driver("people")).drive()
        assert refresh.status is DatasetStatus.CANCELLED
        assert bench.service.times("import") == 0


def _stop(bench: Bench, level: Level) -> None:
    if level is Level.HALT:
        bench.run.stop.halt()
    else:
        bench.run.stop.hold(an_error("Enough."))


async def test_an_import_request_that_was_throttled_is_sent_again_from_the_same_location(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.throttles = 2
        refresh = await (await bench.driver("people")).drive()
        assert (refresh.status, refresh.attempts) == (DatasetStatus.SUCCEEDED, 1)
        assert (await bench.kinds("people"))[6:11] == ["ImportRequested", "ImportTurnedAway"] * 2 + ["ImportRequested"]
        states = bench.witness.of("state")
        assert states[states.index("submitting") :][:6] == ["submitting", "awaiting"] * 3


async def test_a_dataset_that_changes_while_its_throttled_import_waits_is_checked_again(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:

        async def change() -> None:
            bench.service.versions[bench.run.config.datasets[0].dataset_id] += 1

        bench.service.before["throttled"] = change
        bench.service.throttles = 1
        refresh = await (await bench.driver("people")).drive()
        assert (refresh.status, refresh.attempts) == (DatasetStatus.SUCCEEDED, 1)
        kinds = await bench.kinds("people")
        assert kinds[kinds.index("ImportTurnedAway") :][:3] == ["ImportTurnedAway", "DatasetChanged", "PayloadChecked"]
        assert bench.service.times("import") == 1


@pytest.mark.parametrize("changed", [True, False])
async def test_a_dataset_is_looked_at_again_where_the_turn_of_its_import_comes_late(
    changed: bool, tmp_path: Path
) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=clock) as bench:
        turns: list[int] = []

        async def come_late() -> None:
            turns.append(bench.service.times("metadata"))
            clock.advance(60)
            bench.service.versions[bench.run.config.datasets[0].dataset_id] += changed and len(turns) == 1

        bench.service.before["turn"] = come_late
        refresh = await (await bench.driver("people")).drive()
        assert (refresh.status, bench.service.times("import")) == (DatasetStatus.SUCCEEDED, 1)
        kinds = await bench.kinds("people")
        assert kinds.count("DatasetChanged") == changed
        assert kinds.count("ImportRequested") == 1
        assert turns[1] > turns[0]
        assert len(turns) == (3 if changed else 2)


async def test_a_location_that_expires_while_its_import_waits_is_replaced(tmp_path: Path) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=clock) as bench:

        async def wait_long() -> None:
            bench.service.before.clear()
            clock.advance(901)

        bench.service.before["turn"] = wait_long
        refresh = await (await bench.driver("people")).drive()
        assert (refresh.status, refresh.attempts) == (DatasetStatus.SUCCEEDED, 2)
        assert bench.service.times("import") == 1
        assert (await bench.kinds("people"))[6] == "LocationExpired"


async def test_what_must_not_be_imported_in_the_last_moment_is_refused(tmp_path: Path) -> None:
    async def confirm() -> None:
        raise GuardError("It is another's now.", hint="Wait.")

    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        driver = await bench.driver("people")
        driver.confirm = confirm
        refresh = await driver.drive()
        assert refresh.status is DatasetStatus.REFUSED
        assert bench.service.times("import") == 0
        assert "ImportRequested" not in await bench.kinds("people")


async def test_a_hold_cancels_what_is_not_submitted_and_lets_the_rest_finish(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("submitted", "waiting")]
    async with a_bench(tmp_path, *datasets, clock=FakeClock()) as bench:

        async def hold() -> None:
            bench.run.stop.hold(an_error("Enough."))

        bench.service.before["poll"] = hold
        first = await (await bench.driver("submitted")).drive()
        second = await (await bench.driver("waiting")).drive()
        assert first.status is DatasetStatus.SUCCEEDED
        assert second.status is DatasetStatus.CANCELLED
        assert second.error == an_error("Enough.")


STEPS = ("metadata", "items", "generate", "upload", "verify", "turn", "throttled", "import", "poll", "result")


@pytest.mark.parametrize("step", STEPS)
async def test_a_cancelled_refresh_leaves_a_journal_from_which_it_can_be_resumed(step: str, tmp_path: Path) -> None:
    """As the second signal does it: at any step, without any grace."""
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        driver = await bench.driver("people")
        with anyio.CancelScope() as scope:

            async def cancel() -> None:
                scope.cancel()
                await anyio.lowlevel.checkpoint()

            bench.service.before[step] = cancel
            bench.service.throttles = 1
            await driver.drive()
        assert scope.cancelled_caught
        left = await bench.replayed("people")
        assert left == driver.refresh
        assert bench.run.uploads.borrowed_tokens == 0
        bench.service.before.clear()
        bench.service.carried_out = True
        again = await bench.driver("people", left)
        await again.record(e.RefreshResumed())
        refresh = await again.drive()
        # Of an import that was noted but never arrived, nobody can say so before its time is over.
        assert refresh.status is (DatasetStatus.UNKNOWN if step == "import" else DatasetStatus.SUCCEEDED)
        assert len(bench.service.jobs) == (0 if step == "import" else 1)


# ---- locations that expire


async def test_an_expired_location_is_replaced_by_a_fresh_one(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        for step in ("upload", "verify", "import"):
            bench.service.errors[step].append(LocationExpiredError("Expired.", hint="A fresh one."))
        refresh = await (await bench.driver("people")).drive()
        assert refresh.status is DatasetStatus.SUCCEEDED
        assert refresh.attempts == 4
        assert len(bench.service.jobs) == 1


async def test_fresh_locations_are_bounded(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors["upload"] += [LocationExpiredError("Expired.", hint="A fresh one.") for _ in range(9)]
        refresh = await (await bench.driver("people")).drive()
        assert (refresh.status, refresh.attempts) == (DatasetStatus.FAILED, 5)
        assert bench.service.times("generate") == 5
        assert bench.service.times("import") == 0


async def test_uploads_wait_for_their_slots_and_give_them_back(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, f"d{number}") for number in range(6)]
    async with a_bench(tmp_path, *datasets, clock=FakeClock(), uploads=2) as bench:
        at_once: list[int] = []

        async def count() -> None:
            at_once.append(int(bench.run.uploads.borrowed_tokens))
            await anyio.lowlevel.checkpoint()

        bench.service.before = {"generate": count, "upload": count, "verify": count}
        async with anyio.create_task_group() as group:
            for dataset in datasets:
                group.start_soon((await bench.driver(dataset.name)).drive)
        assert max(at_once) == 2
        assert bench.run.uploads.borrowed_tokens == 0
        assert len(bench.service.jobs) == 6


async def test_a_lost_reply_is_looked_for_and_the_import_is_not_sent_again(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors["import"].append(AmbiguousError("No answer.", hint="Look."))
        bench.service.carried_out = True
        refresh = await (await bench.driver("people")).drive()
        assert refresh.status is DatasetStatus.SUCCEEDED
        assert bench.service.times("import") == 1
        assert (await bench.kinds("people"))[-3:] == ["ImportReplyLost", "ImportFound", "ResultCollected"]


async def test_secrets_do_not_even_get_to_the_journal(tmp_path: Path) -> None:
    """It outlives the run, and is read by commands that know no config."""
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.run = replace(bench.run, redact=lambda text: text.replace("s3cret", "[redacted]"))
        bench.service.errors["metadata"].append(GuardError("about s3cret", hint="not s3cret"))
        await (await bench.driver("people")).drive()
        (ended,) = [event for event in await bench.events("people") if isinstance(event, e.RefreshEnded)]

    assert (ended.error.message, ended.error.hint) == ("about [redacted]", "not [redacted]")
