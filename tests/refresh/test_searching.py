from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import AmbiguousError, UnavailableError
from bulkimport.model import DatasetStatus, ErrorReport, Poll, Stage
from bulkimport.refresh import events as e
from bulkimport.refresh.machine import Refresh, State, apply
from bulkimport.refresh.searching import is_result, search_import
from tests.support.clock import FakeClock
from tests.support.refreshing import Bench, a_bench, csv_dataset
from tests.support.vocabulary import a_payload

HOUR = Poll(initial=1.0, max=30.0, timeout=3600.0)
MINUTE = Poll(initial=1.0, max=30.0, timeout=60.0)


async def lost(bench: Bench, *, carried_out: bool) -> Refresh:
    """A refresh whose import got no answer."""

    async def stop() -> None:
        bench.run.stop.halt()

    bench.service.carried_out = carried_out
    bench.service.errors["import"].append(AmbiguousError("No answer.", hint="Look."))
    bench.service.before["import"] = stop
    refresh = await (await bench.driver("people")).drive()
    bench.service.before.clear()
    bench.service.asked.clear()
    return refresh


async def test_a_result_at_the_location_proves_the_import(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=HOUR), clock=FakeClock()) as bench:
        bench.service.looks = 5
        refresh = await lost(bench, carried_out=True)
        assert await search_import(await bench.context("people"), refresh) == e.ImportFound()
        assert bench.service.times("head") == 5


async def test_it_is_ruled_out_only_when_the_timeout_has_passed_since_the_location_went_and_the_dataset_is_unchanged(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=HOUR), clock=clock) as bench:
        refresh = await lost(bench, carried_out=False)
        context = await bench.context("people")
        began = clock.monotonic()
        event = await search_import(context, refresh)
        assert isinstance(event, e.RefreshEnded)
        assert event.status is DatasetStatus.UNKNOWN
        assert clock.monotonic() - began >= 3600
        await clock.sleep(900)  # the life of the temporary file, in whose last moment the job may have begun
        assert isinstance(await search_import(context, refresh), e.ImportRuledOut)


@pytest.mark.parametrize(
    ("poll", "changed", "readable", "sign"),
    [
        (MINUTE, False, True, "unchanged so far"),  # a minute is less patience than any job is given
        (HOUR, True, True, "has changed"),
        (HOUR, False, False, "could not be told"),
    ],
    ids=["location alive", "dataset changed", "dataset unreadable"],
)
async def test_it_stays_unknown_where_any_of_these_is_missing(
    poll: Poll, changed: bool, readable: bool, sign: str, tmp_path: Path
) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=poll), clock=FakeClock()) as bench:
        refresh = await lost(bench, carried_out=False)
        await bench.run.clock.sleep(900)
        if changed:
            bench.service.versions[bench.run.config.datasets[0].dataset_id] += 1
        if not readable:
            bench.service.errors["metadata"].append(UnavailableError("No answer.", hint=""))
        event = await search_import(await bench.context("people"), refresh)
        assert isinstance(event, e.RefreshEnded)
        assert (event.status, event.error.stage) == (DatasetStatus.UNKNOWN, Stage.IMPORT)
        assert sign in event.error.message
        assert event.error.message.startswith("No answer. No result appeared within")
        assert event.error.hint.endswith(f": bulkimport run configs/all.yaml --resume {bench.run.run_id}")
        assert not event.error.retryable


async def test_an_answer_that_leaves_the_import_open_is_told_with_what_it_said(tmp_path: Path) -> None:
    said = ErrorReport(Stage.IMPORT, "Orgvue answered 503 Busy (50301).", "Look.", 503, "50301", "Busy", "Root=1-x")
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=MINUTE), clock=FakeClock()) as bench:
        refresh = await lost(bench, carried_out=False)
        refresh = apply(replace(refresh, state=State.AWAITING), e.ImportReplyLost(said))
        refresh = apply(refresh, e.RefreshResumed())
        event = await search_import(await bench.context("people"), refresh)
        assert isinstance(event, e.RefreshEnded)
        error = event.error
        assert (error.http_status, error.code, error.name, error.trace_id) == (503, "50301", "Busy", "Root=1-x")
        assert error.message.startswith("Orgvue answered 503 Busy (50301).")
        assert "whether the import was taken up is not known" in error.message
        requested = apply(replace(refresh, state=State.SUBMITTING), e.ImportRequested())
        assert requested.lost is None  # another request, which may go another way


async def test_a_store_that_does_not_answer_is_asked_again(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people", poll=HOUR), clock=FakeClock()) as bench:
        refresh = await lost(bench, carried_out=True)
        bench.service.errors["head"] += [UnavailableError("No answer.", hint="")] * 3
        assert await search_import(await bench.context("people"), refresh) == e.ImportFound()


RESULTS = (b'[{"_status":"skipped","_id":"A"}]', b'[ {"_status":"success"}', b"[]", b'\n[{"error":{}}]')


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_is_told_from_the_payload(result: bytes) -> None:
    assert is_result(result, a_payload(3))
    assert is_result(result, a_payload(3, format="csv"))


def test_a_payload_is_no_result() -> None:
    assert not is_result(b'[{"_action":"createOrUpdate","id":"1"}]', a_payload(1))
    assert not is_result(b"_action,id\ncreateOrUpdate,1\n", a_payload(1, format="csv"))
    assert not is_result(b'[{"_action":"delete","id":"1"}]', a_payload(1))
    assert is_result(b'[{"_action":"delete","_status":"success","id":"1"}]', a_payload(1))
    assert not is_result(b"[]", a_payload(0))
    assert is_result(b'[{"_status":"implicitDelete"}]', a_payload(0))


@given(st.binary(max_size=100).filter(lambda text: not text.lstrip().startswith(b"[")))
def test_what_is_no_array_is_no_result(text: bytes) -> None:
    assert not is_result(text, a_payload(3))
