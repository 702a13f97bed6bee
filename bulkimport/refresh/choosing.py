"""Which files of a source are read: found, chosen, and left to come to rest, before a worker is taken for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import anyio.to_thread

from bulkimport.errors import SourceError
from bulkimport.model import FileChoice, FileSource, Source
from bulkimport.refresh.context import DatasetContext
from bulkimport.sources.choice import PATIENCE, FoundFile, Watch, newest, refuse_old
from bulkimport.sources.files import find_files, verify_found
from bulkimport.wording import duration


@dataclass(frozen=True, slots=True)
class Chosen:
    """A source with nothing left to choose, and its files as they were when they were chosen."""

    source: Source
    files: tuple[FoundFile, ...] = ()

    async def verify(self) -> None:
        """Raises SourceError if a file is not what it was."""
        await anyio.to_thread.run_sync(verify_found, self.files)


async def choose_files(context: DatasetContext) -> Chosen:
    """Raises SourceError where there are none or they do not come to rest, and GuardError where they are too old."""
    source = context.dataset.source
    if not isinstance(source, FileSource):
        return Chosen(source)
    if source.choice == FileChoice():
        return Chosen(source)
    choice, clock = source.choice, context.run.clock
    files = await look_for(source)
    if choice.stable_for is not None:
        files = await _at_rest(context, source, choice.stable_for, files)
    if choice.max_age is not None:
        refuse_old(files, choice.max_age, clock.now())
    return Chosen(replace(source, paths=tuple(file.path for file in files), choice=FileChoice()), files)


async def look_for(source: FileSource) -> tuple[FoundFile, ...]:
    """The files that are read as things stand now. Raises SourceError where there are none."""
    found = await anyio.to_thread.run_sync(find_files, source.paths)
    return tuple(_picked(found, source.choice))


def _picked(found: Sequence[Sequence[FoundFile]], choice: FileChoice) -> list[FoundFile]:
    if choice.newest:
        return [newest(files) for files in found]
    return [file for files in found for file in files]


async def _at_rest(
    context: DatasetContext, source: FileSource, stable_for: float, files: tuple[FoundFile, ...]
) -> tuple[FoundFile, ...]:
    """The files once they have rested for `stable_for` seconds; others may have come in their place meanwhile."""
    clock = context.run.clock
    began = clock.monotonic()
    watch = Watch(files, began)
    while (unsettled := watch.unsettled(stable_for, clock.now(), clock.monotonic())) is not None:
        file, rest = unsettled
        patience = began + PATIENCE * stable_for - clock.monotonic()
        if patience <= 0:
            raise _restless(file, stable_for)
        context.run.observer.waiting(context.dataset.name, f"{file.path}, which may still be written")
        await clock.sleep(min(rest, patience))
        watch = watch.seen(await look_for(source), clock.monotonic())
    context.run.observer.waiting(context.dataset.name, "")
    return watch.files


def _restless(file: FoundFile, stable_for: float) -> SourceError:
    return SourceError(
        f"{file.path} is still being written: in {duration(PATIENCE * stable_for)} of waiting it never stayed as it "
        f"was for {duration(stable_for)}",
        "See whether the job that writes it has come to an end, then run this dataset again; if it only takes long, "
        "raise the source's `stable_for`.",
        file.path,
    )
