from datetime import timedelta
from pathlib import Path

import pytest

from bulkimport.errors import AmbiguousError, LocationExpiredError, ServiceError
from bulkimport.refresh import events as e
from bulkimport.refresh.machine import MAX_LOCATIONS, Refresh, replay
from bulkimport.refresh.reading import read_source
from bulkimport.refresh.sending import (
    generate_location,
    location_of,
    submit_import,
    upload_payload,
    verify_upload,
)
from tests.support.clock import FakeClock
from tests.support.refreshing import Bench, a_bench, csv_dataset

EXPIRED = LocationExpiredError("Expired.", hint="A fresh one.")


async def sent_until(bench: Bench, *more: e.Event) -> Refresh:
    """A refresh whose payload is in the spool and whose location was generated."""
    context = await bench.context("people")
    read = await read_source(context, Refresh())
    checked = e.PayloadChecked("live", 0, None, "cache-0")
    before = replay([e.TurnCame(), read, checked])
    return replay([e.TurnCame(), read, checked, await generate_location(context, before), *more])


async def test_the_life_of_a_location_is_written_down(tmp_path: Path) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=clock) as bench:
        location = location_of(await sent_until(bench))
        assert abs(location.expires_at - clock.now() - timedelta(seconds=900)) < timedelta(seconds=1)


async def test_the_upload_tells_how_far_it_is(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await sent_until(bench)
        assert await upload_payload(await bench.context("people"), refresh) == e.PayloadUploaded()
        assert refresh.payload is not None
        assert bench.witness.of("uploading") == [f"{refresh.payload.bytes}/{refresh.payload.bytes}"]


async def test_a_store_that_holds_another_number_of_bytes_is_not_imported_from(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await sent_until(bench)
        context = await bench.context("people")
        await upload_payload(context, refresh)
        verified = await verify_upload(context, refresh)
        assert isinstance(verified, e.UploadVerified)
        url = location_of(refresh).get_url
        bench.service.stored[url] = bench.service.stored[url][:-1]
        assert isinstance(await verify_upload(context, refresh), e.LocationExpired)


async def test_a_dataset_that_changed_since_it_was_checked_is_checked_again(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await sent_until(bench, e.PayloadUploaded(), e.UploadVerified())
        bench.service.versions[bench.run.config.datasets[0].dataset_id] += 1
        assert await submit_import(await bench.context("people"), refresh) == e.DatasetChanged()
        assert bench.service.times("import") == 0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AmbiguousError("No answer.", hint="Look."), e.ImportReplyLost),
        (EXPIRED, e.LocationExpired),
        (None, e.ImportAccepted),
    ],
)
async def test_what_the_answer_to_the_import_means(
    error: Exception | None, kind: type[e.Event], tmp_path: Path
) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await sent_until(bench)
        bench.service.errors["import"] += [error] if error else []
        assert isinstance(await submit_import(await bench.context("people"), refresh), kind)
        assert bench.service.times("import") == 1


@pytest.mark.parametrize("step", ["upload", "verify"])
async def test_an_expired_location_is_an_event_not_an_end(step: str, tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await sent_until(bench)
        bench.service.errors[step].append(EXPIRED)
        perform = upload_payload if step == "upload" else verify_upload
        assert isinstance(await perform(await bench.context("people"), refresh), e.LocationExpired)


async def test_the_last_of_the_locations_is_the_last(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        refresh = await sent_until(bench)
        assert refresh.payload is not None
        assert refresh.location is not None
        events: list[e.Event] = [e.TurnCame(), e.SourceRead(refresh.payload), e.PayloadChecked("live")]
        events += [refresh.location, e.LocationExpired(EXPIRED.report())] * MAX_LOCATIONS
        with pytest.raises(ServiceError, match=r"could not be used; nothing was imported\. Of the last: Expired"):
            await generate_location(await bench.context("people"), replay(events))
