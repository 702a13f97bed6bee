"""What meets in the order in which it comes, and that nothing is lost or met twice."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.snapshot.meeting import Meeting, NotUniqueError, Side
from bulkimport.snapshot.partition import Partitions

PARTITIONS = 3
Item = dict[str, Any]


def blocks(names: list[str], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(names), size):
        yield [{"id": name, "place": start + place} for place, name in enumerate(names[start : start + size])]


def identities(items: list[Item]) -> list[str]:
    return [item["id"] for item in items]


def meet(folder: Path, held: list[str], sent: list[str], size: int = 2) -> tuple[list[str], list[str], list[str]]:
    """The names that met, and those that were left of either side, in their order."""
    with (
        Partitions(folder, "held", PARTITIONS) as held_left,
        Partitions(folder, "sent", PARTITIONS) as sent_left,
        Meeting(
            Side(blocks(held, size), identities, held_left),
            Side(blocks(sent, size + 1), identities, sent_left),
            str(folder),
        ) as meeting,
    ):
        met = []
        for pairs in meeting.pairs():
            assert identities(pairs.items) == identities(pairs.rows)
            met += identities(pairs.items)
        lefts = []
        for partitions in (held_left, sent_left):
            partitions.finish()
            left = [identified for pile in partitions for identified in pile]
            assert all(name == item["id"] for name, item in left)
            lefts.append([name for name, _ in sorted(left, key=lambda one: one[1]["place"])])
    assert list(folder.iterdir()) == []
    return met, lefts[0], lefts[1]


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


@given(held=FEW, sent=FEW, size=st.integers(1, 5))
def test_nothing_is_lost_and_what_meets_is_unique_or_else_it_is_refused(
    held: list[str], sent: list[str], size: int
) -> None:
    unique = len(set(held)) == len(held) and len(set(sent)) == len(sent)
    with TemporaryDirectory() as folder:
        try:
            met, held_left, sent_left = meet(Path(folder), held, sent, size)
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


def test_a_key_that_comes_again_does_no_harm_if_it_never_met(tmp_path: Path) -> None:
    """As blank keys do, which are as common as they like."""
    held = ["", "a", "", "b", "", "c", ""]
    assert meet(tmp_path, held, ["a", "b", "c"]) == (["a", "b", "c"], ["", "", "", ""], [])
