"""The days that a run's extracts are of, found out once for all of its datasets, before the first of them is sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import anyio

from bulkimport.coherence import check_one_day, late, untold
from bulkimport.errors import BulkimportError, SourceError
from bulkimport.model import Config, Dataset, ExtractDate, FileSource
from bulkimport.payload.extract_days import days_in_column
from bulkimport.refresh.choosing import choose_files, look_for
from bulkimport.refresh.context import DatasetContext
from bulkimport.sources.choice import FoundFile
from bulkimport.sources.extract import compile_pattern, date_in_name, modified_on


class Extracts:
    """The extracts of the datasets that one run refreshes together."""

    def __init__(self, datasets: Sequence[Dataset]) -> None:
        self._datasets = [dataset for dataset in datasets if _takes_part(dataset)]
        self._lock = anyio.Lock()
        self._days: dict[str, frozenset[date]] | None = None
        self._errors: dict[str, BulkimportError] = {}
        self._missing: set[str] = set()

    async def check(self, context: DatasetContext) -> None:
        """Raises GuardError if the extract of this dataset does not belong to the others, or may not.

        Nothing is asked of a source that is no file and has no column that tells the day.
        A file that is not there takes no part: its own refresh says so, or comes here if the file came after all.
        """
        if not _takes_part(context.dataset):
            return
        async with self._lock:
            if self._days is None:
                self._days = await self._find(context)
        for name, error in self._errors.items():
            raise untold(context.dataset.name, name, error)
        if context.dataset.name in self._missing:
            raise late()
        check_one_day(context.dataset.name, self._days)

    async def _find(self, context: DatasetContext) -> dict[str, frozenset[date]]:
        found: dict[str, frozenset[date]] = {}

        async def look(dataset: Dataset) -> None:
            if not await _is_there(dataset):
                self._missing.add(dataset.name)
                return
            try:
                found[dataset.name] = await _days(replace(context, dataset=dataset))
            except BulkimportError as error:
                self._errors[dataset.name] = error

        async with anyio.create_task_group() as group:
            for dataset in self._datasets:
                group.start_soon(look, dataset)
        return {dataset.name: found[dataset.name] for dataset in self._datasets if dataset.name in found}


def extracts_of(config: Config, datasets: Sequence[Dataset]) -> Extracts | None:
    """What is to be asked about the extracts of a run, if the config wants them of one day."""
    return Extracts(datasets) if config.run.same_extract_date else None


def _takes_part(dataset: Dataset) -> bool:
    return isinstance(dataset.source, FileSource) or _extract_date(dataset).origin == "column"


def _extract_date(dataset: Dataset) -> ExtractDate:
    return dataset.extract_date or ExtractDate()


async def _is_there(dataset: Dataset) -> bool:
    if isinstance(dataset.source, FileSource):
        try:
            await look_for(dataset.source)
        except SourceError:
            return False
    return True


async def _days(context: DatasetContext) -> frozenset[date]:
    dataset = context.dataset
    extract = _extract_date(dataset)
    if extract.origin == "column":
        landing = str(context.files.spool / f"extract-{dataset.name}")
        source = (await choose_files(context)).source
        return await context.run.workers.run(days_in_column, source, extract, landing, size=None)
    assert isinstance(dataset.source, FileSource)  # noqa: S101 - others take part only with a column
    return frozenset(_day_of(file, extract) for file in await look_for(dataset.source))


def _day_of(file: FoundFile, extract: ExtractDate) -> date:
    if extract.origin == "file_name":
        return date_in_name(file.path, compile_pattern(extract.pattern) if extract.pattern else None)
    zone = file.modified.astimezone().tzinfo
    assert zone is not None  # noqa: S101 - what astimezone gives is aware
    return modified_on(file.modified, zone)
