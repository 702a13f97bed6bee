"""How long to wait between two looks at a job."""

import random
from collections.abc import Iterator

from bulkimport.model import Poll

GROWTH = 1.6


def poll_delays(poll: Poll, rng: random.Random, first: float | None = None) -> Iterator[float]:
    """Seconds before each look, without end: from `initial` up to `max`, spread by a tenth so that many jobs that
    were submitted together are not looked at together.

    `first` is when the job is likely to be nearly over: looks begin then, and are close to each other at that time.
    """
    delay = poll.initial
    if first is not None:
        yield min(poll.max, first * rng.uniform(0.9, 1.1))
        delay = min(poll.initial, first / 10)
    while True:
        yield min(poll.max, delay * rng.uniform(0.9, 1.1))
        delay = min(poll.max, delay * GROWTH)
