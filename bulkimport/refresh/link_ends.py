"""Links against the datasets that they join, where one command reads all of these: what has no end is seen before."""

from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from bulkimport import guards
from bulkimport.folders import private_folder, unusable
from bulkimport.model import Dataset, Payload
from bulkimport.payload import LinkEndsRequest, find_dangling_ends
from bulkimport.plan import Selection
from bulkimport.properties import ENDS_OF_LINKS
from bulkimport.refresh.context import DatasetContext


@dataclass(frozen=True, slots=True)
class _Keys:
    path: str
    size: int


class LinkEnds:
    """The links of a selection, and the keys of what they join; these are kept in `folder`, which a spool removes.

    Links are looked at only if all that they depend on is in the selection and ends up with the keys of its payload
    alone. For what is refreshed without them, or keeps other items as well, Orgvue is left to judge.
    """

    def __init__(self, selection: Selection, folder: Path) -> None:
        datasets = {dataset.name: dataset for dataset in selection.datasets}
        self._folder = folder
        self._sides = {
            links.name: tuple(name for name in links.depends_on if len(datasets[name].key) == 1)
            for links in selection.datasets
            if set(links.key) == ENDS_OF_LINKS and _are_whole(links, datasets)
        }
        self._wanted = {*self._sides, *(name for sides in self._sides.values() for name in sides)}
        self._kept: dict[str, _Keys] = {}

    async def keep(self, dataset: Dataset, payload: Payload) -> None:
        """Moves the payload's keys to where they outlive its refresh. Raises StateError."""
        if dataset.name in self._wanted:
            self._kept[dataset.name] = await anyio.to_thread.run_sync(self._moved, dataset.name, payload.keys_path)

    def _moved(self, name: str, path: str) -> "_Keys":
        try:
            private_folder(self._folder)
            kept = Path(path).replace(self._folder / name)
            return _Keys(str(kept), kept.stat().st_size)
        except OSError as error:
            raise unusable(self._folder, error) from error

    async def check(self, context: DatasetContext) -> str | None:
        """A warning about links with an end that is nowhere, if there are such. Raises GuardError where the config
        wants none of them, and StateError."""
        dataset = context.dataset
        sides = self._sides.get(dataset.name, ())
        if not sides or not self._kept.keys() >= {dataset.name, *sides}:
            return None
        links, *joined = (self._kept[name] for name in (dataset.name, *sides))
        request = LinkEndsRequest(links.path, dataset.key, tuple(keys.path for keys in joined), str(self._folder))
        size = sum(keys.size for keys in (links, *joined))
        dangling = await context.run.workers.run(find_dangling_ends, request, size=size)
        if len(sides) == 1:  # the other end may be in a dataset that is none of the config's
            dangling = tuple(one for one in dangling if one.links < one.of)
        return guards.check_links(dataset, dangling, sides, context.again)


def _are_whole(links: Dataset, datasets: dict[str, Dataset]) -> bool:
    joined = [datasets.get(name) for name in links.depends_on]
    return bool(joined) and all(one is not None and one.import_options.implicit_delete for one in joined)
