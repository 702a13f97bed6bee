"""What earlier runs teach about this one: when to look at a job first, and which dataset to start first.

Pure arithmetic on seconds; it can make a run shorter or save requests, never change what is imported.
"""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from statistics import median

from bulkimport.model import Poll

JOBS_LOOKED_AT = 10
RUNS_LOOKED_AT = 5
SOONEST = 0.25
"""Seconds: a look before that would rarely find a job over."""

_SHARE = 0.9


def first_look(poll: Poll, jobs: Sequence[float]) -> float | None:
    """Seconds to wait before the first look at a job whose dataset's last jobs took these; None: as `poll` says.

    Nine tenths of what a quick one of them took (the lower quartile), at most `poll.max`. A job counts as long as it
    took to be *seen* over, so looking a little sooner each time finds out when jobs have become faster.
    """
    if not poll.learns or not jobs:
        return None
    quick = sorted(jobs)[(len(jobs) - 1) // 4]
    return min(poll.max, max(min(SOONEST, poll.initial), _SHARE * quick))


def start_order(gates: Mapping[str, Sequence[str]], runs: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """The names of `gates`, those first that the most seconds of work hang on: their own and the longest chain behind.

    `gates` says what each one waits for, `runs` how long its last runs took. One that never ran is taken to be as long
    as the longest known, since a long one that is found out late holds up the end. Equals stay in their order.
    """
    known = {name: median(seconds) for name, seconds in runs.items() if seconds and name in gates}
    unknown = max(known.values(), default=1.0)
    behind: dict[str, float] = dict.fromkeys(gates, 0.0)
    remaining: dict[str, float] = {}
    for name in reversed(list(TopologicalSorter(gates).static_order())):
        remaining[name] = known.get(name, unknown) + behind[name]
        for other in gates[name]:
            behind[other] = max(behind[other], remaining[name])
    return tuple(sorted(gates, key=lambda name: -remaining[name]))
