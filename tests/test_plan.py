"""Selecting: names, globs, tags, what they depend on, and what a mistake is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import UsageError
from bulkimport.model import Dataset
from bulkimport.plan import dependents, select, selection_of
from tests.support.vocabulary import a_config, a_dataset

COMPANY = a_config(
    a_dataset("people", tags=("hr", "nightly")),
    a_dataset("positions", tags=("hr",)),
    a_dataset("links", depends_on=("people", "positions"), tags=("nightly",)),
    a_dataset("costs", depends_on=("links",)),
    a_dataset("archive", enabled=False, tags=("old",)),
)


def names(only: list[str] | None = None, exclude: list[str] | None = None) -> tuple[str, ...]:
    return select(COMPANY, only or (), exclude or ()).names


def refusal(only: list[str] | None = None, exclude: list[str] | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        names(only, exclude)
    return f"{caught.value.message}\n{caught.value.hint}"


def test_everything_enabled_is_selected_without_options() -> None:
    assert names() == ("people", "positions", "links", "costs")


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["people"], ("people",)),
        (["links,people"], ("people", "links")),
        ([" links , people ,"], ("people", "links")),
        (["costs", "people"], ("people", "costs")),
        (["p*"], ("people", "positions")),
        (["*[st]"], ("positions", "links", "costs")),
        (["tag:hr"], ("people", "positions")),
        (["tag:night*"], ("people", "links")),
        (["tag:hr,costs"], ("people", "positions", "costs")),
        (["*"], ("people", "positions", "links", "costs")),
    ],
)
def test_only_takes_names_globs_and_tags_in_the_order_of_the_config(only: list[str], expected: tuple[str, ...]) -> None:
    assert names(only) == expected


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["+people"], ("people",)),
        (["+links"], ("people", "positions", "links")),
        (["+costs"], ("people", "positions", "links", "costs")),
        (["+tag:nightly"], ("people", "positions", "links")),
        (["+li*"], ("people", "positions", "links")),
        (["costs"], ("costs",)),
    ],
)
def test_a_plus_adds_what_is_depended_on_at_any_distance(only: list[str], expected: tuple[str, ...]) -> None:
    assert names(only) == expected


def test_exclude_takes_away_from_all_or_from_only() -> None:
    assert names(exclude=["people,links"]) == ("positions", "costs")
    assert names(exclude=["tag:hr", "costs"]) == ("links",)
    assert names(["p*"], ["tag:nightly"]) == ("positions",)
    assert names(exclude=["archive"]) == ("people", "positions", "links", "costs")


def test_a_name_that_looks_like_a_glob_is_that_name() -> None:
    config = a_config(a_dataset("team[1]"), a_dataset("team1"))
    assert select(config, ["team[1]"]).names == ("team[1]",)


@pytest.mark.parametrize("option", ["--only", "--exclude"])
@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("peple", "peple matches no dataset; did you mean people?"),
        ("Links", "did you mean links?"),
        ("+postions", "+postions matches no dataset; did you mean positions"),
        ("tag:nightlly", "did you mean tag:nightly?"),
        ("xyzzy", "known are: people, positions, links, costs, archive"),
        ("tag:", "known are: tag:hr, tag:nightly, tag:old"),
        ("+", "known are: people"),
    ],
)
def test_a_selector_that_matches_nothing_is_told_what_there_is(option: str, selector: str, told: str) -> None:
    text = refusal([selector]) if option == "--only" else refusal(exclude=[selector])
    assert f"{option} {selector} matches no dataset" in text
    assert told in text
    assert "Nothing was sent" in text


def test_all_wrong_selectors_are_told_at_once() -> None:
    text = refusal(["peple,people", "postions"])
    assert "peple" in text
    assert "postions" in text


def test_a_long_list_of_known_names_is_cut() -> None:
    config = a_config(*(a_dataset(f"unit{number:02}") for number in range(20)))
    with pytest.raises(UsageError, match="unit11 and 8 more"):
        select(config, ["xyzzy"])


@pytest.mark.parametrize("values", [[""], [","], [" , ", ""]])
def test_an_option_without_a_name_is_refused(values: list[str]) -> None:
    assert "--only names no dataset" in refusal(values)
    assert "--exclude names no dataset" in refusal(exclude=values)


@pytest.mark.parametrize("only", [["archive"], ["people", "archive"], ["people,tag:old"], ["arch*"]])
def test_asking_for_what_is_disabled_is_refused_and_not_passed_over(only: list[str]) -> None:
    assert "disables: archive" in refusal(only)


def test_nothing_left_is_refused() -> None:
    assert "the selection is empty" in refusal(["people"], ["p*"])
    assert "the selection is empty" in refusal(exclude=["*"])


def test_a_config_with_nothing_enabled_names_what_is_disabled() -> None:
    with pytest.raises(UsageError, match=r"\(a, b are disabled\)\."):
        select(a_config(a_dataset("a", enabled=False), a_dataset("b", enabled=False)))


def test_only_what_is_selected_gates() -> None:
    selection = select(COMPANY, ["links,people"])
    assert selection.gates == {"people": (), "links": ("people",)}
    assert selection.ungated == {"people": (), "links": ("positions",)}


def test_a_disabled_dependency_does_not_gate_but_is_mentioned() -> None:
    config = a_config(a_dataset("a", enabled=False), a_dataset("b", depends_on=("a",)))
    selection = select(config, ["+b"])
    assert (selection.names, selection.gates, selection.ungated) == (("b",), {"b": ()}, {"b": ("a",)})


def test_dependents_are_found_at_any_distance() -> None:
    assert dependents(COMPANY.datasets, ["people"]) == {"links", "costs"}
    assert dependents(COMPANY.datasets, ["costs"]) == set()
    assert dependents(COMPANY.datasets, ["people", "links"]) == {"links", "costs"}


@st.composite
def companies(draw: st.DrawFn) -> list[Dataset]:
    """Datasets d0…dn that depend on earlier ones only."""
    count = draw(st.integers(1, 8))
    return [
        a_dataset(f"d{number}", depends_on=tuple(f"d{other}" for other in range(number) if draw(st.booleans())))
        for number in range(count)
    ]


@given(companies(), st.data())
def test_a_plus_selects_exactly_what_is_reachable(datasets: list[Dataset], data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(datasets))
    by_name = {dataset.name: dataset for dataset in datasets}

    def reachable(name: str) -> set[str]:
        return {name}.union(*(reachable(other) for other in by_name[name].depends_on))

    selection = select(a_config(*datasets), [f"+{start.name}"])
    assert set(selection.names) == reachable(start.name)
    assert all(not others for others in selection.ungated.values())


@given(companies(), st.data())
def test_gates_and_ungated_share_out_what_a_dataset_depends_on(datasets: list[Dataset], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(datasets), unique=True))
    selection = selection_of(chosen)
    for dataset in chosen:
        both = selection.gates[dataset.name] + selection.ungated[dataset.name]
        assert sorted(both) == sorted(dataset.depends_on)
        assert set(selection.gates[dataset.name]) <= set(selection.names)
        assert not set(selection.ungated[dataset.name]) & set(selection.names)


@given(companies(), st.data())
def test_dependents_are_the_reverse_of_dependencies(datasets: list[Dataset], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(datasets)).name
    found = dependents(datasets, [name])
    config = a_config(*datasets)
    assert found == {d.name for d in datasets if d.name != name and name in select(config, [f"+{d.name}"]).names}
