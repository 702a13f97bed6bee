"""How long to wait between two looks at a job."""

import random
from collections.abc import Iterator

from bulkimport.model import Poll

GROWTH = 1.6


def poll_delays(poll: Poll, rng: random.Random) -> Iterator[float]:
    """Seconds before each look, without end: from `initial` up to `max`, spread by a tenth so that many jobs that
    were submitted together are not looked at together."""
    delay = poll.initial
    while True:
        yield min(poll.max, delay * rng.uniform(0.9, 1.1))
        delay = min(poll.max, delay * GROWTH)
