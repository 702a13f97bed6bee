"""How datasets fit together."""

import pytest

from tests.config.support import HEAD, IDS, Folder, dataset


def config(*datasets: str) -> str:
    """The datasets begin on line 4."""
    return HEAD + "datasets:\n" + "".join(datasets)


def test_one_name_twice_names_both_places(folder: Folder) -> None:
    assert folder.problem(config(dataset("a", 0), dataset("b", 1), dataset("a", 2))) == (
        "all.yaml:12: datasets[2].name: the name 'a' is already at all.yaml:4 (datasets[0].name)"
    )


def test_names_that_differ_only_in_case_would_share_files(folder: Folder) -> None:
    assert "the name 'People' is already at all.yaml:4" in folder.problem(
        config(dataset("people", 0), dataset("People", 1))
    )


def test_one_name_in_two_files_names_both(folder: Folder) -> None:
    folder.write("b.yaml", "datasets:\n" + dataset("a", 1))
    assert folder.problem(config(dataset("a", 0)) + "include: [b.yaml]\n") == (
        "b.yaml:2: datasets[0].name: the name 'a' is already at all.yaml:4 (datasets[0].name)"
    )


def test_one_dataset_id_twice_names_both_places_whatever_its_case(folder: Folder) -> None:
    twin = dataset("b", 0).replace(IDS[0], IDS[0].lower())
    assert folder.problem(config(dataset("a", 0), twin)) == (
        f"all.yaml:9: datasets[1].dataset_id: the dataset_id '{IDS[0].lower()}' is already at all.yaml:5 "
        "(datasets[0].dataset_id): the second import would delete what the first one wrote"
    )


def test_an_unknown_dependency_is_reported_at_its_own_line_with_the_near_misses(folder: Folder) -> None:
    problem = folder.problem(config(dataset("people", 0), dataset("b", 1, "depends_on:", "  - people", "  - peple")))
    assert problem == "all.yaml:14: datasets[1].depends_on[1]: there is no dataset 'peple'; did you mean `people`?"


def test_an_unknown_dependency_of_the_only_dataset(folder: Folder) -> None:
    assert folder.problem(config(dataset("a", 0, "depends_on: [b]"))).endswith("there is no dataset 'b'")


def test_a_dependency_may_be_in_another_file(folder: Folder) -> None:
    folder.write("b.yaml", "datasets:\n" + dataset("b", 1, "depends_on: [a]"))
    assert folder.load(config(dataset("a", 0)) + "include: [b.yaml]\n").datasets[1].depends_on == ("a",)


def test_dependencies_are_not_doubted_while_a_name_is_unknown(folder: Folder) -> None:
    text = config(dataset("a", 0, "depends_on: [b]"), dataset("b", 1).replace("name: b", "name: ${UNSET}"))
    assert "UNSET is not set" in folder.problem(text)


def test_a_dataset_cannot_wait_for_itself(folder: Folder) -> None:
    assert folder.problem(config(dataset("a", 0, "depends_on: [a]"))) == (
        "all.yaml:8: datasets[0].depends_on[0]: a depends on itself"
    )


def test_a_circle_is_one_problem_that_shows_the_way(folder: Folder) -> None:
    text = config(
        dataset("people", 0, "depends_on: [staff]"),
        dataset("staff", 1, "depends_on: [crew]"),
        dataset("crew", 2, "depends_on: [people]"),
        dataset("links", 3, "depends_on: [crew]"),
    )
    assert folder.problem(text) == (
        "all.yaml:8: datasets[0].depends_on[0]: "
        "the datasets wait for one another in a circle: people -> staff -> crew -> people"
    )


def test_a_circle_behind_a_dataset_does_not_contain_it(folder: Folder) -> None:
    text = config(
        dataset("a", 0, "depends_on: [b]"), dataset("b", 1, "depends_on: [c]"), dataset("c", 2, "depends_on: [b]")
    )
    assert folder.problem(text).endswith(
        "datasets[1].depends_on[0]: the datasets wait for one another in a circle: b -> c -> b"
    )


def test_separate_circles_are_separate_problems(folder: Folder) -> None:
    text = config(
        dataset("a", 0, "depends_on: [b]"),
        dataset("b", 1, "depends_on: [a]"),
        dataset("c", 2, "depends_on: [d, a]"),
        dataset("d", 3, "depends_on: [c]"),
    )
    assert [problem.rpartition(": ")[2] for problem in folder.problems(text)] == ["a -> b -> a", "c -> d -> c"]


def test_a_diamond_is_no_circle(folder: Folder) -> None:
    text = config(
        dataset("a", 0, "depends_on: [b, c]"),
        dataset("b", 1, "depends_on: [d]"),
        dataset("c", 2, "depends_on: [d, d]"),
        dataset("d", 3),
    )
    assert [d.depends_on for d in folder.load(text).datasets] == [("b", "c"), ("d",), ("d",), ()]


def test_circles_are_found_among_datasets_with_other_mistakes(folder: Folder) -> None:
    text = config(dataset("a", 0, "depends_on: [b]", "kee: 1"), dataset("b", 1, "depends_on: [a]", "enabled: no"))
    assert [problem.split(":")[1] for problem in folder.problems(text)] == ["8", "9", "15"]


@pytest.mark.parametrize("length", [45])
def test_a_long_chain_is_followed_to_its_end(folder: Folder, length: int) -> None:
    chain = [dataset(f"d{n}", n, f"depends_on: [d{(n + 1) % length}]") for n in range(length)]
    assert folder.problem(config(*chain)).count(" -> ") == length
    chain[-1] = dataset(f"d{length - 1}", length - 1)
    assert len(folder.load(config(*chain)).datasets) == length
