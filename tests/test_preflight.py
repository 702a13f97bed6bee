"""What is looked at before a run, against a service in memory."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bulkimport.errors import NotThereYetError, ServiceError, StateError, TenantError, UnavailableError
from bulkimport.folders import RESERVE
from bulkimport.model import Config, Field, Limits, Secret, Stage, Tenant
from bulkimport.orgvue.wire import DatasetSummary
from bulkimport.preflight import Check, CheckStatus, Preflight
from tests.orgvue.test_token import jwt
from tests.support.clock import FakeClock
from tests.support.refreshing import TENANT, Bench, a_bench, csv_dataset
from tests.support.vocabulary import a_config

V = CheckStatus


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def by_name(checks: Sequence[Check]) -> dict[str, Check]:
    return {check.dataset or check.name: check for check in checks}


def with_token(clock: FakeClock, days: float | None) -> Config:
    claims = {} if days is None else {"exp": (clock.now() + timedelta(days=days)).timestamp()}
    return replace(a_config(), tenant=Tenant("https://orgvue.example", "ACME", Secret(jwt(claims))))


def preflight(bench: Bench) -> Preflight:
    return Preflight(bench.run, bench.folders.state_dir, bench.run.config.datasets)


@pytest.mark.parametrize(
    ("days", "status", "words"),
    [
        (30, V.OK, "for 30 days"),
        (13, V.WARNING, "expires in 13 days"),
        (-1, V.FAILED, "expired on"),
        (None, V.OK, "does not say"),
    ],
)
async def test_the_life_of_the_token_is_told(
    days: float | None, status: CheckStatus, words: str, tmp_path: Path
) -> None:
    clock = FakeClock()
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=clock, config=with_token(clock, days)) as bench:
        token = by_name(await preflight(bench).offline())["token"]
        assert (token.status, words in token.message) == (status, True), token.message
        assert bool(token.hint) is (status is not V.OK)
        assert bench.service.asked == []


@pytest.mark.parametrize(("used", "status"), [(0, V.OK), (95, V.WARNING), (100, V.FAILED), (150, V.FAILED)])
async def test_what_is_left_of_the_day_comes_from_the_journal(used: int, status: CheckStatus, tmp_path: Path) -> None:
    clock = FakeClock()
    config = replace(a_config(), limits=Limits(requests_per_day=100))
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=clock, config=config) as bench:
        await bench.journal.add_requests(TENANT, clock.now().date(), used)
        quota = by_name(await preflight(bench).offline())["quota"]
        assert quota.status is status
        assert f"{max(0, 100 - used)} of 100" in quota.message
        assert await bench.journal.add_requests(TENANT, clock.now().date(), 0) == used


@pytest.mark.parametrize(("free", "status"), [(1 << 40, V.OK), (RESERVE + 150, V.WARNING), (1 << 20, V.FAILED)])
async def test_the_disk_must_hold_the_payloads(
    free: int, status: CheckStatus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("one", "two", "gone")]
    (tmp_path / "gone.csv").unlink()
    async with a_bench(tmp_path, *datasets, clock=FakeClock()) as bench:
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1 << 40, 0, free))
        disk = by_name(await preflight(bench).offline())["disk"]
        assert disk.status is status, disk.message
        assert bool(disk.hint) is (status is not V.OK)


async def online(bench: Bench, *known: DatasetSummary, skew: float | None = 0.0) -> dict[str, Check]:
    async def list_datasets() -> tuple[DatasetSummary, ...]:
        await bench.service._step("list", "")
        return known

    service: Any = bench.service
    service.list_datasets, service.clock_skew = list_datasets, skew
    return by_name(await preflight(bench).online())


async def test_all_is_well_where_everything_answers_and_fits(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.properties = {"id": "text", "name": "text"}
        bench.service.errors["head"].append(NotThereYetError("Nothing is there.", hint="", http_status=404))
        found = await online(bench)
        assert {name: check.status for name, check in found.items()} == dict.fromkeys(
            ("tenant", "clock", "storage", "people"), V.OK
        )
        assert "2 properties; items are matched by id" in found["people"].message
        assert not {"upload", "import"} & {step for step, _ in bench.service.asked}


async def test_a_tenant_that_refuses_is_asked_once_and_its_reason_is_explained(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors["list"].append(TenantError("Refused.", hint="Your subnet.", code="40303"))
        found = await online(bench)
        assert (found["tenant"].status, found["tenant"].hint) == (V.FAILED, "Your subnet.")
        assert {found[name].status for name in ("clock", "storage", "datasets")} == {V.SKIPPED}
        assert len(bench.service.asked) == 1


async def test_a_dataset_that_is_not_there_is_looked_for_by_its_name(tmp_path: Path) -> None:
    datasets = [csv_dataset(tmp_path, name) for name in ("people", "other")]
    async with a_bench(tmp_path, *datasets, clock=FakeClock()) as bench:
        missing = [ServiceError("There is none.", hint="Look.", http_status=404) for _ in datasets]
        bench.service.errors["metadata"] += missing
        found = await online(bench, DatasetSummary("ID-7", "People"))
        assert (found["people"].status, "ID-7" in found["people"].hint) == (V.FAILED, True)
        assert (found["other"].status, found["other"].hint) == (V.FAILED, "Look.")


async def test_a_journal_that_fails_meanwhile_is_told_beside_the_dataset(tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors["metadata"].append(StateError("The journal cannot grow.", hint="Free space."))
        found = (await online(bench))["people"]
        assert (found.status, found.message, found.hint) == (V.FAILED, "The journal cannot grow.", "Free space.")


async def test_keys_properties_and_types_are_compared_without_the_source(tmp_path: Path) -> None:
    one, two, three = (csv_dataset(tmp_path, name) for name in ("one", "two", "three"))
    datasets = [
        replace(one, key=("name",)),
        replace(two, fields=(Field("id", "id"), Field("nmae", "nmae"))),
        replace(three, fields=(Field("id", "id"), Field("born", "born", "number"))),
    ]
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.csv").unlink()
    async with a_bench(tmp_path, *datasets, clock=FakeClock()) as bench:
        bench.service.properties = {"id": "text", "name": "text", "born": "date"}
        found = await online(bench)
        assert (found["one"].status, "auto-id property" in found["one"].message) == (V.FAILED, True)
        assert (found["two"].status, "did you mean name" in found["two"].message) == (V.FAILED, True)
        assert (found["three"].status, "born is read as number" in found["three"].message) == (V.WARNING, True)


@pytest.mark.parametrize(
    ("skew", "status", "words"),
    [
        (-3.0, V.OK, "agrees"),
        (90.0, V.WARNING, "1m 30s ahead"),
        (-7200.0, V.WARNING, "2h 00m behind"),
        (None, V.SKIPPED, ""),
    ],
)
async def test_clocks_are_compared(skew: float | None, status: CheckStatus, words: str, tmp_path: Path) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        clock = (await online(bench, skew=skew))["clock"]
        assert (clock.status, words in clock.message) == (status, True)


@pytest.mark.parametrize(
    ("step", "error", "status"),
    [
        ("head", UnavailableError("No route.", hint="Look at the proxy."), V.FAILED),
        ("head", ServiceError("No.", hint="", http_status=403), V.OK),
        ("generate", ServiceError("No.", hint="Ask.", http_status=403, stage=Stage.GENERATE), V.FAILED),
    ],
)
async def test_the_storage_must_answer_whatever_it_says(
    step: str, error: Exception, status: CheckStatus, tmp_path: Path
) -> None:
    async with a_bench(tmp_path, csv_dataset(tmp_path, "people"), clock=FakeClock()) as bench:
        bench.service.errors[step].append(error)
        assert (await online(bench))["storage"].status is status
