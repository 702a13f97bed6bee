"""What waited for what: the datasets of a run in the steps that their dependencies allow. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter


@dataclass(frozen=True, slots=True)
class OrderedDataset:
    """A dataset and those of the same run that it waited for."""

    name: str
    after: tuple[str, ...] = ()


def steps(depends_on: Mapping[str, Sequence[str]]) -> tuple[tuple[OrderedDataset, ...], ...]:
    """Each step holds the datasets that may start once all steps before it have succeeded, in the order given.

    Dependencies that are no part of the run gate nothing and are left out.
    """
    gates = {name: tuple(other for other in others if other in depends_on) for name, others in depends_on.items()}
    sorter = TopologicalSorter(gates)
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = set(sorter.get_ready())
        found.append(tuple(OrderedDataset(name, gates[name]) for name in gates if name in ready))
        sorter.done(*ready)
    return tuple(found)
