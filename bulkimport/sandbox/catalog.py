"""The datasets of a data folder: one database file each, found by their id. Everything here blocks."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from bulkimport.sandbox import dataset
from bulkimport.sandbox.dataset import Description
from bulkimport.sandbox.world import DatasetSeed


class Catalog:
    """Dataset ids are upper-case UUIDs throughout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        folder.mkdir(mode=0o700, exist_ok=True)
        for path in sorted(folder.glob("*.db")):
            with closing(dataset.connect(path)) as db:
                self._names[path.stem] = dataset.describe(db).name

    def path(self, dataset_id: str) -> Path:
        return self._folder / f"{dataset_id}.db"

    def has(self, dataset_id: str) -> bool:
        return dataset_id in self._names

    def names(self, dataset_id: str | None) -> tuple[str, ...]:
        """What a fault rule may call the dataset: its id and its name; nothing if there is no such dataset."""
        return (dataset_id, self._names[dataset_id]) if dataset_id in self._names else ()

    def plant(self, seeds: Iterable[DatasetSeed]) -> None:
        """Creates the datasets that are missing and completes the properties of the others."""
        for seed in seeds:
            path = self.path(seed.dataset_id)
            if path.exists():
                dataset.plant(path, seed)
            else:
                # Under its own name only once it is whole: a dataset without description would stop every start.
                part = path.with_suffix(".part")
                part.unlink(missing_ok=True)
                dataset.plant(part, seed)
                part.replace(path)
            self._names.setdefault(seed.dataset_id, seed.name)

    def describe(self, dataset_id: str) -> Description:
        with closing(dataset.connect(self.path(dataset_id))) as db:
            return dataset.describe(db)

    def count(self, dataset_id: str) -> int:
        with closing(dataset.connect(self.path(dataset_id))) as db:
            return dataset.count_items(db)

    def describe_all(self) -> list[Description]:
        return [self.describe(dataset_id) for dataset_id in self._names]

    def sides(self, description: Description) -> tuple[str | None, str | None] | None:
        """The database files of the two datasets that links connect; None where those are not known."""
        if description.joins is None:
            return None
        start, end = (str(self.path(side)) if self.has(side) else None for side in description.joins)
        return start, end
