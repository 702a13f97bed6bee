"""How long to wait between two looks at a job, and how long until none can be running."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from bulkimport.model import Poll

GROWTH = 1.6
"""By how much each wait is longer than the one before."""

LEAST_PATIENCE = 900.0
"""Seconds that a job may take at least, however short `poll.timeout` is: that one says how long to watch."""


def over_at(expires_at: datetime, timeout: float) -> datetime:
    """When a job that nobody has seen is over for certain, if it ran at all.

    It can begin as long as its temporary file lives, until `expires_at`, and takes `poll.timeout` seconds at the most.
    """
    return expires_at + timedelta(seconds=max(timeout, LEAST_PATIENCE))


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
