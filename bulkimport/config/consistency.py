"""How the datasets of all files fit together: names, ids and dependencies.

Works on the trees, so that it also holds for datasets that have other mistakes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bulkimport.config.problems import Problems, found, guess
from bulkimport.config.tree import MappingNode, ScalarNode, SequenceNode, text_at


@dataclass(frozen=True, slots=True)
class Dependency:
    name: str
    node: ScalarNode


class DatasetNode:
    """A dataset as it is written, defaults included: what others may clash with or refer to."""

    def __init__(self, tree: MappingNode) -> None:
        self.tree = tree
        self.name = text_at(tree, ("name",))
        self.dataset_id = text_at(tree, ("dataset_id",))
        self.dependencies = list(_dependencies(tree))


def check_consistency(trees: Sequence[MappingNode], problems: Problems, *, is_complete: bool) -> None:
    """`is_complete` says that all files were read: otherwise an unknown name may be known in a missing one."""
    datasets = [DatasetNode(tree) for tree in trees]
    _refuse_twins(datasets, lambda dataset: dataset.name, "the name", problems)
    _refuse_twins(datasets, lambda dataset: dataset.dataset_id, "the dataset_id", problems)
    by_name: dict[str, DatasetNode] = {}
    for dataset in datasets:
        if dataset.name is not None:
            by_name.setdefault(str(dataset.name.value), dataset)
    if is_complete and all(dataset.name is not None for dataset in datasets):
        _refuse_unknown_dependencies(datasets, by_name, problems)
    for cycle in _cycles(by_name):
        way = " -> ".join([cycle[-1].name, *(step.name for step in cycle)])
        if len(cycle) == 1:
            problems.add(cycle[0].node.place, f"{cycle[0].name} depends on itself")
        else:
            problems.add(cycle[0].node.place, f"the datasets wait for one another in a circle: {way}")


def _refuse_twins(
    datasets: list[DatasetNode], node_of: Callable[[DatasetNode], ScalarNode | None], what: str, problems: Problems
) -> None:
    """Case does not tell two apart: names become file names, ids are shown in upper case."""
    first: dict[str, ScalarNode] = {}
    for dataset in datasets:
        node = node_of(dataset)
        if node is None or not node.value:
            continue
        earlier = first.setdefault(str(node.value).casefold(), node)
        if earlier is not node:
            place = f"{earlier.place.file}:{earlier.place.line} ({earlier.place.key})"
            reason = "" if what == "the name" else ": the second import would delete what the first one wrote"
            problems.add(node.place, f"{what} {found(node)} is already at {place}{reason}")


def _refuse_unknown_dependencies(
    datasets: list[DatasetNode], by_name: dict[str, DatasetNode], problems: Problems
) -> None:
    for dataset in datasets:
        for dependency in dataset.dependencies:
            if dependency.name not in by_name:
                others = [name for name, other in by_name.items() if other is not dataset]
                message = f"there is no dataset {found(dependency.node)}; {guess(dependency.name, others)}"
                problems.add(dependency.node.place, message.rstrip("; "))


def _dependencies(tree: MappingNode) -> Iterator[Dependency]:
    listed = tree.get("depends_on")
    for node in listed.items if isinstance(listed, SequenceNode) else ():
        if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value and not node.broken:
            yield Dependency(str(node.value), node)


def _cycles(by_name: dict[str, DatasetNode]) -> Iterator[list[Dependency]]:
    """Each circle that a depth-first walk closes, as its dependencies in order, the one that closes it last.

    Iterative, as a chain of thousands of datasets is deeper than recursion may go.
    """
    done: set[str] = set()
    for start in by_name:
        trail: list[Dependency] = []
        on_trail = {start}
        pending = [iter(() if start in done else by_name[start].dependencies)]
        while pending:
            step = next(pending[-1], None)
            if step is None:
                pending.pop()
                left = trail.pop().name if trail else start
                on_trail.discard(left)
                done.add(left)
            elif step.name in on_trail:
                names = [start, *(passed.name for passed in trail)]
                yield [*trail[names.index(step.name) :], step]
            elif step.name in by_name and step.name not in done:
                trail.append(step)
                on_trail.add(step.name)
                pending.append(iter(by_name[step.name].dependencies))
