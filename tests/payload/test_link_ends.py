"""Ends of links that no side has, however many there are."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import StateError
from bulkimport.model import DanglingEnds
from bulkimport.payload import LinkEndsRequest, find_dangling_ends, hashes

ENDS = ("from_id", "to_id")
NAMES = st.integers(0, 12).map(str)
LINKS = st.lists(st.tuples(NAMES, NAMES), max_size=40)
SIDES = st.lists(st.lists(NAMES, max_size=15), min_size=1, max_size=3)


def sidecar(folder: Path, name: str, keys: Sequence[object], batch: int = 3) -> str:
    path = folder / name
    lines = (orjson.dumps(keys[start : start + batch]) for start in range(0, len(keys), batch))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return str(path)


def dangling(
    folder: Path, links: Sequence[tuple[object, object]], *sides: Sequence[object]
) -> tuple[DanglingEnds, ...]:
    scratch = folder / "scratch"
    scratch.mkdir()
    paths = tuple(sidecar(folder, f"side{number}", keys) for number, keys in enumerate(sides))
    found = find_dangling_ends(LinkEndsRequest(sidecar(folder, "links", links), ENDS, paths, str(scratch)))
    assert list(scratch.iterdir()) == []
    return found


def test_what_is_a_key_of_any_side_is_no_dangling_end(tmp_path: Path) -> None:
    assert dangling(tmp_path, [("E1", "P1"), ("E2", "E1")], ["E1", "E2"], ["P1"]) == ()


def test_each_end_is_told_apart_with_its_number_and_some_of_its_texts(tmp_path: Path) -> None:
    links = [("E1", "P1"), ("E9", "P1"), ("E1", "P8"), ("E9", "P9"), ("E2", "P7")]
    assert dangling(tmp_path, links, ["E1", "E2"], ["P1"]) == (
        DanglingEnds("from_id", 2, 5, ("E9",)),
        DanglingEnds("to_id", 3, 5, ("P8", "P9", "P7")),
    )


def test_only_a_handful_of_texts_is_named(tmp_path: Path) -> None:
    (found,) = dangling(tmp_path, [(f"E{number}", "P1") for number in range(2_000)], ["P1"])
    assert (found.links, len(found.examples)) == (2_000, 5)


def test_numbers_are_the_texts_by_which_they_are_sent(tmp_path: Path) -> None:
    (found,) = dangling(tmp_path, [(7, 1), ("7", 1), ("07", 1)], [7, 1])
    assert found == DanglingEnds("from_id", 1, 3, ("07",))


def test_without_links_nothing_dangles(tmp_path: Path) -> None:
    assert dangling(tmp_path, [], ["E1"]) == ()


@given(links=LINKS, sides=SIDES, bits=st.integers(0, 4), buffered=st.integers(1, 30), piece=st.integers(1, 9))
def test_the_counts_equal_a_naive_computation(
    links: list[tuple[str, str]], sides: list[list[str]], bits: int, buffered: int, piece: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashes, "_PARTITION_BITS", bits)
        patch.setattr(hashes, "_BUFFERED", buffered)
        patch.setattr(hashes, "_PIECE", piece)
        found = {one.end: one for one in dangling(Path(folder), links, *sides)}
    known = {key for side in sides for key in side}
    for place, end in enumerate(ENDS):
        gone = [link[place] for link in links if link[place] not in known]
        assert (found[end].links if end in found else 0) == len(gone)
        if gone:
            assert found[end].of == len(links)
            assert set(found[end].examples) <= set(gone)
            assert len(found[end].examples) == min(5, len(set(gone)))


def test_a_disk_that_fails_is_told_as_such(tmp_path: Path) -> None:
    request = LinkEndsRequest(str(tmp_path / "links"), ENDS, (), str(tmp_path / "gone"))
    with pytest.raises(StateError, match="No such file or directory"):
        find_dangling_ends(request)
