"""Two sides spread the same way, whatever they hold, and nothing of it left on the disk."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.json_stream import blocks_in, iter_blocks
from bulkimport.snapshot.partition import Partitions, partitions_for
from bulkimport.snapshot.rows import Built, RowBatch, Written

Item = dict[str, Any]
ITEMS = st.lists(st.fixed_dictionaries({"id": st.text(max_size=4), "n": st.integers(0, 9)}), max_size=40)
COUNTS = st.sampled_from([1, 2, 3, 17])


@pytest.fixture
def scratch() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


def rows_of(items: list[Item]) -> RowBatch:
    return RowBatch([item["id"] for item in items], None, Built(items))


def some_at_a_time(items: list[Item], size: int = 3) -> Iterator[RowBatch]:
    return (rows_of(items[start : start + size]) for start in range(0, len(items), size))


def read(path: str) -> Iterator[RowBatch]:
    return (rows_of(block.objects) for block in blocks_in(path))


def partitions_in(folder: Path, count: int) -> Partitions:
    return Partitions(folder, "side", count, read)


def piles_of(folder: Path, items: list[Item], count: int) -> list[list[tuple[str, Item]]]:
    with partitions_in(folder, count) as partitions:
        partitions.fill(some_at_a_time(items))
        return [[identified for rows in pile for identified in rows.identified()] for pile in partitions]


@pytest.mark.parametrize(
    ("size", "piece", "count"),
    [(0, 100, 1), (1, 100, 1), (100, 100, 1), (101, 100, 2), (1_000, 100, 10), (10**15, 100, 4096)],
)
def test_there_are_as_many_partitions_as_pieces_within_bounds(size: int, piece: int, count: int) -> None:
    assert partitions_for(size, piece) == count


@given(ITEMS, COUNTS)
def test_every_object_comes_out_once_with_its_identity(items: list[Item], count: int) -> None:
    with TemporaryDirectory() as folder:
        piles = piles_of(Path(folder), items, count)
    assert len(piles) == count
    found = [pair for pile in piles for pair in pile]
    assert sorted(found, key=repr) == sorted(((item["id"], item) for item in items), key=repr)


@given(ITEMS, ITEMS, COUNTS)
def test_one_identity_is_in_the_same_pile_on_both_sides(one: list[Item], other: list[Item], count: int) -> None:
    with TemporaryDirectory() as folder:
        sides = [piles_of(Path(folder), items, count) for items in (one, other)]
    places: dict[str, int] = {}
    for side in sides:
        for number, pile in enumerate(side):
            for name, _ in pile:
                assert places.setdefault(name, number) == number


def test_objects_of_one_identity_keep_their_order(scratch: Path) -> None:
    items = [{"id": "same", "n": number} for number in range(20)]
    piles = [pile for pile in piles_of(scratch, items, 5) if pile]
    assert [item["n"] for _, item in piles[0]] == list(range(20))


def test_texts_are_stored_as_they_came_white_space_and_all(scratch: Path) -> None:
    written = '[ {"id" : "a",\n "n": 1E2} ,\n\n{"id": "b", "n": [ 1.50, {"x": "]},{" } ]} ]'
    with partitions_in(scratch, 2) as partitions:
        for block in iter_blocks([written.encode()]):
            rows = RowBatch([item["id"] for item in block.objects], None, Written(block))
            partitions.put(rows.names, rows.texts)
        partitions.finish()
        stored = b"".join(path.read_bytes() for path in sorted(scratch.iterdir()))
        found = {name: item for pile in partitions for rows in pile for name, item in rows.identified()}
    assert found == {item["id"]: item for item in json.loads(written)}
    assert b'{"id" : "a",\n "n": 1E2}' in stored
    assert b'[ 1.50, {"x": "]},{" } ]' in stored


def test_a_single_pile_is_never_stored_and_never_read_ahead(scratch: Path) -> None:
    given_out: list[str] = []

    def rows() -> Iterator[RowBatch]:
        for name in "abc":
            given_out.append(name)
            yield rows_of([{"id": name}])

    with partitions_in(scratch, 1) as partitions:
        partitions.fill(rows())
        pile = next(iter(partitions))
        assert next(pile).names == ["a"]
        assert given_out == ["a"]
        assert list(scratch.iterdir()) == []


def test_the_files_are_private_and_gone_afterwards(scratch: Path) -> None:
    with partitions_in(scratch, 3) as partitions:
        partitions.fill(some_at_a_time([{"id": str(number)} for number in range(50)]))
        files = list(scratch.iterdir())
        assert len(files) == 3
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert list(scratch.iterdir()) == []


def test_the_files_are_gone_after_a_failure_too(scratch: Path) -> None:
    def broken() -> Iterator[RowBatch]:
        yield rows_of([{"id": str(number), "text": "x" * 70_000} for number in range(20)])
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"), partitions_in(scratch, 3) as partitions:
        partitions.fill(broken())
    assert list(scratch.iterdir()) == []


def test_what_a_killed_worker_left_is_not_taken_for_ours(scratch: Path) -> None:
    left = partitions_in(scratch, 3)
    left.fill(some_at_a_time([{"id": str(number)} for number in range(50)]))
    assert len(list(scratch.iterdir())) == 3
    assert piles_of(scratch, [{"id": "a"}], 3).count([]) == 2


def test_many_partitions_share_the_memory_for_buffers(scratch: Path) -> None:
    """With buffers of full size 2,000 partitions would hold 128 MB; here each is written out long before that."""
    with partitions_in(scratch, 2_000) as partitions:
        partitions.fill(some_at_a_time([{"id": str(number), "text": "x" * 9_000} for number in range(100)], 50))
        sizes = [path.stat().st_size for path in scratch.iterdir()]
    assert len(sizes) > 50
    assert sum(sizes) > 100 * 9_000
