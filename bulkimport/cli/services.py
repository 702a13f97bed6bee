"""The way to the tenant: the embedded sandbox where that is meant, the limiter, the client."""

import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bulkimport.clock import Clock
from bulkimport.identity import tenant_key
from bulkimport.journal import Journal
from bulkimport.limiter import Limiter
from bulkimport.limiter.limiter import Permit
from bulkimport.log import Redactor, logger
from bulkimport.model import Config, Dataset, Secret, Tenant
from bulkimport.orgvue.client import OrgvueClient
from bulkimport.orgvue.requests import RequestWatch
from bulkimport.orgvue.token import TokenLife, read_life, refusal, warning
from bulkimport.properties import ENDS_OF_LINKS
from bulkimport.sandbox.embedded import embedded
from bulkimport.sandbox.world import DatasetSeed, PropertySeed

SANDBOX_FOLDER = "sandbox"
_NOWHERE = "https://sandbox.invalid"


@dataclass(frozen=True, slots=True)
class Service:
    """One tenant's client and what can be seen of its traffic."""

    client: OrgvueClient
    limiter: Limiter


@dataclass(frozen=True, slots=True)
class _DayCount:
    """The tenant's requests of a UTC day, over all runs of the state directory."""

    journal: Journal
    tenant: str

    async def add(self, day: date, n: int) -> int:
        return await self.journal.add_requests(self.tenant, day, n)


class _Admission:
    """The limiter's permits, for as long as the token is valid by what it says: nothing is sent with an expired one."""

    def __init__(self, limiter: Limiter, tenant: Tenant, clock: Clock) -> None:
        self._clock = clock
        self._limiter = limiter
        self._life = read_life(tenant.token.reveal()) if tenant.token is not None else TokenLife()
        self.throttled, self.pause, self.quota_exceeded = limiter.throttled, limiter.pause, limiter.quota_exceeded

    @asynccontextmanager
    async def permit(self) -> AsyncIterator[Permit]:
        """Raises TenantError with the code that Orgvue would answer."""
        refused = refusal(self._life, self._clock.now())
        if refused is not None:
            raise refused
        async with self._limiter.permit() as permit:
            yield permit


@asynccontextmanager
async def open_service(
    config: Config,
    datasets: Iterable[Dataset],
    journal: Journal,
    state_dir: Path,
    clock: Clock,
    rng: random.Random,
    redactor: Redactor,
    *,
    online: bool = True,
    on_wait: Callable[[bool], None] | None = None,
    watch: RequestWatch | None = None,
) -> AsyncIterator[Service]:
    """Opens the way to the config's tenant, starting or joining the embedded sandbox if that is the tenant.

    Without `online` the client is not opened and cannot send anything. `on_wait` is the limiter's; `watch` sees every
    request.
    """
    async with AsyncExitStack() as stack:
        tenant = config.tenant
        if tenant.is_sandbox and not online:
            tenant = Tenant(_NOWHERE, tenant.tenant_id, None)
        elif tenant.is_sandbox:
            address = await stack.enter_async_context(embedded(state_dir / SANDBOX_FOLDER, seeds_of(datasets, config)))
            tenant = Tenant(address.base_url, tenant.tenant_id, Secret(address.token))
            redactor.add(address.token)
        limiter = Limiter(
            config.limits,
            clock,
            day_count=_DayCount(journal, tenant_key(config)),
            rng=rng,
            event_sink=_log_event,
            on_wait=on_wait,
        )
        stack.push_async_callback(limiter.release)
        client = OrgvueClient(
            tenant,
            permits=_Admission(limiter, tenant, clock),
            clock=clock,
            timeouts=config.timeouts,
            retries=config.retries,
            rng=rng,
            event_sink=_log_event,
            watch=watch,
        )
        if online:
            await stack.enter_async_context(client)
        yield Service(client, limiter)


def seeds_of(datasets: Iterable[Dataset], config: Config) -> tuple[DatasetSeed, ...]:
    """What the sandbox needs to know of the config's datasets.

    Where `fields` does not name every column, a dataset learns its properties from what it is sent. Links that depend
    on exactly two datasets join those: `from_id` the first, `to_id` the second.
    """
    ids = {dataset.name: dataset.dataset_id for dataset in config.datasets}
    return tuple(_seed(dataset, ids) for dataset in datasets)


def _seed(dataset: Dataset, ids: Mapping[str, str]) -> DatasetSeed:
    is_links = set(dataset.key) == ENDS_OF_LINKS
    sides = [ids[name] for name in dataset.depends_on]
    return DatasetSeed(
        dataset_id=dataset.dataset_id,
        name=dataset.name,
        type="LINKS" if is_links else "PEOPLE",
        auto_id=dataset.key[0] if len(dataset.key) == 1 else None,
        properties=_properties(dataset),
        joins=(sides[0], sides[1]) if is_links and len(sides) == 2 else None,
    )


def _properties(dataset: Dataset) -> tuple[PropertySeed, ...] | None:
    if dataset.fields is None or dataset.extra_columns == "pass":
        return None
    return tuple(PropertySeed(field.name, field.type or "text") for field in dataset.fields)


def _log_event(event: str, /, **fields: object) -> None:
    if event == "request.sent":
        logger().debug(event, **fields)
    else:
        logger().warning(event, **fields)


def token_warnings(config: Config, clock: Clock) -> tuple[str, ...]:
    """What there is to say of the token's own term."""
    token = config.tenant.token
    found = warning(read_life(token.reveal()), clock.now()) if token is not None else None
    return () if found is None else (found,)
