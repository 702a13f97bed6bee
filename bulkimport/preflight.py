"""What can be known before a run about token, tenant, datasets, quota, clock, storage and disk.

Everything is read, but for one thing: online, a temporary file is asked for, and its read URL looked at, which is the
only way to see whether the storage can be reached from here. Nothing is uploaded to it; it vanishes by itself.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import anyio
import anyio.to_thread

from bulkimport.errors import GuardError, ServiceError, SourceError, StateError
from bulkimport.folders import RESERVE, SPACE_HINT, free_space
from bulkimport.model import Dataset, Stage
from bulkimport.orgvue.token import TokenLife, at, in_days, read_life, refusal, warning
from bulkimport.orgvue.wire import DatasetMetadata, DatasetSummary
from bulkimport.properties import check_properties, type_conflicts
from bulkimport.refresh.context import RunContext
from bulkimport.refresh.reading import PAYLOAD_RATIO
from bulkimport.sources.size import source_size
from bulkimport.wording import counted, duration, number, size

LARGEST_SKEW = 60.0
"""Seconds that clocks may differ: what is said to live for minutes is then still alive."""
_REQUESTS_OF_A_DATASET = 12
_AT_ONCE = 8


class CheckStatus(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `hint` says what to do where it is not in order."""

    name: str
    status: CheckStatus
    message: str
    hint: str = ""
    dataset: str | None = None

    def redacted(self, redact: Callable[[str], str]) -> "Check":
        """The same with `redact` applied to its texts, some of which came from elsewhere."""
        return replace(self, message=redact(self.message), hint=redact(self.hint))


class Preflight:
    """Looks at one config's tenant. `metadata` holds what Orgvue said of the datasets, once it was asked."""

    def __init__(self, run: RunContext, state_dir: Path, datasets: Sequence[Dataset]) -> None:
        self._run = run
        self._state_dir = state_dir
        self._datasets = datasets
        self.metadata: dict[str, DatasetMetadata] = {}

    async def offline(self) -> list[Check]:
        """What is known without asking anybody."""
        used = await self._run.journal.add_requests(
            self._run.tenant_key, self._run.clock.now().astimezone(UTC).date(), 0
        )
        sizes = await anyio.to_thread.run_sync(_payload_sizes, self._datasets)
        parallel = self._run.config.run.max_parallel_datasets
        return [
            self._token(),
            _quota(used, self._run.config.limits.requests_per_day, len(self._datasets)),
            await anyio.to_thread.run_sync(_disk, self._state_dir, sizes, parallel),
        ]

    async def online(self) -> list[Check]:
        """What Orgvue says. Where it refuses the tenant as a whole, the rest is skipped."""
        client, tenant = self._run.client, self._run.config.tenant
        try:
            known = await client.list_datasets()
        except ServiceError as error:
            skipped = "Not looked at, because Orgvue could not be asked."
            names = ("clock", "storage", "datasets")
            return [_failed("tenant", error), *(Check(name, CheckStatus.SKIPPED, skipped) for name in names)]
        found = f"{tenant.tenant_id} answers; the token's user sees {counted(len(known), 'dataset')}."
        checks = [Check("tenant", CheckStatus.OK, found), _clock(client.clock_skew), await self._storage()]
        return checks + await self._each(lambda dataset: self._dataset(dataset, known))

    def _token(self) -> Check:
        token, now = self._run.config.tenant.token, self._run.clock.now()
        if token is None:
            return Check("token", CheckStatus.OK, "The embedded sandbox needs none.")
        life = read_life(token.reveal())
        refused = refusal(life, now)
        if refused is not None:
            return _failed("token", refused)
        soon = warning(life, now)
        if soon is not None:
            return Check("token", CheckStatus.WARNING, soon, "A run that has no valid token sends nothing.")
        return Check("token", CheckStatus.OK, _validity(life, now))

    async def _storage(self) -> Check:
        try:
            location, _ = await self._run.client.generate_location("json")
            await self._run.client.read_stored_head(location, 1)
        except ServiceError as error:
            if error.http_status is None or error.stage is Stage.GENERATE:
                return _failed("storage", error)
        return Check("storage", CheckStatus.OK, "A temporary file was granted, and its storage answers from here.")

    async def _each(self, look: Callable[[Dataset], Awaitable[Check]]) -> list[Check]:
        found: dict[str, Check] = {}
        places = anyio.CapacityLimiter(_AT_ONCE)

        async def one(dataset: Dataset) -> None:
            async with places:
                found[dataset.name] = await look(dataset)

        async with anyio.create_task_group() as group:
            for dataset in self._datasets:
                group.start_soon(one, dataset)
        return [found[dataset.name] for dataset in self._datasets]

    async def _dataset(self, dataset: Dataset, known: Sequence[DatasetSummary]) -> Check:
        try:
            metadata = await self._run.client.metadata(dataset.dataset_id)
        except ServiceError as error:
            hint = error.hint
            namesakes = [one for one in known if one.name.casefold() == dataset.name.casefold()]
            if error.http_status == 404 and namesakes:
                hint = f"Orgvue has a dataset of this name: set `dataset_id: {namesakes[0].dataset_id}`, if that is it."
            return _failed("dataset", error, dataset.name, hint)
        except StateError as error:  # the journal, which counts the requests
            return _failed("dataset", error, dataset.name)
        self.metadata[dataset.name] = metadata
        return _judged(dataset, metadata)


