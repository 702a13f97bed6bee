from hypothesis import given
from hypothesis import strategies as st

from bulkimport.report.order import OrderedDataset, steps

NAMES = [f"d{number}" for number in range(8)]


def test_what_depends_on_nothing_comes_first_and_the_rest_after_what_it_waits_for() -> None:
    assert steps({"links": ["people", "positions"], "people": [], "positions": ["people"], "other": []}) == (
        (OrderedDataset("people"), OrderedDataset("other")),
        (OrderedDataset("positions", ("people",)),),
        (OrderedDataset("links", ("people", "positions")),),
    )


def test_what_is_no_part_of_the_run_holds_nothing_up() -> None:
    assert steps({"links": ["people"]}) == ((OrderedDataset("links"),),)
    assert steps({}) == ()


@given(st.lists(st.sets(st.integers(0, 7)), min_size=8, max_size=8))
def test_every_dataset_comes_once_and_after_all_that_it_depends_on(picks: list[set[int]]) -> None:
    depends_on = {
        name: [NAMES[other] for other in sorted(others) if other < place]
        for place, (name, others) in enumerate(zip(NAMES, picks, strict=True))
    }
    found = steps(depends_on)
    step_of = {place.name: number for number, step in enumerate(found) for place in step}
    assert sorted(step_of) == NAMES
    assert all(step_of[other] < step_of[name] for name, others in depends_on.items() for other in others)
