"""What meets in the order in which it comes, and that nothing is lost or met twice."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.json_stream import blocks_in
from bulkimport.snapshot import meeting
from bulkimport.snapshot.meeting import Alone, Meeting, NotUniqueError, Side
from bulkimport.snapshot.partition import Partitions
from bulkimport.snapshot.rows import Built, RowBatch

PARTITIONS = 3
Item = dict[str, Any]


def blocks(names: list[str], size: int) -> Iterator[RowBatch]:
    """Every second block is read as records (here: the places); of the others there are whole objects alone."""
    for start in range(0, len(names), size):
        some = names[start : start + size]
        objects = [{"id": name, "place": start + place} for place, name in enumerate(some)]
        places = None if start // size % 2 else [item["place"] for item in objects]
        yield RowBatch(some, places, Built(objects), are_texts=True)


def read(path: str) -> Iterator[RowBatch]:
    return (RowBatch(identities(block.objects), None, Built(block.objects)) for block in blocks_in(path))


def identities(items: list[Item]) -> list[str]:
    return [item["id"] for item in items]


def meet(
    folder: Path, held: list[str], sent: list[str], size: int = 2, *, has_unique_texts: bool = False
) -> tuple[list[str], list[str], list[str]]:
    """The names that met, and those that were left of either side, in their order."""
    with (
        Partitions(folder, "held", PARTITIONS, read) as held_left,
        Partitions(folder, "sent", PARTITIONS, read) as sent_left,
        Meeting(
            Side(blocks(held, size), held_left),
            Side(blocks(sent, size + 1), sent_left),
            str(folder),
            has_unique_texts=has_unique_texts,
        ) as both,
    ):
        met, alone = [], []
        for pairs in both.settled():
            if isinstance(pairs, Alone):
                assert [item["id"] for item in map(pairs.row, range(len(pairs.names)))] == pairs.names
                alone += pairs.names
                continue
            items, rows = ([take(index) for index in range(len(pairs))] for take in (pairs.item, pairs.row))
            assert identities(items) == identities(rows)
            if (records := pairs.values()) is not None:
                assert records == ([row["place"] for row in rows], [item["place"] for item in items])
            met += identities(items)
        lefts = []
        for partitions in (held_left, sent_left):
            partitions.finish()
            left = [identified for pile in partitions for rows in pile for identified in rows.identified()]
            assert all(name == item["id"] for name, item in left)
            lefts.append([name for name, _ in sorted(left, key=lambda one: one[1]["place"])])
    assert list(folder.iterdir()) == []
    assert not (alone and lefts[0]), "what is left of the items might have met them"
    return met, lefts[0], [*lefts[1], *alone]


def names(*numbers: int) -> list[str]:
    return [f"E{number}" for number in numbers]


def test_the_same_keys_in_the_same_order_all_meet(tmp_path: Path) -> None:
    everyone = names(*range(50))
    assert meet(tmp_path, everyone, everyone) == (everyone, [], [])


def test_what_one_side_lacks_here_and_there_is_left_and_the_rest_meets(tmp_path: Path) -> None:
    held = names(*(number for number in range(60) if number % 7))
    sent = names(*(number for number in range(60) if number % 5))
    both = names(*(number for number in range(60) if number % 5 and number % 7))
    met, held_left, sent_left = meet(tmp_path, held, sent, size=6)
    assert met == both
    assert held_left == names(*(number for number in range(60) if number % 5 == 0 and number % 7))
    assert sent_left == names(*(number for number in range(60) if number % 7 == 0 and number % 5))


@pytest.mark.parametrize("kept", [names(*range(20)), names(*range(20, 40)), [], names(39)])
def test_a_source_that_was_cut_leaves_the_rest_of_the_items(kept: list[str], tmp_path: Path) -> None:
    """However far behind, what waits is bounded: not everything must meet, but nothing may be lost."""
    held = names(*range(40))
    met, held_left, sent_left = meet(tmp_path, held, kept)
    assert sorted(met + held_left) == sorted(held)
    assert sorted(met + sent_left) == sorted(kept)


def test_few_wait_for_the_other_side(tmp_path: Path) -> None:
    """Two orders that have nothing in common end in the partitions, not in memory."""
    far = names(*range(30))
    met, held_left, sent_left = meet(tmp_path, far, far[15:] + far[:15])
    assert len(met) < len(far)
    assert sorted(held_left) == sorted(sent_left) == sorted(set(far) - set(met))


FEW = st.lists(st.integers(0, 9).map(str), max_size=14)


@given(held=FEW, sent=FEW, size=st.integers(1, 5), few=st.sampled_from([0, 100]))
def test_nothing_is_lost_and_what_meets_is_unique_or_else_it_is_refused(
    held: list[str], sent: list[str], size: int, few: int
) -> None:
    has_unique_texts = len(set(sent)) == len(sent)
    unique = len(set(held)) == len(held) and has_unique_texts
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(meeting, "_FEW", few)
        try:
            met, held_left, sent_left = meet(Path(folder), held, sent, size, has_unique_texts=has_unique_texts)
        except NotUniqueError:
            assert not unique
            return
    assert sorted(met + held_left) == sorted(held)
    assert sorted(met + sent_left) == sorted(sent)
    for name in met:
        assert (held.count(name), sent.count(name)) == (1, 1)


@pytest.mark.parametrize(
    ("held", "sent"),
    [
        (["a", "b", "c", "d", "e", "a"], ["a", "b", "c", "d", "e"]),
        (["a", "b", "c", "d", "e"], ["a", "b", "c", "d", "e", "a"]),
        (["a", "a"], ["a", "a"]),
        (["a", "b", "c", "d", "a"], ["a", "b", "c", "d", "a"]),
    ],
)
def test_a_key_that_met_and_comes_again_is_refused(held: list[str], sent: list[str], tmp_path: Path) -> None:
    with pytest.raises(NotUniqueError):
        meet(tmp_path, held, sent)


@pytest.mark.parametrize(
    ("held", "sent"), [(["a", "b", "a"], ["a", "b", "c", "d"]), (["a", "b", "c", "d", "a"], ["a", "b", "c", "d"])]
)
def test_an_item_with_the_key_of_one_that_met_is_refused_however_unique_the_rows_are(
    held: list[str], sent: list[str], tmp_path: Path
) -> None:
    with pytest.raises(NotUniqueError):
        meet(tmp_path, held, sent, has_unique_texts=True)


def test_rows_behind_the_last_item_are_settled_without_the_partitions(tmp_path: Path) -> None:
    for held in ([], names(*range(5))):
        with (
            Partitions(tmp_path, "held", PARTITIONS, read) as held_left,
            Partitions(tmp_path, "sent", PARTITIONS, read) as sent_left,
            Meeting(
                Side(blocks(held, 2), held_left),
                Side(blocks(names(*range(20)), 3), sent_left),
                str(tmp_path),
                has_unique_texts=True,
            ) as both,
        ):
            alone = [name for one in both.settled() if isinstance(one, Alone) for name in list(one.names)]
            sent_left.finish()
            assert alone == names(*range(len(held), 20))
            assert [one for pile in sent_left for one in pile] == []


def test_a_key_that_comes_again_does_no_harm_if_it_never_met(tmp_path: Path) -> None:
    """As blank keys do, which are as common as they like."""
    held = ["", "a", "", "b", "", "c", ""]
    assert meet(tmp_path, held, ["a", "b", "c"]) == (["a", "b", "c"], ["", "", "", ""], [])
