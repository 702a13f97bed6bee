"""What rules about several values look at, and what they find."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bulkimport.config.models import DatasetBlock, GuardsBlock, ImportBlock, PollBlock
from bulkimport.config.problems import found
from bulkimport.config.shapes import Parts, partial
from bulkimport.config.source_block import SourceBlock
from bulkimport.config.tree import MappingNode, Path, nearest


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong between the values at `paths`; reported at the one that the dataset itself holds."""

    message: str
    paths: tuple[Path, ...]


class DatasetValues:
    """A dataset's values, as far as they are right, and how they are written."""

    def __init__(self, tree: MappingNode, parts: Parts) -> None:
        self.tree = tree
        self.dataset = partial(DatasetBlock, parts)
        self.source = partial(SourceBlock, parts)
        self.imports = partial(ImportBlock, parts)
        self.guards = partial(GuardsBlock, parts)
        self.poll = partial(PollBlock, parts)

    def shown(self, *path: str | int) -> str:
        """The value at a path, for a message."""
        return found(nearest(self.tree, path))


Rule = Callable[[DatasetValues], Iterator[Finding]]
