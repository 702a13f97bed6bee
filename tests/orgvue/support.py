"""What the tests of this package share: a client of a server, with a clock that jumps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

from bulkimport.limiter import Limiter
from bulkimport.model import Limits, Retries, Secret, Tenant, Timeouts
from bulkimport.orgvue import Location, OrgvueClient
from bulkimport.orgvue.requests import RequestWatch
from tests.support.clock import START, FakeClock

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuaWdodCJ9.c2lnbmF0dXJl"
DATASET = "6586F21B-AD4D-4D06-A309-712AF47184A2"


class Events:
    """An event sink that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, object]]] = []

    def __call__(self, event: str, /, **fields: object) -> None:
        self.seen.append((event, fields))

    def of(self, event: str) -> list[dict[str, object]]:
        return [fields for seen, fields in self.seen if seen == event]


class Bench:
    """A client with everything around it that a test may want to look at."""

    def __init__(
        self,
        base_url: str,
        *,
        timeouts: Timeouts,
        retries: Retries,
        token: str | None,
        watch: RequestWatch | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.events = Events()
        self.limiter = Limiter(Limits(), self.clock, rng=Random(0), event_sink=self.events)
        self.client = OrgvueClient(
            Tenant(base_url, "ACME", Secret(token) if token else None),
            permits=self.limiter,
            clock=self.clock,
            timeouts=timeouts,
            retries=retries,
            rng=Random(0),
            event_sink=self.events,
            watch=watch,
        )


@asynccontextmanager
async def bench(
    base_url: str,
    *,
    timeouts: Timeouts = Timeouts(60.0, 60.0),  # noqa: B008  # a frozen value
    retries: Retries = Retries(),  # noqa: B008  # a frozen value
    token: str | None = TOKEN,
    watch: RequestWatch | None = None,
) -> AsyncIterator[Bench]:
    made = Bench(base_url, timeouts=timeouts, retries=retries, token=token, watch=watch)
    async with made.client:
        yield made


def location(get_url: str, put_url: str | None = None) -> Location:
    return Location(get_url=get_url, put_url=put_url or get_url, expires_at=START + timedelta(minutes=15))