def _judged(dataset: Dataset, metadata: DatasetMetadata) -> Check:
    """As far as that can be told without the source."""
    types = {key: one.type for key, one in metadata.properties.items()}
    try:
        check_properties(dataset, tuple(field.name for field in dataset.fields or ()), types, metadata.auto_id)
    except GuardError as error:
        return Check("dataset", CheckStatus.FAILED, error.message, error.hint, dataset.name)
    conflicts = type_conflicts(dataset, types)
    if conflicts:
        hint = f"Correct the types under `fields` of `{dataset.name}`, or those of the properties in Orgvue."
        return Check("dataset", CheckStatus.WARNING, " ".join(conflicts), hint, dataset.name)
    matched = f"items are matched by {metadata.auto_id}" if metadata.auto_id else "it has no auto-id property"
    found = (
        f"Found as {metadata.name} ({metadata.type or 'of no type'}), {counted(len(types), 'property', 'properties')}"
    )
    return Check("dataset", CheckStatus.OK, f"{found}; {matched}.", dataset=dataset.name)


def _failed(name: str, error: ServiceError | StateError, dataset: str | None = None, hint: str = "") -> Check:
    return Check(name, CheckStatus.FAILED, error.message, hint or error.hint, dataset)


def _validity(life: TokenLife, now: datetime) -> str:
    if life.ends is None:
        return "It does not say until when it is valid."
    return f"Valid until {at(life.ends)}, for {in_days(life.ends - now)}."


def _quota(used: int, quota: int, datasets: int) -> Check:
    left, needed = max(0, quota - used), _REQUESTS_OF_A_DATASET * datasets
    message = f"{number(left)} of {number(quota)} requests are left today (UTC), as this state directory counts them."
    if left >= needed:
        return Check("quota", CheckStatus.OK, message)
    hint = "Run after midnight UTC, or raise `limits.requests_per_day` if the tenant has more."
    if left == 0:
        return Check("quota", CheckStatus.FAILED, message, hint)
    return Check("quota", CheckStatus.WARNING, f"{message} A run takes about {number(needed)}.", hint)


def _payload_sizes(datasets: Sequence[Dataset]) -> list[int]:
    """About how many bytes each payload will take, the largest first; of a source that is not there, or not on this
    machine, none is known."""
    sizes = []
    for dataset in datasets:
        try:
            sizes.append(PAYLOAD_RATIO * (source_size(dataset.source) or 0))
        except SourceError:  # that is told beside the dataset
            continue
    return sorted(sizes, reverse=True)


def _disk(state_dir: Path, sizes: Sequence[int], parallel: int) -> Check:
    try:
        free = free_space(state_dir)
    except StateError as error:
        return _failed("disk", error)
    largest, at_once = max(sizes, default=0) + RESERVE, sum(sizes[:parallel]) + RESERVE
    message = f"{size(free)} are free in {state_dir}; the payloads take about {size(at_once)} at once."
    if free < largest:
        return Check("disk", CheckStatus.FAILED, f"{message} The largest alone takes {size(largest)}.", SPACE_HINT)
    return (
        Check("disk", CheckStatus.WARNING, message, SPACE_HINT)
        if free < at_once
        else Check("disk", CheckStatus.OK, message)
    )


def _clock(skew: float | None) -> Check:
    if skew is None:
        return Check("clock", CheckStatus.SKIPPED, "Orgvue's answers do not tell the time.")
    if abs(skew) <= LARGEST_SKEW:
        return Check("clock", CheckStatus.OK, "This machine's clock agrees with Orgvue's.")
    which = "ahead of" if skew > 0 else "behind"
    return Check(
        "clock",
        CheckStatus.WARNING,
        f"This machine's clock is {duration(abs(skew))} {which} Orgvue's.",
        "Synchronise it (NTP): what is valid for a time, such as the token, is judged by it.",
    )
