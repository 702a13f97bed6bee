"""Which links are looked at, and against what."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from bulkimport.clock import SystemClock
from bulkimport.errors import GuardError
from bulkimport.model import Dataset, Guards, ImportOptions
from bulkimport.plan import select
from bulkimport.refresh.link_ends import LinkEnds
from tests.support.refreshing import a_bench
from tests.support.vocabulary import a_config, a_dataset, a_payload

KEYS: dict[str, list[object]] = {
    "people": ["E1", "E2"],
    "positions": ["P1"],
    "links": [["E1", "P1"], ["E3", "P1"], ["E2", "P1"]],
}


def company(*depends_on: str, **more: Any) -> tuple[Dataset, ...]:
    links = {"key": ("from_id", "to_id"), "depends_on": depends_on} | more
    return a_dataset("people"), a_dataset("positions", key=("positionID",)), a_dataset("links", **links)


async def told(
    folder: Path, datasets: Sequence[Dataset], *read: str, only: Sequence[str] = (), keys: dict[str, Any] | None = None
) -> str | None:
    """The verdict on the links after the payloads of `read` were prepared."""
    by_name = {dataset.name: dataset for dataset in datasets}
    kept = folder / "kept"
    link_ends = LinkEnds(select(a_config(*datasets), only), kept)
    for name in read:
        sidecar = folder / f"{name}.keys"
        sidecar.write_bytes(orjson.dumps((keys or KEYS)[name]) + b"\n")
        await link_ends.keep(by_name[name], a_payload(keys_path=str(sidecar)))
    async with a_bench(folder, *datasets, clock=SystemClock()) as bench:
        return await link_ends.check(await bench.context("links"))


ALL = ("people", "positions", "links")


async def test_an_end_that_is_nowhere_is_told(tmp_path: Path) -> None:
    assert await told(tmp_path, company("people", "positions"), *ALL) == (
        "1 of 3 links has a from_id that is no key of people or positions: E3. "
        "Orgvue rejects links whose ends it does not hold."
    )


async def test_links_whose_ends_are_all_there_pass(tmp_path: Path) -> None:
    keys = KEYS | {"people": ["E1", "E2", "E3"]}
    assert await told(tmp_path, company("people", "positions"), *ALL, keys=keys) is None


async def test_a_config_may_refuse_them(tmp_path: Path) -> None:
    datasets = company("people", "positions", guards=Guards(dangling_links="refuse"))
    with pytest.raises(GuardError, match="no key of people or positions: E3"):
        await told(tmp_path, datasets, *ALL)


@pytest.mark.parametrize("missing", ALL)
async def test_what_was_not_read_says_nothing(missing: str, tmp_path: Path) -> None:
    """As after a resume, when a side had succeeded before."""
    read = [name for name in ALL if name != missing]
    assert await told(tmp_path, company("people", "positions"), *read) is None


async def test_links_that_are_refreshed_without_a_side_are_left_to_orgvue(tmp_path: Path) -> None:
    datasets = company("people", "positions")
    assert await told(tmp_path, datasets, "people", "links", only=["people,links"]) is None


async def test_a_side_that_keeps_other_items_is_not_known_whole(tmp_path: Path) -> None:
    _, *others = company("people", "positions")
    people = a_dataset("people", import_options=ImportOptions(implicit_delete=False))
    assert await told(tmp_path, (people, *others), *ALL) is None


async def test_an_end_that_a_single_side_does_not_have_at_all_is_another_datasets(tmp_path: Path) -> None:
    assert await told(tmp_path, company("people"), "people", "links") == (
        "1 of 3 links has a from_id that is no key of people: E3. Orgvue rejects links whose ends it does not hold."
    )


async def test_only_links_are_looked_at(tmp_path: Path) -> None:
    datasets = company("people", "positions", key=("from_id", "kind"))
    assert await told(tmp_path, datasets, *ALL) is None
    assert list((tmp_path).glob("kept/*")) == []


async def test_keys_are_moved_not_copied(tmp_path: Path) -> None:
    await told(tmp_path, company("people", "positions"), *ALL)
    assert list(tmp_path.glob("*.keys")) == []
    assert {path.name for path in (tmp_path / "kept").iterdir()} == set(ALL)
