import anyio
import anyio.lowlevel
import pytest

from bulkimport.refresh.stop import Level, Stop, StoppedError
from tests.support.vocabulary import an_error


def test_a_hold_concerns_what_is_not_submitted_and_a_halt_everything() -> None:
    stop = Stop()
    assert not stop.concerns(submitted=False)
    stop.hold(an_error("First."))
    assert (stop.concerns(submitted=False), stop.concerns(submitted=True)) == (True, False)
    stop.halt()
    assert (stop.concerns(submitted=False), stop.concerns(submitted=True)) == (True, True)


def test_the_first_reason_stays_and_a_hold_does_not_weaken_a_halt() -> None:
    stop = Stop()
    stop.hold(an_error("First."))
    stop.hold(an_error("Second."))
    assert stop.reason == an_error("First.")
    halted = Stop()
    halted.halt()
    halted.hold(an_error())
    assert (halted.level, halted.reason) == (Level.HALT, None)


async def test_a_command_without_grace_is_cut_short() -> None:
    stop = Stop()

    async def command() -> None:
        with stop.watch(submitted=False, grace=0.0):
            stop.hold(an_error())
            await anyio.sleep_forever()

    with pytest.raises(StoppedError), anyio.fail_after(100):
        await command()


async def test_a_command_that_begins_while_the_run_stops_is_cut_short_as_well() -> None:
    stop = Stop()
    stop.halt()
    with pytest.raises(StoppedError), anyio.fail_after(100), stop.watch(submitted=True, grace=0.0):
        await anyio.sleep_forever()


async def test_grace_lets_a_command_end_by_itself() -> None:
    stop = Stop()
    with stop.watch(submitted=True, grace=30.0):
        stop.halt()
        await anyio.lowlevel.checkpoint()
    assert stop.level is Level.HALT


async def test_a_submitted_command_is_not_touched_by_a_hold() -> None:
    stop = Stop()
    with anyio.CancelScope() as outer, stop.watch(submitted=True, grace=0.0):
        stop.hold(an_error())
        await anyio.lowlevel.checkpoint()
    assert not outer.cancelled_caught


async def test_the_cancellation_of_the_whole_is_not_taken_for_a_stop() -> None:
    stop = Stop()
    with anyio.CancelScope() as outer:
        with stop.watch(submitted=True, grace=30.0):
            outer.cancel()
            await anyio.sleep_forever()
        raise AssertionError("the cancellation was swallowed")
    assert outer.cancelled_caught
    assert stop.level is Level.NONE


async def test_a_second_stop_does_not_prolong_the_grace_of_the_first() -> None:
    stop = Stop()

    async def command() -> None:
        with stop.watch(submitted=False, grace=0.01):
            stop.hold(an_error())
            await anyio.sleep(0)
            stop.halt()
            await anyio.sleep_forever()

    with pytest.raises(StoppedError), anyio.fail_after(100):
        await command()
